import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { bootstrap } from '../../../cli/bootstrap/bootstrap';
import { unguarded } from '../../../cli/kubernetes/transport';
import { fakeKubernetes, type FakeKubernetes } from '../fake-kubernetes';
import { folder, until } from '../folder';
import { FakeDatabase } from './fake-database';

const lines: string[] = [];
let database: FakeDatabase;
let kubernetes: FakeKubernetes;
let installed = '3.7.3';
let runs: { readonly argv: readonly string[]; readonly input?: string }[] = [];

jest.mock('../../../cli/log', () => ({ log: (line: string) => void lines.push(line) }));
jest.mock('../../../cli/postgres/client', () => ({
  connect: async (_: unknown, password: string) => Promise.resolve().then(() => database.connect(password)),
}));
jest.mock('../../../cli/debian', () => ({ installedVersion: () => installed, isNewer: (left: string, right: string) => left > right }));
jest.mock('../../../cli/bootstrap/maas-region', () => ({
  maasRegion: (argv: readonly string[], { input, tell }: { input?: string; tell?: (line: string) => void }) => {
    runs.push({ argv, input });
    if (argv[0] === 'dbupgrade') {
      database.migrated = true;
      tell?.('Running migrations:');
    } else if (argv[0] === 'createadmin') {
      const name = argv.find((argument) => argument.startsWith('--username='))?.split('=')[1] ?? '';
      if (database.users.includes(name)) return Promise.resolve({ code: 1, output: ['CommandError: A user with the email a@b.c already exists.'] });
      database.users.push(name);
      database.keys.push('c:t:s');
    } else if (argv[0] === 'apikey') return Promise.resolve({ code: 0, output: ['c2:t2:s2'] });
    return Promise.resolve({ code: 0, output: [] });
  },
}));

const environment = {
  NAMESPACE: 'maas',
  MAAS_URL: 'http://maas:5240/MAAS',
  REGION_IMAGE: 'region:new',
  DATABASE_HOST: 'db',
  DATABASE_PORT: '5432',
  DATABASE_NAME: 'maasdb',
  DATABASE_USER: 'maas',
  DATABASE_EMBEDDED: 'false',
  SECRET_REGION: 'region',
  SECRET_DATABASE: 'database',
  SECRET_ADMIN: 'admin',
  SECRET_API_KEY: 'key',
  ADMIN_USERNAME: 'boss',
  ADMIN_EMAIL: 'a@b.c',
};
const secret = '0123456789abcdef0123456789abcdef';
const go = (changes: Record<string, string> = {}, timeout = 300): Promise<void> =>
  bootstrap({ ...environment, ...changes }, { timeout }, unguarded(kubernetes.port));
const commands = (): string[] => runs.map(({ argv }) => argv[0] ?? '');
const writesToKubernetes = (): string[] => kubernetes.requests.filter((request) => !request.startsWith('GET'));

beforeEach(async () => {
  database = new FakeDatabase();
  kubernetes = await fakeKubernetes();
  kubernetes.put('database', { password: 'right' });
  kubernetes.lists.set('/api/v1/namespaces/maas/pods', []);
  installed = '3.7.3';
  runs = [];
  lines.length = 0;
  process.env['MAAS_REGION_CONFIG'] = join(folder(), 'regiond.conf');
});
afterEach(() => kubernetes.close());

test('from nothing: secret, schema, seed, version, administrator, key', async () => {
  await go();
  const made = kubernetes.value('region', 'secret');
  expect(made).toMatch(/^[0-9a-f]{32}$/);
  expect(database.seed).toBe(made);
  expect(database.version).toBe('3.7.3');
  expect(database.users).toEqual(['boss']);
  expect(kubernetes.value('admin', 'username')).toBe('boss');
  expect(kubernetes.value('key', 'key')).toBe('c:t:s');
  expect(commands()).toEqual(['dbupgrade', 'createadmin']);
  expect(statSync(process.env['MAAS_REGION_CONFIG'] ?? '').mode & 0o777).toBe(0o640);
  expect(readFileSync(process.env['MAAS_REGION_CONFIG'] ?? '', 'utf8')).toContain('database_pass: "right"');
});

