import { rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { processes, type Process } from '../../../charts/tables/processes';
import { Keeper } from '../../../cli/mux/keeper';
import { Member } from '../../../cli/mux/member';
import { Wanted } from '../../../cli/mux/wanted';
import { folder } from '../folder';
import { PebbleServer } from './pebble-server';

const lines: string[] = [];
jest.mock('../../../cli/log', () => ({ log: (line: string) => void lines.push(line) }));

const path = folder();
const pebble = new PebbleServer('temporal', join(path, 'p/.pebble.socket'));
const restarted = '{"action":"restart","services":["temporal"]}';

beforeEach(async () => {
  pebble.asked.length = 0;
  lines.length = 0;
  await pebble.up();
  pebble.start();
});
afterEach(() => pebble.down());

function keeper(changes: Partial<Process>, check = 0): Keeper {
  const process = { ...processes.find(({ name }) => name === 'temporal'), startSeconds: 0, restartsOn: [], ...changes } as Process;
  const member = new Member({
    process,
    deployed: true,
    socket: join(path, 'p/.pebble.socket'),
    report: join(path, 'none'),
    wanted: new Wanted(join(path, 'wanted.json')),
  });
  return new Keeper(member, { look: 0, check, failures: 3, again: [0, 0] });
}

describe('a process that does not answer', () => {
  let server: Server;
  let port = 0;
  const open = async (): Promise<void> => {
    server = createServer().listen(port, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    ({ port } = server.address() as AddressInfo);
  };
  const shut = (): Promise<unknown> => new Promise((resolve) => server.close(resolve));
  beforeEach(async () => {
    port = 0;
    await open();
  });
  afterEach(() => server.close());

  test('is restarted after so many failures in a row, not before', async () => {
    const kept = keeper({ alive: { kind: 'tcp', port } });
    await kept.look();
    await shut();
    await kept.look();
    await kept.look();
    await open();
    await kept.look();
    await shut();
    await kept.look();
    await kept.look();
    expect(pebble.done).toEqual([]);
    await kept.look();
    expect(pebble.done).toEqual([restarted]);
    expect(lines).toEqual([`temporal: restart, because it does not answer any more (port ${String(port)}: connection refused), 3 times in a row`]);
  });

  test('is left alone while it starts, which is until it has answered once', async () => {
    const kept = keeper({ alive: { kind: 'tcp', port }, startSeconds: 60 });
    await shut();
    for (let look = 0; look < 5; look++) await kept.look();
    expect(pebble.done).toEqual([]);
    await open();
    await kept.look();
    await shut();
    for (let look = 0; look < 3; look++) await kept.look();
    expect(pebble.done).toEqual([restarted]);
  });
});

describe('a process that relays to places that it learned at its start', () => {
  const [there, here, places] = ['there', 'here', 'places'].map((name) => join(path, name)) as [string, string, string];
  const relays: Partial<Process> = {
    alive: { kind: 'running' },
    startSeconds: 60,
    relays: { through: { kind: 'file', path: here }, past: { kind: 'file', path: there }, to: places },
  };
  const look = async (kept: Keeper, times = 3): Promise<void> => {
    for (let look = 0; look < times; look++) await kept.look();
  };
  beforeEach(() => {
    for (const file of [here, there, places]) writeFileSync(file, 'a');
  });

  test('is restarted when requests get past it, but not through it any more', async () => {
    const kept = keeper(relays);
    await look(kept);
    expect(pebble.done).toEqual([]);
    rmSync(here);
    await look(kept);
    expect(pebble.done).toEqual([restarted]);
    expect(lines).toEqual([`temporal: restart, because requests do not get through it, though they do past it (${here} does not exist), 3 times in a row`]);
  });

  test('is left alone while it has not learned any, and while nobody gets there', async () => {
    const kept = keeper(relays);
    rmSync(here);
    await look(kept);
    rmSync(there);
    await look(kept);
    writeFileSync(there, '');
    await look(kept);
    writeFileSync(here, '');
    await look(kept);
    rmSync(there);
    writeFileSync(places, 'none');
    await look(kept);
    expect(pebble.done).toEqual([]);
  });

  test('is restarted when the places have become others, once they stay so', async () => {
    const kept = keeper(relays);
    await look(kept);
    writeFileSync(places, 'b');
    await look(kept, 2);
    writeFileSync(places, 'b, c');
    await look(kept, 2);
    expect(pebble.done).toEqual([]);
    await look(kept, 1);
    expect(pebble.done).toEqual([restarted]);
    expect(lines).toEqual([`temporal: restart, because ${places} is not what it was when it began to work, 3 times in a row`]);
    // That start has learned these.
    await look(kept);
    expect(pebble.done).toEqual([restarted]);
  });

  test('is seen at work as soon as it is', async () => {
    const kept = keeper(relays, 200);
    rmSync(here);
    await kept.look();
    writeFileSync(here, '');
    await kept.look();
    rmSync(here);
    for (let look = 0; look < 3; look++) {
      await new Promise((resolve) => setTimeout(resolve, 210));
      await kept.look();
      await kept.look();
    }
    expect(pebble.done).toEqual([restarted]);
  });

  test('is left alone when they become others for a moment', async () => {
    const kept = keeper(relays);
    await look(kept);
    writeFileSync(places, 'none');
    await look(kept, 2);
    writeFileSync(places, 'a');
    await look(kept);
    expect(pebble.done).toEqual([]);
  });

  test('what it began with is what the file said when requests got there, not before', async () => {
    rmSync(there);
    const kept = keeper(relays);
    await look(kept);
    for (const file of [there, places]) writeFileSync(file, 'b');
    await look(kept, 5);
    expect(pebble.done).toEqual([]);
  });
});

describe('a file that is read at the start only', () => {
  const conf = join(path, 'production.yaml');
  const running: Partial<Process> = { alive: { kind: 'running' }, restartsOn: [conf] };
  const write = (content: string, secondsAgo = 0): void => {
    writeFileSync(conf, content);
    const time = Date.now() / 1000 - secondsAgo;
    utimesSync(conf, time, time);
  };
  const startedAgo = (seconds: number): void => {
    pebble.since = new Date(Date.now() - seconds * 1000).toISOString();
  };

  test('written before the start: nothing; the same again: nothing; other content: one restart', async () => {
    write('a', 10);
    startedAgo(5);
    const kept = keeper(running);
    await kept.look();
    write('a');
    await kept.look();
    expect(pebble.done).toEqual([]);
    write('b');
    await kept.look();
    await kept.look();
    await kept.look();
    expect(pebble.done).toEqual([restarted]);
    expect(lines).toEqual([`temporal: restart, because ${conf} changed`]);
  });

  test('changed and changed back counts as unchanged only against what was read', async () => {
    write('a', 10);
    startedAgo(5);
    const kept = keeper(running);
    await kept.look();
    write('b');
    await kept.look();
    await kept.look();
    write('a');
    await kept.look();
    expect(pebble.done).toEqual([restarted, restarted]);
  });

  test('changed between the start and the first look after it', async () => {
    write('a', 10);
    startedAgo(8);
    const kept = keeper(running);
    await kept.look();
    // Restarted by somebody; it read "a" two seconds ago, and one second ago the file became "b".
    startedAgo(2);
    write('b', 1);
    await kept.look();
    expect(pebble.done).toEqual([restarted]);
  });

  test('not there: nothing', async () => {
    const kept = keeper({ ...running, restartsOn: [join(path, 'nosuch')] });
    await kept.look();
    await kept.look();
    expect(pebble.done).toEqual([]);
  });

  test('a restart that could not be asked for is asked for again', async () => {
    write('a', 10);
    startedAgo(5);
    const kept = keeper(running);
    await kept.look();
    write('b');
    await pebble.down();
    await kept.look();
    await pebble.up();
    pebble.current = 'active';
    startedAgo(5);
    await kept.look();
    expect(pebble.done).toEqual([restarted]);
  });
});
