/** maas-run.md 6: traps found only by running. 6.6, 6.8 and what SIGKILL leaves of 6.1 are in 3-region-alone. */

import { setTimeout as sleep } from 'node:timers/promises';
import { processesOf } from '../../charts/tables/processes';
import { until } from '../e2e/cluster';
import { sql } from './database';
import { get } from './http';
import { listensOn } from './listeners';
import { act, changed, control, endSupervisor, hangUp, pebbleSocket, pids, services, startSupervisor, stateOf } from './mux';
import { region } from './pods';
import { start, type Running } from './process';
import { live, liveRegion, serves, startProcess } from './region';

const lock = '/run/lock/maas:networks-monitoring';
const flock = '/run/lock/maas:bootres_0123456.lock';
const metrics = (pid: number) => `/run/prometheus/counter_${String(pid)}.db`;
/** A number that lives, and one that does not. */
const somebody = 1;
const nobody = 999_999;

const ofRegion = "node_config_id IN (SELECT current_config_id FROM maasserver_node WHERE node_type = 3 AND hostname = 'region')";
const interfaces = (): Promise<string[]> => sql(live, `SELECT name FROM maasserver_interface WHERE ${ofRegion} ORDER BY 1`);

/** MAAS looks at its interfaces every 30 s, the first time before its web application takes what it finds. */
const twoLooks = 40_000;

let holder: number;
let holders: number[];
/** One that was not started behind its gate, and since when. */
let regiond: Running;
let since: number;

beforeAll(async () => {
  await liveRegion();
  await until('the interfaces are recorded', 60, async () => ((await interfaces()).length > 0 ? true : undefined));
  [holder, holders] = [Number(await region.sh('readlink "$1"', { args: [lock] })), await pids(region, '/usr/sbin/regiond')];
  await control(region, 'stop', 'regiond');
  await region.sh('ln -sfn "$1" "$2"; touch "${@:3}"', { args: [String(somebody), lock, flock, metrics(somebody), metrics(nobody)] });
  await sql(live, `UPDATE maasserver_interface SET name = 'renamed0' WHERE ${ofRegion}`);
  regiond = await startProcess('regiond');
  since = Date.now();
});

test('6.1: a named lock is a symbolic link to the PID that holds it', () => {
  expect(holders).toContain(holder);
});

test('6.2: a pid file that is left blocks rsyslogd, unless it is told to have none', async () => {
  const conf = '/contract/rsyslog.conf';
  const file = '/contract/rsyslog.pid';
  await region.write(conf, 'module(load="imuxsock" SysSock.Name="/contract/rsyslog.sock")\n*.* action(type="omfile" file="/contract/rsyslog.out")\n');
  await region.write(file, '1\n');
  const blocked = await start(region, 'rsyslog-blocked', ['/usr/sbin/rsyslogd', '-n', '-f', conf, '-i', file]);
  const { code, log } = await blocked.ends(15);
  expect(code).not.toBe(0);
  expect(log).toMatch(/pid/i);
  const free = await start(region, 'rsyslog-free', ['/usr/sbin/rsyslogd', '-n', '-f', conf, '-i', 'NONE']);
  await sleep(2000);
  expect(await free.runs()).toBe(true);
  await free.kill('TERM', 10);
});

