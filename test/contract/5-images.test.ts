/** maas-run.md 5: boot images. And, because it takes a workflow to see it, what 2 says of the secret's rotation. */

import { until } from '../e2e/cluster';
import { api, read, type Field } from './api';
import { seed, liveRegion, live, serves, startProcess, state } from './region';
import { sql, value } from './database';
import { files, Mirror, url } from './mirror';
import { control, endSupervisor, pids, startSupervisor } from './mux';
import { staysTrue } from './pod';
import { region } from './pods';
import { processOf, Running } from './process';

interface Source {
  readonly id: number;
  readonly url: string;
  readonly keyring_filename: string;
}
interface Selection {
  readonly os: string;
  readonly release: string;
  readonly arches: readonly string[];
}
interface Resource {
  readonly id: number;
  readonly name: string;
  readonly sets?: Readonly<Record<string, { readonly complete: boolean; readonly progress?: number }>>;
}

let mirror: Mirror;
const regiond = new Running(region, 'pebble-regiond');

const importing = async (): Promise<boolean> => (await read('boot-resources/?op=is_importing')) as boolean;
const resources = async (): Promise<Resource[]> => (await read('boot-resources/')) as Resource[];
/** Every set of every resource. */
const sets = async (): Promise<{ complete: boolean; progress?: number }[]> => {
  const all = await Promise.all((await resources()).map(({ id }) => read(`boot-resources/${String(id)}/`)));
  return all.flatMap((resource) => Object.values((resource as Resource).sets ?? {}));
};

async function post(op: 'import' | 'stop_import'): Promise<void> {
  const { status, body } = await api(`boot-resources/?op=${op}`, 'POST');
  if (status !== 200) throw new Error(`${op}: HTTP ${String(status)} ${body.slice(0, 500)}`);
}

const isOver = (limitSeconds = 60): Promise<boolean> => until('is_importing is false', limitSeconds, async () => ((await importing()) ? undefined : true));
const hasBegun = (): Promise<boolean> => until('is_importing is true', 15, async () => ((await importing()) ? true : undefined));

const imageFile = ({ sha256 }: { readonly sha256: string }): string => `${state}/image-storage/${sha256.slice(0, 7)}`;

const ownMirror = (...fields: Field[]) =>
  api('boot-sources/1/', 'PUT', [{ name: 'url', content: url }, { name: 'keyring_data', content: mirror.keyring, file: true }, ...fields]);

beforeAll(async () => {
  await liveRegion();
  // The first one begins by itself, about 25 s after regiond; without the Internet it is over at once.
  await regiond.says(/Importing boot resources failed/, 90);
  mirror = await Mirror.open();
});

afterAll(() => {
  mirror.close();
});

test('the default source and its selection exist after the first start', async () => {
  const [source] = await until('a source', 60, async () => {
    const found = (await read('boot-sources/')) as Source[];
    return found.length > 0 ? found : undefined;
  });
  expect(source).toMatchObject({ id: 1, url: 'http://images.maas.io/ephemeral-v3/stable/' });
  const selections = (await read('boot-sources/1/selections/')) as Selection[];
  expect(selections).toMatchObject([{ os: 'ubuntu', release: 'noble', arches: ['amd64'] }]);
});

test('offline an import fails harmlessly: false means that the lock was released, not success', async () => {
  const before = await pids(region, '/usr/sbin/');
  await isOver();
  await post('import');
  await isOver();
  expect(await resources()).toEqual([]);
  expect(await pids(region, '/usr/sbin/')).toEqual(before);
});

test('a mirror of one’s own takes url, keyring_data as a file and an empty keyring_filename', async () => {
  expect((await ownMirror()).status).toBe(400);
  expect(await ownMirror({ name: 'keyring_filename', content: '' })).toMatchObject({ status: 200 });
  expect((await read('boot-sources/')) as Source[]).toMatchObject([{ url, keyring_filename: '' }]);
});

test('a failing activity is retried for ever with is_importing true; stop_import ends it', async () => {
  await mirror.breaks(true);
  await post('import');
  await hasBegun();
  await until('a resource without its files', 60, async () => {
    const found = await sets();
    return found.length > 0 && !found.some(({ complete }) => complete) ? true : undefined;
  });
  await staysTrue('is_importing', 8, importing);
  await post('stop_import');
  await isOver();
  await mirror.breaks(false);
  // Its downloads have ended with it, and are not tried again.
  await staysTrue('the set is incomplete', 10, async () => (await sets()).every(({ complete }) => !complete));
});

