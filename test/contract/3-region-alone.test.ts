/** maas-run.md 3: what each process of the region needs before its start, alone and without a supervisor, how it ends, and how it begins again. */

import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../e2e/cluster';
import { startServer, stopServer, value } from './database';
import { get } from './http';
import { connections, listensOn } from './listeners';
import { staysTrue } from './pod';
import { region } from './pods';
import { confined, processOf, start, type Running } from './process';
import { begin, certificates, endLiveRegion, migrated, seeded, serves, setUpDns, startProcess, state, webapp, writeConfiguration } from './region';

const database = 'starts';
const dpkg = '/var/lib/dpkg/status';
let regiond: Running;

/** What temporal-worker says before it has asked Temporal for anything (maastemporalworker/temporal_script.py). */
const workerStarted = /temporal-worker started/;

/** How a process starts that ends in the end, and what else it may be called when several of them run. */
const fails = async (process: Running, limitSeconds = 60): Promise<string> => {
  const { code, log } = await process.ends(limitSeconds);
  if (code === 0) throw new Error(`${process.name}: ended as if all were well: ${log}`);
  return log;
};

beforeAll(async () => {
  await endLiveRegion();
  await migrated(database);
  await begin(database);
});

afterAll(async () => {
  await startServer();
  await region.sh(`[ ! -e ${dpkg}.kept ] || mv ${dpkg}.kept ${dpkg}`);
});

test('3: the image has the programs that regiond calls', async () => {
  for (const program of ['tcpdump', 'ip', 'rndc', 'rndc-confgen']) expect([program, (await region.try(`command -v ${program}`)).code]).toEqual([program, 0]);
});

describe('3: before regiond has ever run', () => {
  // All at once, each with its log: none of them has what it needs.
  const names = ['apiserver', 'temporal', 'temporal-worker', 'http', 'dns', 'syslog', 'proxy'] as const;
  const started = new Map<string, Running>();
  let since: number;

  beforeAll(async () => {
    // And, beside them, a regiond that lacks its entry in dpkg's database and a folder: it makes nothing.
    await region.sh(`cp ${dpkg} ${dpkg}.kept; awk -v RS= -v ORS='\\n\\n' '!/^Package: (maas-region-api|maas-rack-controller)\\n/' ${dpkg}.kept > ${dpkg}`);
    await region.sh(`rm -r ${state}/certificates`);
    regiond = await startProcess('regiond');
    since = Date.now();
    await Promise.all(names.map(async (name) => started.set(name, await startProcess(name))));
  });

  test.each([
    { name: 'apiserver', what: 'the certificates' },
    { name: 'temporal', what: 'temporal/production.yaml' },
    { name: 'http', what: 'the server that regiond writes, and with it the port' },
    { name: 'dns', what: 'what setup-dns makes' },
    { name: 'syslog', what: 'rsyslog.conf' },
    { name: 'proxy', what: 'maas-proxy.conf' },
  ])('$name does not run without $what', async ({ name }) => {
    const process = started.get(name)!;
    if (name !== 'http') {
      await fails(process, 60);
      return;
    }
    // nginx itself is content with a frame around nothing; it serves nobody.
    await until('nginx runs or has ended', 10, async () => ((await process.log()) !== '' || (await process.runs()) ? true : undefined));
    expect(await listensOn(region, ['tcp/5240', 'tcp/5242'])).toEqual([]);
    await process.kill('TERM', 5);
  });

  // Looked for ten times, with pauses of 2, 4, 8 … 512 s.
  test('temporal-worker waits for maas_id, for longer than anybody would', async () => {
    const worker = started.get('temporal-worker')!;
    await sleep(Math.max(0, since + 20_000 - Date.now()));
    expect(await worker.runs()).toBe(true);
    expect(await worker.log()).not.toMatch(workerStarted);
    await worker.kill('KILL', 5);
  });
});

