import { cpSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { newBench, shims } from './shim';

const names = 'import os, platform, socket; print(socket.gethostname(), platform.node(), os.uname().nodename, os.uname()[1])';

/** Runs Python with the two files in a site folder, as the images have them. */
function python(code: string, environment: Record<string, string> = {}) {
  const bench = newBench();
  for (const file of ['maas_k8s_hostname.py', 'maas_k8s_hostname.pth']) cpSync(join(shims, file), bench.path(file));
  bench.write('run.py', `import site, sys\nsite.addsitedir(${JSON.stringify(bench.folder)})\n${code}\n`);
  return bench.run('python3', [bench.path('run.py')], { environment });
}

describe('the host name that Python sees', () => {
  test('is the one of MAAS_HOSTNAME, however it is asked', () => {
    const { stdout, stderr } = python(names, { MAAS_HOSTNAME: 'node-7-edge' });
    expect(stderr).toBe('');
    expect(stdout.trim().split(' ')).toEqual(Array(4).fill('node-7-edge'));
  });

  test('also for a library that has taken the function by name', () => {
    // provisioningserver/rpc/clusterservice.py: from socket import gethostname.
    expect(python('from socket import gethostname; print(gethostname())', { MAAS_HOSTNAME: 'node-7-edge' }).stdout).toBe('node-7-edge\n');
  });

  test('is the real one otherwise, and the rest of uname stays', () => {
    expect(python('import socket; print(socket.gethostname())').stdout).toBe(`${hostname()}\n`);
    const rest = 'import os; u = os.uname(); print(u.sysname, u.release, u.version, u.machine)';
    expect(python(rest, { MAAS_HOSTNAME: 'x' }).stdout).toBe(python(rest).stdout);
  });

  test('costs nothing where it is not wanted: the module is not even loaded', () => {
    expect(python('print("maas_k8s_hostname" in sys.modules, "_socket" in sys.modules)').stdout).toBe('False False\n');
    expect(python('print("socket" in sys.modules)', { MAAS_HOSTNAME: 'x' }).stdout).toBe('False\n');
  });
});