// maasserver/bootresources.py: _import_resources_internal.
test('a source without images: the import is over at once, and nothing is deleted', async () => {
  // Said to syslog only, and kept as an event.
  const refusals = (): Promise<string> => value(live, "SELECT count(*) FROM maasserver_event WHERE description LIKE 'Unable to import boot images%'");
  const [before, said] = [await resources(), await refusals()];
  expect(before).not.toEqual([]);
  await mirror.publish(false);
  await post('import');
  await until('the event', 60, async () => ((await refusals()) === said ? undefined : true));
  await isOver();
  expect((await resources()).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
  await mirror.publish(true);
});

test('POST op=import makes is_importing true; in the end the list is not empty and every set complete', async () => {
  await mirror.delay(3000);
  await post('import');
  await hasBegun();
  await until('locks of the files', 30, async () => {
    const found = (await region.sh('ls /run/lock')).split('\n');
    expect(found).toEqual(expect.arrayContaining(files.map(({ sha256 }) => `maas:bootres_${sha256.slice(0, 7)}.lock`)));
    return true;
  });
  await mirror.delay(0);
  await isOver();
  const found = await sets();
  expect(found.length).toBeGreaterThan(0);
  expect(found.map(({ complete }) => complete)).toEqual(found.map(() => true));
});

test('files in image-storage are named by 7 hexadecimal digits of their SHA-256', async () => {
  for (const { content, sha256 } of files) expect(await region.sh('cat "$1"', { args: [imageFile({ sha256 })] })).toBe(content.trimEnd());
});

test('a second region that has nothing yet makes every set incomplete, at 50 %', async () => {
  // What no two nodes may have in common, too.
  const unique = { hardware_uuid: null, dns_process_id: null };
  const second = { id: 1_000_000, system_id: 'second', hostname: 'second', current_config_id: null, ...unique };
  await sql(
    live,
    `INSERT INTO maasserver_node SELECT (jsonb_populate_record(node, '${JSON.stringify(second)}')).* FROM maasserver_node node WHERE node_type = 3`,
  );
  try {
    expect(await sets()).toMatchObject([{ complete: false, progress: 50 }]);
  } finally {
    await sql(live, `DELETE FROM maasserver_node WHERE id = ${String(second.id)}`);
  }
  expect((await sets()).map(({ complete }) => complete)).toEqual([true]);
});

describe('2: the secret is changed and regiond restarted', () => {
  /** One that nobody restarts. */
  let worker: Running;
  const failures = async (): Promise<number> => (await worker.log()).match(/InvalidTag/g)?.length ?? 0;

  beforeAll(async () => {
    await endSupervisor(region, 'temporal-worker');
    worker = await startProcess('temporal-worker');
    await worker.says(/temporal-worker started/, 60);
    await seed(live, 'fedcba9876543210fedcba9876543210');
    await control(region, 'restart', 'regiond');
    await until('the file follows', 60, async () => ((await region.read(`${state}/secret`)).startsWith('fedc') ? true : undefined));
    await serves('nginx', 60);
  });

  test('temporal-worker keeps the old key: InvalidTag for ever, and it runs as if nothing were wrong', async () => {
    expect(await failures()).toBe(0);
    // For what is complete no workflow is started.
    await region.sh('rm "$1"', { args: [imageFile(files[0]!)] });
    await post('import');
    await until('InvalidTag', 60, async () => ((await failures()) > 0 ? true : undefined));
    expect(await worker.runs()).toBe(true);
    expect(await importing()).toBe(true);
  });

  test('another one takes the new key; before, nobody can end the import', async () => {
    await worker.end(processOf('region', 'temporal-worker').stopSeconds);
    await post('stop_import');
    await staysTrue('is_importing', 3, importing);
    await startSupervisor(region, 'temporal-worker');
    await new Running(region, 'pebble-temporal-worker').says(/temporal-worker started/, 60);
    await isOver(120);
    await post('import');
    await isOver();
    expect((await sets()).map(({ complete }) => complete)).toEqual([true]);
  });
});
