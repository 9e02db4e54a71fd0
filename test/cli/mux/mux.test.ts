import { Command } from 'commander';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { processesOf, type Pod } from '../../../charts/tables/processes';
import { muxSocket, pebbleSocket } from '../../../charts/tables/volumes';
import { startMux, type Mux, type MuxOptions } from '../../../cli/mux/mux';
import { addPodVerbs } from '../../../cli/pod-verbs';
import { reportPath, writeReport } from '../../../cli/wait/report';
import { folder, until } from '../folder';
import { PebbleServer } from './pebble-server';

const lines: string[] = [];
jest.mock('../../../cli/log', () => ({ log: (line: string) => void lines.push(line) }));

const quick = { look: 20, check: 20, failures: 3, again: [20, 100] } as const;

let root = '';
let mux: Mux | undefined;
const pebbles = new Map<string, PebbleServer>();

function pebble(name: string): PebbleServer {
  const found = pebbles.get(name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

/** A pod whose Pebbles all run their services, and its mux. */
async function pod(name: Pod, { up = processesOf(name).map((process) => process.name), without = [] as string[] } = {}): Promise<void> {
  root = folder();
  for (const process of processesOf(name)) {
    const server = new PebbleServer(process.service, `${root}${pebbleSocket(process.name)}`);
    pebbles.set(process.name, server);
    if (!up.includes(process.name) || without.includes(process.name)) continue;
    if (process.startedBy === 'pebble') server.start();
    else server.startup = 'disabled';
    await server.up();
  }
  mkdirSync(join(root, 'run/maas-services'), { recursive: true });
  await startAgain(name, without);
}

async function startAgain(name: Pod, without: string[] = [], address: Pick<MuxOptions, 'healthAddress'> = { healthAddress: '127.0.0.1' }): Promise<void> {
  mux = await startMux(name, { root, without, ...address, healthPort: 0, rhythm: quick });
}

afterEach(async () => {
  for (const server of pebbles.values()) await server.down();
  await mux?.close();
  pebbles.clear();
  lines.length = 0;
});

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly change?: string;
  readonly result: unknown;
}

function ask(method: string, path: string, body?: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath: `${root}${muxSocket}`, method, path, headers: { 'content-type': 'application/json' } }, (incoming) => {
      const parts: Buffer[] = [];
      incoming.on('data', (part: Buffer) => parts.push(part));
      incoming.on('end', () => {
        const answer = JSON.parse(Buffer.concat(parts).toString()) as Answer & { 'status-code': number };
        expect(answer['status-code']).toBe(incoming.statusCode);
        resolve({ ...answer, status: answer['status-code'] });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const act = (action: string, ...services: string[]): Promise<Answer> => ask('POST', '/v1/services', { action, services });

async function currents(names = ''): Promise<Record<string, string>> {
  const { result } = await ask('GET', `/v1/services?names=${names}`);
  return Object.fromEntries((result as { name: string; current: string }[]).map(({ name, current }) => [name, current]));
}

async function health(path: string, host = '127.0.0.1'): Promise<string> {
  const answer = await fetch(`http://${host}:${String(mux?.healthPort ?? 0)}${path}`);
  return `${String(answer.status)} ${(await answer.text()).trim()}`;
}

describe('as Pebble', () => {
  test('tells of all services, of some, and leaves out what it does not know', async () => {
    await pod('region');
    expect(Object.keys(await currents())).toEqual(
      processesOf('region')
        .map(({ service }) => service)
        .sort(),
    );
    expect(await currents('http,bind9,nosuch')).toEqual({ bind9: 'active', http: 'active' });
    expect(await ask('GET', '/v1/services')).toMatchObject({ status: 200, type: 'sync' });
  });

  test('routes to the container’s own Pebble, prefixes the change, and passes on what it says', async () => {
    await pod('region');
    expect(await act('restart', 'bind9')).toMatchObject({ status: 202, type: 'async', change: 'bind9x1' });
    expect(pebble('dns').done).toEqual(['{"action":"restart","services":["bind9"]}']);
    expect(pebble('http').done).toEqual([]);
    expect((await ask('GET', '/v1/changes/bind9x1')).result).toMatchObject({ id: 'bind9x1', status: 'Done', ready: true, 'extra-field': 1 });
    expect((await ask('GET', '/v1/changes/bind9x1/wait?timeout=5s')).result).toMatchObject({ id: 'bind9x1', ready: true });
  });

  test('splits a request to several containers, and combines their changes', async () => {
    await pod('region');
    pebble('temporal-worker').holds = true;
    const { change } = await act('restart', 'http', 'temporal-worker');
    expect(change).toBe('httpx1temporalworkerx1');
    expect((await ask('GET', `/v1/changes/${change ?? ''}`)).result).toMatchObject({ status: 'Doing', ready: false });
    pebble('temporal-worker').finish('it broke');
    expect((await ask('GET', `/v1/changes/${change ?? ''}`)).result).toMatchObject({ status: 'Error', ready: true, err: 'it broke' });
  });

  test('passes signals on, and says which did not arrive', async () => {
    await pod('region');
    expect(await ask('POST', '/v1/signals', { signal: 'SIGHUP', services: ['http'] })).toMatchObject({ status: 200, type: 'sync', result: true });
    expect(pebble('http').done).toEqual(['{"signal":"SIGHUP","services":["http"]}']);
    pebble('ntp').current = 'inactive';
    expect(await ask('POST', '/v1/signals', { signal: 'SIGHUP', services: ['http', 'ntp'] })).toMatchObject({
      status: 500,
      type: 'error',
      result: { message: 'cannot send signal to "ntp": service is not running' },
    });
  });

  test.each([
    ['POST', '/v1/services', { action: 'start', services: ['nosuch'] }, 400, 'cannot start services: service "nosuch" does not exist'],
    ['POST', '/v1/services', { action: 'start', services: [] }, 400, 'must specify services for start action'],
    ['POST', '/v1/services', { action: 'dance', services: ['http'] }, 400, 'invalid action "dance"'],
    ['POST', '/v1/services', { action: 'start', services: 'http' }, 400, 'services must be a list of strings'],
    ['POST', '/v1/services', { action: 'replan', services: ['http'] }, 400, 'replan accepts no service names'],
    ['POST', '/v1/signals', { signal: 'SIGHUP', services: [] }, 400, 'must specify one or more services'],
    ['POST', '/v1/services', undefined, 400, 'it is not a JSON object'],
    ['GET', '/v1/changes/httpx99', undefined, 404, 'cannot find change with id "httpx99"'],
    ['GET', '/v1/changes/7', undefined, 404, 'cannot find change with id "7"'],
    ['GET', '/v1/changes/muxx7', undefined, 404, 'cannot find change with id "muxx7"'],
    ['GET', '/v1/nosuch', undefined, 404, 'invalid API endpoint requested'],
    ['GET', '/v1/changes/a/b/c', undefined, 404, 'invalid API endpoint requested'],
    ['PUT', '/v1/services', undefined, 405, 'method "PUT" not allowed'],
  ])('refuses %s %s %j as Pebble does', async (method, path, body, status, message) => {
    await pod('region');
    const answer = await ask(method, path, body);
    expect(answer).toMatchObject({ status, type: 'error' });
    expect((answer.result as { message: string }).message).toContain(message);
  });

  test('only its own user may reach it', async () => {
    await pod('region');
    expect(statSync(`${root}${muxSocket}`).mode & 0o777).toBe(0o600);
  });
});

describe('what is not there', () => {
  test('a container that is away is inactive; stopping it succeeds, starting it fails until it is back', async () => {
    await pod('region', { up: [] });
    expect(await currents('http')).toEqual({ http: 'inactive' });
    const stop = await act('stop', 'http');
    expect((await ask('GET', `/v1/changes/${stop.change ?? ''}`)).result).toMatchObject({ status: 'Done', ready: true });
    const start = await act('start', 'http');
    expect((await ask('GET', `/v1/changes/${start.change ?? ''}`)).result).toMatchObject({
      status: 'Error',
      ready: true,
      err: expect.stringContaining('its container is not up') as string,
    });
  });

  test('a change whose container went away in the middle has failed', async () => {
    await pod('region');
    pebble('http').holds = true;
    const { change } = await act('restart', 'http');
    await pebble('http').down();
    expect((await ask('GET', `/v1/changes/${change ?? ''}`)).result).toMatchObject({
      status: 'Error',
      ready: true,
      err: expect.stringContaining('went away') as string,
    });
  });

  test('a process that is not deployed is as the table says until MAAS asks for another state, and accepts everything', async () => {
    await pod('region', { without: ['proxy', 'ntp'] });
    expect(await currents('proxy,ntp')).toEqual({ ntp: 'active', proxy: 'inactive' });
    const { change } = await act('start', 'proxy');
    expect((await ask('GET', `/v1/changes/${change ?? ''}`)).result).toMatchObject({ status: 'Done', ready: true });
    expect(await ask('POST', '/v1/signals', { signal: 'SIGHUP', services: ['proxy'] })).toMatchObject({ status: 200 });
    await act('stop', 'ntp');
    expect(await currents('proxy,ntp')).toEqual({ ntp: 'inactive', proxy: 'active' });
    expect(await health('/ready/proxy')).toBe('200 not deployed');
  });

  test('a name that is in no table is refused at once', async () => {
    await expect(startMux('region', { without: ['squid'], healthAddress: '127.0.0.1' })).rejects.toThrow(
      /--without squid: the region has no such process; it has regiond,/,
    );
    await expect(startMux('pod', { without: [], healthAddress: '127.0.0.1' })).rejects.toThrow('"pod" is not a pod');
  });
});

describe('keeps what MAAS asked for', () => {
  test('a container that comes back is stopped again', async () => {
    await pod('region');
    await act('stop', 'http');
    await pebble('http').down();
    pebble('http').start();
    await pebble('http').up();
    await until(() => pebble('http').current === 'inactive', 'http is stopped');
    expect(lines).toContain('http: stop, because its container came back, and MAAS wants it stopped');
  });

  test('dhcpd is started only when MAAS has asked, and again when its container comes back', async () => {
    await pod('rack');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(pebble('dhcpd').done).toEqual([]);
    await act('start', 'dhcpd');
    await pebble('dhcpd').down();
    await pebble('dhcpd').up();
    await until(() => pebble('dhcpd').current === 'active', 'dhcpd is started');
  });

  test('it outlives the mux', async () => {
    await pod('rack');
    await act('start', 'dhcpd');
    await mux?.close();
    await pebble('dhcpd').down();
    await pebble('dhcpd').up();
    await startAgain('rack');
    await until(() => pebble('dhcpd').current === 'active', 'dhcpd is started');
  });

  test('what Pebble has given up is started again', async () => {
    await pod('region');
    pebble('apiserver').current = 'error';
    await until(() => pebble('apiserver').current === 'active', 'apiserver is started');
    expect(lines).toContain('apiserver: start, because its Pebble has given it up');
  });

  test('what somebody stopped at its own Pebble stays stopped', async () => {
    await pod('region');
    pebble('apiserver').current = 'inactive';
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(pebble('apiserver').done).toEqual([]);
  });

  test('a Pebble that hangs is left alone, and holds nobody else up', async () => {
    await pod('region');
    pebble('http').hangs = true;
    expect(await currents('bind9')).toEqual({ bind9: 'active' });
    await act('restart', 'bind9');
    expect(pebble('dns').current).toBe('active');
  });
});

describe('health', () => {
  const report = (name: string, content: Parameters<typeof writeReport>[1]): void => {
    writeReport(reportPath(name, root), content);
  };

  test('of the mux itself, and of what is unknown', async () => {
    await pod('region', { up: [] });
    expect(await health('/alive/services')).toBe('200 ok');
    expect(await health('/ready/services')).toBe('200 ok');
    expect(await health('/ready/nosuch')).toMatch(/^404 /);
    expect(await health('/metrics')).toMatch(/^404 /);
  });

  const hosts = ['127.0.0.1', ...(networkInterfaces()['lo']?.some(({ address }) => address === '::1') ? ['[::1]'] : [])];
  test(`without an address it answers on all: ${hosts.join(', ')}`, async () => {
    await pod('region', { up: [] });
    await mux?.close();
    const program = new Command();
    addPodVerbs(program, []);
    const options = program.commands.find((command) => command.name() === 'mux')?.opts<{ healthAddress?: string }>();
    await startAgain('region', [], { healthAddress: options?.healthAddress });
    for (const host of hosts) expect(await health('/alive/services', host)).toBe('200 ok');
  });

  test('a container without its Pebble is neither alive nor ready', async () => {
    await pod('region', { up: [] });
    expect(await health('/alive/http')).toMatch(/^503 .*\.pebble\.socket: ENOENT$/);
    expect(await health('/ready/http')).toMatch(/^503 /);
  });

  test('behind its gate it is alive, and says what it waits for', async () => {
    await pod('region');
    report('temporal', { state: 'waiting', since: Date.now(), reasons: ['database: the database is starting up'] });
    expect(await health('/alive/temporal')).toBe('200 waiting');
    expect(await health('/ready/temporal')).toBe('503 waiting for database: the database is starting up');
  });

  test('a report of an earlier start says nothing about this one', async () => {
    await pod('region');
    report('temporal-worker', { state: 'started', since: Date.now() - 60_000 });
    expect(await health('/ready/temporal-worker')).toBe('503 about to start');
    report('temporal-worker', { state: 'started', since: Date.now() });
    await until(async () => (await health('/ready/temporal-worker')) === '200 ok', 'the worker is ready');
  });

  test('in Pebble’s back-off it is alive, for the database may be away', async () => {
    await pod('region');
    pebble('apiserver').fails = true;
    await act('restart', 'apiserver');
    expect(await health('/alive/apiserver')).toBe('200 backoff');
    expect(await health('/ready/apiserver')).toBe('503 Pebble says backoff');
  });

  test('a stopped dhcpd that nobody wants is ready, one that is wanted is not', async () => {
    await pod('rack');
    expect(await health('/ready/dhcpd')).toBe('200 stopped, as wanted');
    pebble('dhcpd6').fails = true;
    await act('start', 'dhcpd6');
    expect(await health('/ready/dhcpd6')).toBe('503 Pebble says backoff');
  });

  test('running, it is ready when its check holds', async () => {
    await pod('region');
    expect(await health('/ready/temporal-worker')).toBe('200 ok');
    expect(await health('/alive/apiserver')).toMatch(/^200 starting: .*apiserver-http\.sock/);
    expect(await health('/ready/apiserver')).toMatch(/^503 .*apiserver-http\.sock .*does not exist/);
  });

  test('what Pebble’s client asks: unhealthy is 502', async () => {
    await pod('region');
    expect(await ask('GET', '/v1/health?names=temporal-worker')).toMatchObject({ status: 200, result: { healthy: true } });
    await pebble('dns').down();
    expect(await ask('GET', '/v1/health?names=temporal-worker,dns')).toMatchObject({ status: 502, result: { healthy: false } });
    expect(await ask('GET', '/v1/health?level=x')).toMatchObject({ status: 400 });
  });
});

test('a stale socket is in nobody’s way', async () => {
  root = folder();
  mkdirSync(join(root, 'run/maas-services'), { recursive: true });
  writeFileSync(`${root}${muxSocket}`, '');
  await startAgain('region');
  expect(await currents('http')).toEqual({ http: 'inactive' });
});