describe('6.3 and 6.4: what setup-dns makes', () => {
  const folder = '/contract/dns';
  const zones = '/contract/zones';
  const environment = `MAAS_DNS_CONFIG_DIR=${folder} MAAS_ZONE_FILE_CONFIG_DIR=${zones} MAAS_DNS_DEFAULT_CONTROLS=0 MAAS_DNS_RNDC_PORT=1954`;
  const keys = ['rndc.conf.maas', 'named.conf.rndc.maas'].map((name) => `${folder}/${name}`);
  const named = ['/usr/sbin/named', '-g', '-n', '1', '-u', 'bind', '-p', '1053', '-c', '/contract/named.conf'];

  const setUp = (...flags: string[]): Promise<string> => region.sh(`${environment} /usr/lib/maas/maas-common setup-dns "$@"`, { args: flags });
  const empty = (group: string, mode: string): Promise<string> =>
    // Who is not in a folder's group cannot make it hand the group on.
    region.sh('rm -rf "$1" "$2"; mkdir "$1" "$2"; chgrp "$3" "$1" "$2"; setpriv --regid "$3" --groups "$3" chmod "$4" "$1" "$2"', {
      args: [folder, zones, group, mode],
    });

  beforeAll(async () => {
    const options = 'directory "/var/cache/bind"; pid-file none; session-keyfile none; lock-file none; listen-on { 127.0.0.1; }; listen-on-v6 { none; };';
    await region.write(
      '/contract/named.conf',
      `options { ${options} include "${folder}/named.conf.options.inside.maas"; };\ninclude "${folder}/named.conf.maas";\n`,
    );
    await region.sh('chmod 711 /contract; chmod 644 /contract/named.conf');
  });

  test('6.3: its keys are 0660 root:maas, and named as the user bind cannot read them', async () => {
    await empty('root', '0755');
    await setUp();
    const found = await region.stat(...keys);
    for (const path of keys) expect(found.get(path)).toMatchObject({ mode: '0660', owner: 'root', group: 'maas' });
    const { code, log } = await (await start(region, 'named-closed', named)).ends(15);
    expect(code).not.toBe(0);
    expect(log).toMatch(/permission denied/);
  });

  test('6.3: in folders of root:bind 2775 it can', async () => {
    await empty('bind', '2775');
    await setUp();
    expect((await region.stat(...keys)).get(keys[1]!)).toMatchObject({ mode: '0660', group: 'bind' });
    const process = await start(region, 'named', named);
    // Its second line says what it is running on.
    await process.says(/ running$/m, 15);
  });

  test('6.4: setup-dns --no-clobber makes new keys all the same, and rndc is locked out', async () => {
    const status = `rndc -c ${keys[0]!} status`;
    expect(await region.try(status)).toMatchObject({ code: 0 });
    const read = () => Promise.all([...keys, `${folder}/keys.conf.maas`, `${folder}/named.conf.maas`].map((path) => region.read(path)));
    const before = await read();
    await setUp('--no-clobber');
    const after = await read();
    expect(after.map((content, index) => content === before[index])).toEqual([false, false, false, true]);
    expect((await region.try(status)).code).not.toBe(0);
  });
});

describe('6.5: SIGHUP right after "start"', () => {
  test('ends a shell with 129 before it has become its daemon, but not behind a gate', async () => {
    const shell = ['sh', '-c', 'sleep 3; exec sleep 60'];
    const bare = await start(region, 'bare', shell);
    const gated = await start(region, 'gated', ['maas-k8s', 'wait', 'file:/contract/now', '--', ...shell]);
    await region.sh('rm -f /contract/now');
    await sleep(1000);
    const hup = 'kill -HUP "$(cat /contract/run/gated/pid)"';
    await region.sh(`kill -HUP "$(cat /contract/run/bare/pid)"; ${hup}`);
    expect((await bare.ends(10)).code).toBe(129);
    await region.sh('touch /contract/now');
    await until('the shell', 15, async () => (/^(\/\S+\/)?sh\0/.test(await region.read(`/proc/${String(await gated.pid())}/cmdline`)) ? true : undefined));
    await region.sh(hup);
    await sleep(4000);
    expect(await gated.runs()).toBe(true);
    await gated.kill('KILL', 5);
  });
});

describe('6.7: Pebble', () => {
  const home = '/contract/pebble';
  const layer = (commands: Record<string, string>): string =>
    JSON.stringify({
      services: Object.fromEntries(
        Object.entries(commands).map(([name, command]) => [name, { override: 'replace', command, 'on-failure': 'ignore', 'on-success': 'ignore' }]),
      ),
    });
  const pebble = (...command: string[]) => region.try(`PEBBLE=${home} exec pebble "$@"`, { args: command, limit: 30 });

  const run = async (file: string, commands: Record<string, string>) => {
    await region.sh('rm -rf "$1"', { args: [home] });
    await region.write(`${home}/layers/${file}`, layer(commands));
    return start(region, 'pebble-layers', ['pebble', 'run', '--hold'], { PEBBLE: home });
  };

  test('takes layers that are named NNN-label.yaml only', async () => {
    const process = await run('label.yaml', { a: 'sleep 60' });
    const known = await Promise.race([
      process.ends(10).then(({ code }) => code !== 0),
      sleep(3000).then(async () => !(await pebble('services')).stdout.includes('a ')),
    ]);
    expect(known).toBe(true);
    if (await process.runs()) await process.kill('KILL', 5);
  });

  test('a start fails if the process ends within 1 s; a signal reaches a shell’s child only if it was exec’ed', async () => {
    const child = `bash -c 'trap "touch /contract/hup" HUP; for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.5; done'`;
    const process = await run('001-label.yaml', {
      quick: 'sleep 0.3',
      slow: 'sleep 1.5',
      child: `sh -c ${JSON.stringify(`${child}; true`)}`,
      becomes: `sh -c ${JSON.stringify(`exec ${child}`)}`,
    });
    await until('Pebble answers', 15, async () => ((await pebble('services')).code === 0 ? true : undefined));
    expect((await pebble('start', 'quick')).code).not.toBe(0);
    expect((await pebble('start', 'slow')).code).toBe(0);
    for (const [service, reached] of [
      ['child', false],
      ['becomes', true],
    ] as const) {
      await region.sh('rm -f /contract/hup');
      expect((await pebble('start', service)).code).toBe(0);
      await pebble('signal', 'SIGHUP', service);
      await sleep(1500);
      expect([service, await region.exists('/contract/hup')]).toEqual([service, reached]);
    }
    await process.kill('TERM', 15);
  });
});