describe('3: regiond loops until it has what it needs, and goes on by itself', () => {
  const gone = (folder: string) => new RegExp(`No such file or directory: '?${state}/${folder}`);
  /** How often its log says something, from now on. */
  const again = async (pattern: RegExp): Promise<void> => {
    const count = async () => (await regiond.log()).match(new RegExp(pattern, 'g'))?.length ?? 0;
    const before = await count();
    await until(`regiond says ${String(pattern)} once more`, 60, async () => ((await count()) > before ? true : undefined));
    expect(await regiond.runs()).toBe(true);
  };

  beforeAll(setUpDns);

  test("6.6: without the dpkg entry of maas-region-api it fails, and tries again: 'NoneType' object has no attribute 'install_type'", async () => {
    const pattern = /'NoneType' object has no attribute 'install_type'/;
    await regiond.says(pattern, 60);
    expect(await region.exists(webapp)).toBe(false);
    await region.sh(`mv ${dpkg}.kept ${dpkg}`);
  });

  test('3: without the folder certificates', async () => {
    await again(gone('certificates'));
    expect(await region.exists(certificates[0]!)).toBe(false);
    await region.sh(`rm -r ${state}/image-storage; mkdir ${state}/certificates`);
  });

  test('3: without the folder image-storage', async () => {
    await again(gone('image-storage'));
    expect(await region.exists(webapp)).toBe(false);
    await region.sh(`mkdir ${state}/image-storage`);
  });

  test('3 and 2: then it serves, and has written the certificates, the configuration of its daemons and a secret of its own', async () => {
    await serves('socket', 60);
    const files = [
      'maas_id',
      'maas_uuid',
      'http/regiond.nginx.conf',
      'http/regiond.nginx.stream.conf',
      'temporal/production.yaml',
      'temporal/production-dynamic.yaml',
      'maas-proxy.conf',
      'rsyslog.conf',
    ].map((name) => `${state}/${name}`);
    await region.appear([...files, '/etc/chrony/maas.conf'], 30);
    const modes = await region.stat(...certificates, ...files);
    expect(certificates.map((path) => modes.get(path)?.mode)).toEqual(['0600', '0644', '0644']);
    // Nobody has seeded a secret: regiond has made one, in the row and in the file.
    const secret = await region.read(`${state}/secret`);
    expect(secret).toMatch(/^[0-9a-f]{32}$/);
    expect(await seeded(database)).toBe(secret);
    expect([modes.get(`${state}/temporal/production.yaml`)?.mode, modes.get(`${state}/maas_id`)?.mode]).toEqual(['0600', '0640']);
  });
});

/** Starts processes and waits until they listen. */
async function startDaemons(names: readonly string[], wanted: readonly string[]): Promise<Map<string, Running>> {
  const started = new Map(await Promise.all(names.map(async (name) => [name, await startProcess(name)] as const)));
  await until(`${names.join(', ')} listen`, 60, async () => {
    const found = await listensOn(region, wanted);
    if (found.length !== wanted.length) throw new Error(`missing: ${wanted.filter((one) => !found.includes(one)).join(', ')}`);
    return true;
  });
  return started;
}

describe('3: with what regiond has made, all but Temporal', () => {
  let worker: Running;
  let started: Map<string, Running>;

  beforeAll(async () => {
    // Nobody listens on 5271: it tries for a while, beside all that follows.
    worker = await startProcess('temporal-worker');
    started = await startDaemons(
      ['http', 'dns', 'syslog', 'ntp', 'apiserver'],
      ['tcp/5240', 'tcp/5242', 'tcp/53', 'udp/53', 'tcp/5247', 'udp/5247', 'udp/123'],
    );
    await region.appear(
      ['apiserver-http.sock', 'internalapiserver-http.sock'].map((name) => `${state}/${name}`),
      30,
    );
  });

  // Its two web servers share a loop, and uvicorn before 0.29 (Ubuntu 24.04) lets only one of them hear of a signal.
  test('apiserver runs, and is ended as Pebble does it', async () => {
    expect(await started.get('apiserver')!.runs()).toBe(true);
    await started.get('apiserver')!.end(processOf('region', 'apiserver').stopSeconds);
  });

  test.each([
    ['http', 5],
    ['dns', 5],
    ['ntp', 5],
    ['syslog', 5],
  ])('%s runs, and SIGTERM ends it', async (name, limit) => {
    expect(await started.get(name)!.runs()).toBe(true);
    await started.get(name)!.kill('TERM', limit);
  });

  test('apiserver ends without any one of the three certificates', async () => {
    const starts = ['none', ...certificates].map(async (missing) => {
      const name = missing.split('/').at(-1)!;
      const root = `/contract/without-${name}`;
      await region.sh('rm -rf "$1"; mkdir -p "$1/etc"; cp -r "$2" "$1/certificates"; cp -r /etc/maas "$1/etc/maas"; rm -f "$1/certificates/$3"', {
        args: [root, `${state}/certificates`, name],
      });
      return start(region, `apiserver-${name}`, ['/usr/sbin/maas-apiserver'], { MAAS_ROOT: root });
    });
    const [complete, ...others] = await Promise.all(starts);
    await Promise.all(others.map((process) => fails(process)));
    expect(await complete!.runs()).toBe(true);
    await complete!.kill('KILL', 5);
  });

  test('temporal ends without its certificates', async () => {
    const root = '/contract/without-certificates';
    await region.sh('rm -rf "$1"; cp -r "$2" "$1"; sed -i "s,$3/,/nowhere/," "$1/production.yaml"; grep -q /nowhere/ "$1/production.yaml"', {
      args: [root, `${state}/temporal`, `${state}/certificates`],
    });
    const { capabilities, command } = processOf('region', 'temporal');
    const elsewhere = command.map((word) => (word === `${state}/temporal/` ? root : word));
    expect(elsewhere).toContain(root);
    await fails(await start(region, 'temporal-certificates', confined({ capabilities, command: elsewhere })));
  });

  test('3 and 6.1: killed with SIGKILL it leaves its sockets and a link to its PID behind; they do the next one no harm while nobody has that PID', async () => {
    const lock = '/run/lock/maas:networks-monitoring';
    const holder = String(await regiond.pid());
    await until('the lock', 30, async () => ((await region.try('readlink "$1"', { args: [lock] })).stdout.trim() === holder ? true : undefined));
    await regiond.kill('KILL', 5);
    expect(await region.sh('readlink "$1"', { args: [lock] })).toBe(holder);
    expect(await region.exists(webapp)).toBe(true);
    regiond = await startProcess('regiond');
    await until('the web application answers', 60, async () => ((await get(region, '/MAAS/rpc/', webapp)).status === 200 ? true : undefined));
    await until('the lock', 30, async () => ((await region.sh('readlink "$1"', { args: [lock] })) === String(await regiond.pid()) ? true : undefined));
  });

  test('SIGTERM ends regiond; an empty volume and the same host name give the same system id', async () => {
    await regiond.kill('TERM', 15);
    const before = await region.read(`${state}/maas_id`);
    await region.sh('find "$1" -mindepth 1 -delete', { args: [state] });
    await writeConfiguration(database);
    regiond = await startProcess('regiond');
    await region.appear([`${state}/maas_id`], 60);
    expect(await region.read(`${state}/maas_id`)).toBe(before);
    expect(await value(database, 'SELECT count(*) FROM maasserver_node WHERE node_type = 3')).toBe('1');
    await serves('socket', 60);
  });

  // After five attempts, with pauses of 2, 4, 8 and 16 s. Its exit code is 0: nobody asks its tasks how they have ended.
  test('temporal-worker has started, it says, and ends when nobody listens on tcp 5271', async () => {
    expect((await worker.ends(90)).log).toMatch(workerStarted);
  });
});