test('no secret is in the log or on a command line', async () => {
  await go();
  const password = kubernetes.value('admin', 'password') ?? '';
  const said = JSON.stringify([lines, runs.map(({ argv }) => argv)]);
  for (const hidden of ['right', password, kubernetes.value('region', 'secret') ?? '', 'c:t:s']) expect(said).not.toContain(hidden);
  expect(runs.find(({ argv }) => argv[0] === 'createadmin')?.input).toBe(`${password}\n${password}\n`);
});

test('again: nothing is written anywhere', async () => {
  await go();
  kubernetes.requests.length = 0;
  database.writes.length = 0;
  runs = [];
  await go();
  expect(writesToKubernetes()).toEqual([]);
  expect(database.writes).toEqual(['INSERT INTO maasserver_secret']); // ON CONFLICT DO NOTHING
  expect(commands()).toEqual([]);
});

test.each([/to_regclass/, /INSERT INTO maasserver_secret/, /CREATE SCHEMA/, /INSERT INTO maas_k8s/, /FROM auth_user/, /FROM piston3_token/])(
  'ended at %s and run again, it comes to the same',
  async (breakAt) => {
    database.breakAt = breakAt;
    await expect(go()).rejects.toThrow('Connection terminated');
    const before = kubernetes.value('region', 'secret');
    database.breakAt = undefined;
    await go();
    if (before !== undefined) expect(kubernetes.value('region', 'secret')).toBe(before);
    expect(database.seed).toBe(kubernetes.value('region', 'secret'));
    expect(database.users).toEqual(['boss']);
    expect(kubernetes.value('key', 'key')).toBe('c:t:s');
  },
);

describe('the region secret', () => {
  test('given: it is seeded', async () => {
    kubernetes.put('region', { secret });
    await go();
    expect(database.seed).toBe(secret);
  });

  test('only in the database: taken over, not made up', async () => {
    Object.assign(database, { migrated: true, seed: secret, version: '3.7.3' });
    await go();
    expect(kubernetes.value('region', 'secret')).toBe(secret);
  });

  test('different in both: refused, nothing changed', async () => {
    Object.assign(database, { migrated: true, seed: secret.replace('0', 'f') });
    kubernetes.put('region', { secret });
    await expect(go()).rejects.toThrow('hold different region secrets');
    expect([writesToKubernetes(), database.writes, commands()]).toEqual([[], [], []]);
  });

  test('of bad form: refused before anything is asked of the database', async () => {
    kubernetes.put('region', { secret: secret.toUpperCase() });
    await expect(go({ DATABASE_EMBEDDED: 'true' })).rejects.toThrow('the Secret region, key "secret", has upper-case characters');
    expect([writesToKubernetes(), database.writes, commands()]).toEqual([[], [], []]);
  });

  test('made by somebody else meanwhile: theirs counts', async () => {
    const create = kubernetes.put.bind(kubernetes);
    database.connect = ((connect) => (password: string) => {
      create('region', { secret });
      return connect(password);
    })(database.connect.bind(database));
    await go();
    expect(database.seed).toBe(secret);
    expect(kubernetes.value('region', 'secret')).toBe(secret);
  });
});