describe('6.1 and 6.10: what an earlier regiond has left under a PID that is alive again', () => {
  test('the lock counts as held and interfaces are not recorded; metrics stay', async () => {
    await serves('nginx', 60);
    await sleep(Math.max(0, since + twoLooks - Date.now()));
    expect(await interfaces()).toEqual(['renamed0']);
    expect(await region.sh('readlink "$1"', { args: [lock] })).toBe(String(somebody));
    expect([await region.exists(metrics(somebody)), await region.exists(metrics(nobody))]).toEqual([true, false]);
    await regiond.kill('TERM', 15);
  });

  test('behind its gate both are gone before it starts; flocks stay', async () => {
    await control(region, 'start', 'regiond');
    await until('a lock of its own', 60, async () => {
      const { stdout } = await region.try('readlink "$1"', { args: [lock] });
      return (await pids(region, '/usr/sbin/regiond')).includes(Number(stdout)) ? true : undefined;
    });
    expect(await region.exists(metrics(somebody))).toBe(false);
    expect((await region.stat(flock)).get(flock)?.kind).toMatch(/regular/);
  });
});

test('6.5: squid, started again and told to read its configuration at once, runs', async () => {
  const listens = async (): Promise<boolean> => (await listensOn(region, ['tcp/8000'])).length === 1;
  await until('squid listens', 60, async () => ((await listens()) ? true : undefined));
  await region.sh('pkill -KILL -x squid');
  await until('squid listens no more', 10, async () => ((await listens()) ? undefined : true));
  await until('squid listens again', 60, async () => {
    expect(await hangUp(region, 'proxy')).toBe(200);
    return (await listens()) ? true : undefined;
  });
  await sleep(2000);
  expect(await stateOf(region, 'proxy')).toBe('active');
  expect(await listens()).toBe(true);
});

describe('6.9 and 6.11: the service mux', () => {
  test('change ids of several Pebbles collide; the mux tells them apart, both ways', async () => {
    const own = await Promise.all(['ntp', 'http'].map((name) => act(region, 'restart', name, pebbleSocket(name))));
    expect(own.every((id) => /^\d+$/.test(id))).toBe(true);
    const ids = await Promise.all(['ntp', 'http'].map((name) => act(region, 'restart', name)));
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(await changed(region, id, 40)).toBe('Done');
    // Both Pebbles have the first of all changes.
    const first = await Promise.all(['ntp', 'http'].map((name) => get(region, '/v1/changes/1', pebbleSocket(name))));
    expect(first.map(({ status }) => status)).toEqual([200, 200]);
  });

  test('GET /v1/services?names= with an empty value is never an error', async () => {
    const all = await services(region, '');
    for (const { service } of processesOf('region')) expect([...all.keys()]).toContain(service);
  });

  test('a Pebble whose socket is not there is "inactive"', async () => {
    await endSupervisor(region, 'ntp');
    expect(await stateOf(region, 'ntp')).toBe('inactive');
    await startSupervisor(region, 'ntp');
    await until('ntp is active', 30, async () => ((await stateOf(region, 'ntp')) === 'active' ? true : undefined));
  });

  test('6.11: regiond’s PEBBLE_SOCKET is the mux, for its container’s own Pebble knows no other service', async () => {
    const [regiond] = await until('regiond', 30, async () => {
      const found = await pids(region, '/usr/sbin/regiond');
      return found.length > 0 ? found : undefined;
    });
    const environment = (await region.read(`/proc/${String(regiond)}/environ`)).split('\0');
    const socket = environment.find((line) => line.startsWith('PEBBLE_SOCKET='))?.slice('PEBBLE_SOCKET='.length) ?? '';
    expect([...(await services(region, 'http', socket)).keys()]).toEqual(['http']);
    expect((await services(region, 'http', pebbleSocket('regiond'))).size).toBe(0);
  });
});

test('6.1: interfaces are recorded again', async () => {
  await until('the interface has its name again', 90, async () => ((await interfaces()).includes('renamed0') ? undefined : true));
});