/**
 * A worker that hears of SIGTERM. It has a connection for each of its two task queues, and forgets the signal for the one that is not polled yet:
 * where Temporal is new, whoever comes second to make its namespace tries again after 2 s.
 */
async function startWorker(): Promise<Running> {
  const worker = await startProcess('temporal-worker');
  await worker.says(workerStarted, 60);
  const pid = await worker.pid();
  const connected = async (): Promise<boolean> => (await connections(region, pid, 5271)) >= 2;
  await until('the worker is connected', 60, async () => ((await connected()) ? true : undefined));
  await staysTrue('the worker is connected', 6, connected);
  return worker;
}

describe('3: Temporal and its worker', () => {
  let temporal: Running;
  let worker: Running;
  let proxy: Running;

  beforeAll(async () => {
    const daemons = await startDaemons(['temporal', 'proxy'], ['tcp/5271', 'tcp/8000', 'tcp/3128']);
    [temporal, proxy] = [daemons.get('temporal')!, daemons.get('proxy')!];
    worker = await startWorker();
  });

  test('SIGTERM ends the worker', async () => {
    await worker.kill('TERM', 10);
  });

  // From temporalio 1.9 on the worker says goodbye to Temporal, and goes on trying for 10 s; before, it is gone at once.
  test('3 and 6.8: when temporal went first the worker ends in the time that it is given; squid does not within 5 s', async () => {
    worker = await startWorker();
    // SIGTERM ends temporal itself.
    await temporal.kill('TERM', 10);
    await Promise.all([
      worker.kill('TERM', processOf('region', 'temporal-worker').stopSeconds),
      expect(proxy.kill('TERM', 5)).rejects.toThrow('not gone within 5 s'),
    ]);
  });
});

describe('3: regiond', () => {
  test('without database: apiserver, temporal and temporal-worker end at their start; regiond waits, and serves when the database is there', async () => {
    await regiond.kill('TERM', 15);
    await stopServer();
    try {
      regiond = await startProcess('regiond');
      const others = await Promise.all(['apiserver', 'temporal', 'temporal-worker'].map((name) => startProcess(name)));
      await Promise.all(others.map((process) => fails(process)));
      expect(await regiond.runs()).toBe(true);
    } finally {
      await startServer();
    }
    await serves('socket', 60);
    expect(await regiond.runs()).toBe(true);
  });
});