describe('the database', () => {
  test('ours: its password is made up while the database has not started, which waits for it', async () => {
    kubernetes.secrets.delete('database');
    database.away = true;
    await expect(go({ DATABASE_EMBEDDED: 'true' })).rejects.toThrow('db:5432: connection refused');
    expect(kubernetes.value('database', 'password')).toMatch(/^.{32}$/);
  });

  const pods = [
    { metadata: { name: 'maas-region-b-1' }, spec: { volumes: [{ name: 's', secret: { secretName: 'database' } }] }, status: { phase: 'Pending' } },
    { metadata: { name: 'maas-rack-1' }, spec: { volumes: [{ name: 's', secret: { secretName: 'region' } }] }, status: { phase: 'Running' } },
    {
      metadata: { name: 'maas-region-a-1' },
      spec: {
        volumes: [{ name: 's', secret: { secretName: 'database' } }],
        containers: [{ name: 'regiond' }, { name: 'services', volumeMounts: [{ name: 's', mountPath: '/run/secrets/maas/database' }] }],
      },
      status: { phase: 'Running' },
    },
  ];
  const recreated =
    'kubectl exec -n maas maas-region-a-1 -c services -- cat /run/secrets/maas/database/password | ' +
    'kubectl create secret generic database -n maas --from-literal=username=maas --from-file=password=/dev/stdin && ' +
    'kubectl label secret database -n maas app.kubernetes.io/part-of=maas app.kubernetes.io/managed-by=maas-k8s';

  test.each([
    ['the database answers and a pod has the password', false, pods, recreated],
    ['the database is away and a pod has the password', true, pods, recreated],
    [
      'the database answers and no pod has the password',
      false,
      pods.slice(0, 2),
      "give that to the role: kubectl exec -it -n maas statefulset/db -- psql -U maas -d maasdb -c '\\password maas'",
    ],
  ])('ours, and its Secret is gone: none is made up where %s, until it is back', async (_, away, list, cure) => {
    kubernetes.secrets.delete('database');
    kubernetes.lists.set('/api/v1/namespaces/maas/pods', list);
    database.away = away;
    const running = go({ DATABASE_EMBEDDED: 'true' }, 10_000);
    await until(() => lines.some((line) => line.includes('waiting for the database maasdb: the Secret database is gone')), 'the line that names the Secret');
    expect(lines.at(-1)).toContain(cure);
    expect(writesToKubernetes()).toEqual([]);
    kubernetes.put('database', { password: 'right' });
    database.away = false;
    await running;
    expect(writesToKubernetes().filter((request) => request.includes('/database'))).toEqual([]);
  });

  test('ours, with data that were kept and a Secret that was not: said how both agree', async () => {
    database.password = 'that of the first start';
    await expect(go({ DATABASE_EMBEDDED: 'true' })).rejects.toThrow(
      /is not the password of role maas.*; the database keeps the password of its first start: put that one into the Secret, or .*\\password maas/,
    );
    await expect(go()).rejects.not.toThrow('of its first start');
  });

  test('somebody else’s: the Secret is waited for, and read again', async () => {
    kubernetes.secrets.delete('database');
    const running = go({}, 5000);
    await until(() => lines.some((line) => line.includes('there is no Secret database yet')), 'the line that names the Secret');
    kubernetes.put('database', { password: 'right' });
    kubernetes.lists.set('/api/v1/namespaces/maas/pods', []);
    await running;
    expect(writesToKubernetes().filter((request) => request.includes('/database'))).toEqual([]);
  });

  test.each([
    ['wrong password', { password: 'other' }, /gave up waiting for the database maasdb .* is not the password of role maas/],
    ['wrong owner', { owner: 'postgres' }, /role maas does not own the database maasdb \(postgres does\); ALTER DATABASE "maasdb" OWNER TO "maas"/],
    ['another bootstrap', { locked: true }, /another bootstrap is at work/],
  ])('%s: named when the time is over', async (_, fields, said) => {
    Object.assign(database, fields);
    await expect(go()).rejects.toThrow(said);
    expect([database.writes, commands()]).toEqual([[], []]);
  });
});

