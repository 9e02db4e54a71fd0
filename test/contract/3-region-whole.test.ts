/** maas-run.md 3: the region as it runs, every process behind its Pebble. */

import { setTimeout as sleep } from 'node:timers/promises';
import { regiondConf } from '../../charts/tables/processes';
import { until } from '../e2e/cluster';
import { sql, startServer, stopServer, value } from './database';
import { ask, get } from './http';
import { listeners } from './listeners';
import { control, isReady, pids, stateOf } from './mux';
import { timed } from './pod';
import { region } from './pods';
import { confined, processOf, start, type Running } from './process';
import { eventloops, live, liveRegion, liveWorkers, podAddress, serves, state, webapp } from './region';

const daemons = [
  '/usr/sbin/regiond',
  '/usr/sbin/maas-apiserver',
  '/usr/sbin/temporal-server',
  '/usr/sbin/maas-temporal-worker',
  '/usr/sbin/nginx',
  '/usr/sbin/named',
];

/** What a process is asked that must answer without the database, too. */
const independent = ['http://127.0.0.1:5239/metrics', 'http://127.0.0.1:5240/MAAS/a/openapi.json'];
const dependent = ['http://127.0.0.1:5240/MAAS/rpc/', 'http://127.0.0.1:5240/MAAS/api/2.0/version/'];

const statuses = async (urls: readonly string[]): Promise<number[]> => (await ask(region, ...urls.map((url) => ({ url })))).map(({ status }) => status);

/** Workers that lack something, beside the region's own: it takes them a while to give up. */
const bare = { secret: '/contract/without-secret', certificates: '/contract/without-any-certificates' };
const bareWorkers = new Map<string, Running>();

beforeAll(async () => {
  await liveRegion();
  const { capabilities, command } = processOf('region', 'temporal-worker');
  const program = '/contract/worker';
  // Under another name, lest it be taken for the region's.
  await region.sh('cp "$1" "$2"; mkdir -p "$3" "$4"; cp "$5/maas_id" "$3"', { args: [command[0]!, program, bare.secret, bare.certificates, state] });
  const environments = {
    secret: { MAAS_DATA: bare.secret },
    certificates: { MAAS_ROOT: bare.certificates, MAAS_DATA: state, MAAS_REGION_CONFIG: regiondConf },
  };
  for (const [missing, environment] of Object.entries(environments))
    bareWorkers.set(missing, await start(region, `worker-without-${missing}`, confined({ capabilities, command: [program] }), environment));
});
afterAll(startServer);

test('/MAAS/rpc/ names one event loop per worker, at the pod’s own address and a port from 5250 on', async () => {
  const own = await podAddress('region');
  const loops = await until('all event loops', 30, async () => {
    const { loops } = await eventloops();
    return Object.keys(loops).length === liveWorkers ? loops : undefined;
  });
  for (const [name, addresses] of Object.entries(loops)) {
    expect(name).toMatch(/^region:pid=\d+$/);
    expect(addresses.map(([address]) => address)).toContain(own);
  }
  expect(
    Object.values(loops)
      .map(([first]) => first?.[1])
      .sort(),
  ).toEqual([5250, 5251]);
});

test('sockets are there for everybody: mode 0666', async () => {
  const sockets = [
    'maas-regiond.sock',
    'maas-regiond-webapp.sock.0',
    'maas-regiond-webapp.sock.1',
    'apiserver-http.sock',
    'internalapiserver-http.sock',
    'rsyslog/log.sock',
  ].map((name) => `${state}/${name}`);
  await region.appear(sockets, 60);
  const found = await region.stat(...sockets);
  expect(sockets.map((path) => [path, found.get(path)?.kind, found.get(path)?.mode])).toEqual(sockets.map((path) => [path, 'socket', '0666']));
});

test('eight services run, as the table maasserver_service says', async () => {
  const wanted = ['bind9', 'ntp_region', 'proxy', 'regiond', 'reverse_proxy', 'syslog_region', 'temporal', 'temporal-worker'];
  await until('all services run', 90, async () => {
    const rows = await sql(
      live,
      'SELECT service.name, service.status, service.status_info FROM maasserver_service service JOIN maasserver_node node ON node.id = node_id WHERE node.node_type = 3 ORDER BY 1',
    );
    expect(rows).toEqual(wanted.map((name) => `${name}|running|`));
    return true;
  });
});

test('named serves MAAS’s own domain: regiond can write anew what setup-dns has made', async () => {
  await until('the zone', 60, async () => {
    const { stdout, stderr } = await region.try('dig +short +time=2 +tries=1 @127.0.0.1 maas. SOA');
    if (!/ \d+ \d+ \d+ \d+ \d+\n/.test(stdout)) throw new Error(`${stdout}${stderr}`);
    return true;
  });
  expect(await region.read('/etc/bind/maas/named.conf.maas')).toContain('zone "maas"');
});

test('what anybody may ask answers 200; /MAAS/metrics is not there until it is enabled', async () => {
  const urls = [...dependent, ...independent, 'http://127.0.0.1:5240/MAAS/a/metrics', 'http://127.0.0.1:5240/metrics/temporal'];
  await until('all answer', 60, async () => {
    expect(await statuses(urls)).toEqual(urls.map(() => 200));
    return true;
  });
  expect((await get(region, '/MAAS/api/2.0/version/', webapp)).status).toBe(200);
  expect(await statuses(['http://127.0.0.1:5240/MAAS/metrics'])).toEqual([404]);
});

