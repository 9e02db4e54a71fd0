import { join } from 'node:path';
import { lxd } from './lxd';
import { newBench, shims } from './shim';

describe('sudo', () => {
  test.each([
    // provisioningserver/utils/service_monitor.py
    [
      ['--non-interactive', 'show', 'restart', '-s', 'SIGKILL', 'bind9'],
      ['restart', '-s', 'SIGKILL', 'bind9'],
    ],
    // provisioningserver/utils/__init__.py
    [
      ['-n', 'show', '/etc/chrony/maas.conf', '0644'],
      ['/etc/chrony/maas.conf', '0644'],
    ],
    // provisioningserver/utils/ipaddr.py, maasagent/internal/servicecontroller/systemd.go
    [
      ['show', 'start', 'maas-dhcpd'],
      ['start', 'maas-dhcpd'],
    ],
    // provisioningserver/refresh/__init__.py
    [['--preserve-env=MAAS_BASE_URL', '--preserve-env=TMPDIR', 'show'], []],
    // provisioningserver/refresh/20-maas-03-machine-resources
    [['-n', '-u', 'maas', 'show', 'a b'], ['a b']],
    [['-E', '-H', '--user=root', '--', 'show', '-n'], ['-n']],
  ])('%j runs the command with %j', (given, expected) => {
    const bench = newBench();
    bench.fake('show', 'for argument in "$@"; do echo "<$argument>"; done');
    expect(bench.shim('sudo', given)).toEqual({ code: 0, stdout: expected.map((argument) => `<${argument}>\n`).join(''), stderr: '' });
  });

  test('keeps standard input, environment, both outputs and the exit code', () => {
    const bench = newBench();
    bench.fake('show', 'cat; echo "$MAAS_BASE_URL"; echo trouble >&2; exit 7');
    expect(bench.shim('sudo', ['--preserve-env=MAAS_BASE_URL', 'show'], { input: 'body\n', environment: { MAAS_BASE_URL: 'http://region' } })).toEqual({
      code: 7,
      stdout: 'body\nhttp://region\n',
      stderr: 'trouble\n',
    });
  });

  test('without a command it fails and says so', () => {
    const { code, stderr } = newBench().shim('sudo', ['-n', '-u', 'maas']);
    expect(code).toBe(1);
    expect(stderr).toContain('no command');
  });

  test('what the refresh script prints and leaves behind is filtered, also through the link in /usr/bin', () => {
    const bench = newBench();
    const output = JSON.stringify(lxd(['eth0', 'cali0123456789a']));
    bench.write('output.json', output);
    const script = bench.fake('20-maas-03-machine-resources', `cat ${bench.path('output.json')} | tee "$MAAS_RESOURCES_FILE"; echo downloading >&2; exit 3`);
    const resources = bench.write('resources.json', '');
    bench.run('ln', ['-s', join(shims, 'sudo'), bench.path('sudo')]);
    const { code, stdout, stderr } = bench.run(bench.path('sudo'), ['--preserve-env=MAAS_RESOURCES_FILE', script], {
      environment: { MAAS_RESOURCES_FILE: resources },
    });
    expect({ code, stderr }).toEqual({ code: 3, stderr: 'downloading\n' });
    expect(JSON.parse(stdout)).toEqual(lxd(['eth0']));
    expect(JSON.parse(bench.read('resources.json'))).toEqual(lxd(['eth0']));
  });

  test('what other refresh scripts print is not touched', () => {
    const bench = newBench();
    const output = JSON.stringify(lxd(['cali0123456789a']));
    bench.write('output.json', output);
    const script = bench.fake('50-maas-01-commissioning', `cat ${bench.path('output.json')}`);
    expect(bench.shim('sudo', [script]).stdout).toBe(output);
  });
});
