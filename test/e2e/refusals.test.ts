/**
 * Bad input and a missing database, in a namespace of its own without racks. The tests follow each other:
 * each leaves the set-up as the next one finds it, and every wrong thing that is put right goes on by itself.
 */

import { Cluster, synthesize, until, type KubernetesObject } from './cluster';
import { kubectl, run } from './command';

const cluster = new Cluster('maas-refusals');
const right = { region: '0123456789abcdef0123456789abcdef', password: 'a-password-of-ours' };
let manifests: string;

const setSecret = async (name: string, key: string, value: string): Promise<void> => {
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: cluster.namespace }, stringData: { [key]: value } };
  await run('kubectl', ['apply', '-f', '-'], { input: JSON.stringify(secret) });
};

const said = (pattern: RegExp, limitSeconds: number): Promise<string> =>
  until(`bootstrap says ${String(pattern)}`, limitSeconds, async () => {
    const log = await cluster.jobLog('bootstrap');
    if (!pattern.test(log)) throw new Error(log.slice(-1000));
    return log;
  });

const again = async (): Promise<void> => {
  await cluster.kubectl('delete', 'job', '-l', 'app.kubernetes.io/component=bootstrap');
  await kubectl('apply', '-f', manifests);
};

const seed = (): Promise<string> => cluster.sql("select value->>'secret' from maasserver_secret where path = 'global/rpc-shared'");

beforeAll(async () => {
  await cluster.remove();
  manifests = await synthesize('test/e2e/refusals.values.yaml', 'build/e2e/refusals');
  await kubectl('create', 'namespace', cluster.namespace);
});

afterAll(() => cluster.remove());

test('a region secret that is not 32 hexadecimal characters is refused, naming the Secret and the rule', async () => {
  await setSecret('maas-region-secret', 'secret', right.region.slice(1));
  await setSecret('maas-database', 'password', right.password);
  await kubectl('apply', '-f', manifests);
  await cluster.kubectl('scale', 'statefulset/maas-database', '--replicas=0');
  const log = await said(/maas-region-secret/, 60);
  expect(log).toMatch(/maas-region-secret.*exactly 32 lower-case hex characters/);
  expect(log).not.toContain(right.region.slice(1));
  expect(log).not.toMatch(/^\s+at /m);
});

test('put right, it goes on, waits for the database that is down, and says so', async () => {
  await setSecret('maas-region-secret', 'secret', right.region);
  await said(/waiting.*database/i, 120);
  const [region] = await cluster.pods('region');
  await until('regiond says that it waits', 60, async () => {
    const log = await cluster.kubectl('logs', region!.metadata.name as string, '-c', 'regiond');
    return /waiting for bootstrapped/i.test(log) ? true : undefined;
  });
});

test('when the database comes, everything goes on, and no container was restarted meanwhile', async () => {
  await cluster.kubectl('scale', 'statefulset/maas-database', '--replicas=1');
  await cluster.jobComplete('bootstrap', 180);
  const [region] = await cluster.allReady('region', 1, 180);
  expect((region!.status.containerStatuses as KubernetesObject[]).filter(({ restartCount }) => restartCount > 0)).toEqual([]);
  expect((await seed()).trim()).toBe(right.region);
});

test('wrong database credentials are said by name, and right ones are taken without a hand', async () => {
  await setSecret('maas-database', 'password', 'something else');
  await again();
  const log = await said(/maas-database/, 60);
  expect(log).toMatch(/Secret maas-database.*password/);
  expect(log).not.toContain('something else');
  expect(log).not.toMatch(/^\s+at /m);
  await setSecret('maas-database', 'password', right.password);
  await cluster.jobComplete('bootstrap', 120);
});

test('a database Secret that is gone is not made up while its password is in use, and what the log says brings it back', async () => {
  await cluster.kubectl('delete', 'secret', 'maas-database');
  await again();
  const log = await said(/the Secret maas-database is gone/, 60);
  expect(log).not.toContain(right.password);
  expect(await cluster.kubectl('get', 'secrets', '-o', 'name')).not.toContain('secret/maas-database\n');
  await run('sh', ['-c', /kubectl exec .* kubectl label .*$/m.exec(log)![0]]);
  expect(await cluster.secret('maas-database', 'password')).toBe(right.password);
  await cluster.jobComplete('bootstrap', 120);
  await cluster.allReady('region', 1, 60);
});

test('a database that holds another secret is refused, and nothing is changed', async () => {
  const other = 'f'.repeat(32);
  await setSecret('maas-region-secret', 'secret', other);
  await again();
  const log = await said(/another secret|differs|different/i, 60);
  expect(log).toContain('maas-region-secret');
  expect(log).not.toContain(other);
  expect(log).not.toContain(right.region);
  expect((await seed()).trim()).toBe(right.region);
  expect(await cluster.secret('maas-region-secret', 'secret')).toBe(other);
  await setSecret('maas-region-secret', 'secret', right.region);
  await cluster.jobComplete('bootstrap', 120);
});