describe('versions', () => {
  test('a newer one migrates', async () => {
    await go();
    runs = [];
    installed = '3.7.4';
    await go();
    expect(commands()).toEqual(['dbupgrade']);
    expect(database.version).toBe('3.7.4');
  });

  test('the same one migrates again in a database that was restored under another name, where Temporal would not find its schema', async () => {
    await go();
    runs = [];
    database.renamed = true;
    await go();
    expect(commands()).toEqual(['dbupgrade']);
  });

  test('a newer one waits until no region of another image is there, and none starts meanwhile', async () => {
    await go();
    runs = [];
    installed = '3.7.4';
    const region = (name: string, image: string, phase: string) => ({
      metadata: { name },
      spec: { containers: [{ name: 'regiond', image }] },
      status: { phase },
    });
    const pods = [region('old', 'region:old', 'Running'), region('gone', 'region:old', 'Succeeded'), region('new', 'region:new', 'Pending')];
    kubernetes.lists.set('/api/v1/namespaces/maas/pods', pods);
    const done = go({}, 10_000);
    await until(
      () => lines.some((line) => line.includes('waiting for the regions of another version to end: still there: old (region:old)')),
      'the line that names the pod',
    );
    expect([database.migrating, database.version, commands()]).toEqual(['3.7.4', '3.7.3', []]);
    kubernetes.lists.set('/api/v1/namespaces/maas/pods', pods.slice(1));
    await done;
    expect([database.migrating, database.version, commands()]).toEqual([undefined, '3.7.4', ['dbupgrade']]);
  });

  test('regions whose image was rewritten as ours was are of our version', async () => {
    await go();
    installed = '3.7.4';
    const pod = (name: string, container: string, image: string) => ({
      metadata: { name },
      spec: { containers: [{ name: container, image }] },
      status: { phase: 'Running' },
    });
    const old = pod('old', 'regiond', 'mirror/region@sha256:01d');
    const list = [
      pod('us', 'bootstrap', 'mirror/region@sha256:e3'),
      old,
      pod('new', 'regiond', 'mirror/region@sha256:e3'),
      pod('plain', 'regiond', 'region:new'),
    ];
    kubernetes.lists.set('/api/v1/namespaces/maas/pods', list);
    const done = go({ POD_NAME: 'us' }, 10_000);
    await until(() => lines.some((line) => line.endsWith('still there: old (mirror/region@sha256:01d)')), 'the line that names the old pod alone');
    kubernetes.lists.set(
      '/api/v1/namespaces/maas/pods',
      list.filter((each) => each !== old),
    );
    await done;
    expect(database.version).toBe('3.7.4');
  });

  test('an older one is refused before anything is touched', async () => {
    await go();
    kubernetes.requests.length = 0;
    runs = [];
    database.writes.length = 0;
    kubernetes.secrets.delete('key');
    installed = '3.6.5';
    await expect(go()).rejects.toThrow('the database is at MAAS 3.7.3, this is 3.6.5: MAAS cannot go back');
    expect([writesToKubernetes(), database.writes, commands()]).toEqual([[], [], []]);
  });
});

describe('administrator and key', () => {
  test('a Secret that is given names the administrator', async () => {
    kubernetes.put('admin', { username: 'ada', password: 'given' });
    await go();
    expect(database.users).toEqual(['ada']);
    expect(runs.find(({ argv }) => argv[0] === 'createadmin')?.input).toBe('given\ngiven\n');
  });

  test('exists, and nobody knows the password: no Secret with a wrong one', async () => {
    Object.assign(database, { users: ['boss'], keys: ['c:t:s'] });
    await go();
    expect(kubernetes.secrets.has('admin')).toBe(false);
    expect(kubernetes.value('key', 'key')).toBe('c:t:s');
  });

  test('no key yet: one is generated', async () => {
    Object.assign(database, { users: ['boss'] });
    await go();
    expect(kubernetes.value('key', 'key')).toBe('c2:t2:s2');
  });

  test('a stale key of our own is replaced, somebody else’s is not', async () => {
    await go();
    database.keys = ['n:e:w'];
    await go();
    expect(kubernetes.value('key', 'key')).toBe('n:e:w');
    kubernetes.put('key', { key: 'some:body:else' });
    await expect(go()).rejects.toThrow('the Secret key holds no API key of boss that MAAS knows, and was not made by bootstrap');
    expect(kubernetes.value('key', 'key')).toBe('some:body:else');
  });

  test('the mail address is taken: said as MAAS says it', async () => {
    database.users.push('other');
    kubernetes.put('admin', { username: 'boss', password: 'p' });
    const push = jest.spyOn(database.users, 'push').mockReturnValue(1);
    await expect(go()).rejects.toThrow(/maas-region createadmin failed/);
    push.mockRestore();
  });
});

test('all bad variables are named at once', async () => {
  await expect(go({ NAMESPACE: '', DATABASE_PORT: 'x', DATABASE_EMBEDDED: 'maybe' })).rejects.toThrow(
    /NAMESPACE is not set.*DATABASE_PORT is "x".*DATABASE_EMBEDDED is "maybe"/,
  );
});