test('1: one region keeps to 60 connections', async () => {
  const count = Number(await value('postgres', `SELECT count(*) FROM pg_stat_activity WHERE datname = '${live}'`));
  expect(count).toBeGreaterThan(20);
  expect(count).toBeLessThanOrEqual(60);
});

test('3: the first 200 may carry no event loops: regiond restarted alone is not called ready before it has some', async () => {
  const others = await Promise.all(daemons.slice(1).map((text) => pids(region, text)));
  const before = await pids(region, daemons[0]!);
  const { seconds } = await timed(
    (async () => {
      await control(region, 'restart', 'regiond');
      // The mux may remember its last answer for a second.
      await sleep(2000);
      await until('regiond is ready', 60, async () => {
        const ready = await isReady(region, 'regiond');
        const { loops } = await eventloops('socket');
        if (ready && Object.keys(loops).length === 0) throw new Error('ready without event loops');
        return ready ? true : undefined;
      });
    })(),
  );
  expect(seconds).toBeLessThan(60);
  const after = await pids(region, daemons[0]!);
  expect(before.filter((pid) => after.includes(pid))).toEqual([]);
  expect(await Promise.all(daemons.slice(1).map((text) => pids(region, text)))).toEqual(others);
});

test('every process listens where the table says', async () => {
  const own = await podAddress('region');
  const wanted = [
    'tcp/[::]/5250',
    'tcp/[::]/5251',
    'tcp/[::]/5239',
    'udp/*/5240',
    ...[5271, 5272, 5273, 5281, 5282, 5283, 5284].map((port) => `tcp/*/${String(port)}`),
    'tcp/127.0.0.1/9000',
    'tcp/*/5240',
    'tcp/*/5242',
    `tcp/${own}/53`,
    `udp/${own}/53`,
    'tcp/127.0.0.1/53',
    'udp/127.0.0.1/53',
    'tcp/127.0.0.1/954',
    'udp/*/123',
    'tcp/*/5247',
    'udp/*/5247',
    'tcp/*/8000',
    'tcp/*/3128',
  ];
  await until('all ports', 60, async () => {
    const found = new Set(
      (await listeners(region)).flatMap(({ protocol, address, port }) => [address, '*'].map((where) => `${protocol}/${where}/${String(port)}`)),
    );
    const missing = wanted.filter((one) => !found.has(one));
    if (missing.length > 0) throw new Error(`missing: ${missing.join(', ')}`);
    return true;
  });
});

test('chronyd has no control port, which on a rack would be the node’s', async () => {
  expect((await listeners(region)).filter(({ port }) => port === 323)).toEqual([]);
});

test.each(['secret', 'certificates'])('temporal-worker has started, it says, and ends without the %s, as it does without Temporal', async (missing) => {
  const { log } = await bareWorkers.get(missing)!.ends(90);
  expect(log).toMatch(/temporal-worker started/);
});

describe('3: the database goes away under a running region', () => {
  let before: number[][];

  beforeAll(async () => {
    await serves('nginx', 60);
    before = await Promise.all(daemons.map((text) => pids(region, text)));
    for (const found of before) expect(found).not.toEqual([]);
    await stopServer();
  });

  test('/MAAS/rpc/ and the API answer 500; metrics and the API server’s description stay', async () => {
    await until('500', 30, async () => {
      expect(await statuses([...dependent, ...independent])).toEqual([500, 500, 200, 200]);
      return true;
    });
    await sleep(5000);
    expect(await statuses([...dependent, ...independent])).toEqual([500, 500, 200, 200]);
  });

  test('nothing has ended', async () => {
    expect(await Promise.all(daemons.map((text) => pids(region, text)))).toEqual(before);
  });

  test('apiserver, temporal and temporal-worker started meanwhile wait at their gates; they do not end', async () => {
    await Promise.all(['apiserver', 'temporal-worker'].map((name) => control(region, 'restart', name)));
    // The worker would take 10 s if temporal went first (maas-run.md 6.8).
    await control(region, 'restart', 'temporal');
    expect(await Promise.all(['apiserver', 'temporal', 'temporal-worker'].map((name) => stateOf(region, name)))).toEqual(['active', 'active', 'active']);
    expect(await Promise.all(daemons.slice(1, 4).map((text) => pids(region, text)))).toEqual([[], [], []]);
  });

  test('all answer 200 again after the database, and what was restarted runs', async () => {
    await startServer();
    await until('200', 30, async () => {
      expect(await statuses([...dependent, independent[0]!])).toEqual([200, 200, 200]);
      return true;
    });
    await until('the API server, Temporal and its worker run', 90, async () => {
      expect(await statuses([independent[1]!])).toEqual([200]);
      return (await Promise.all([daemons[2]!, daemons[3]!].map((text) => pids(region, text)))).every((found) => found.length > 0) ? true : undefined;
    });
    expect(await pids(region, daemons[0]!)).toEqual(before[0]);
  });
});
