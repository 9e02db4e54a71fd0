/** Two region members behind one Service. The tests follow each other. */

import { Api, Cluster, synthesize } from './cluster';
import { kubectl } from './command';
import { ask, member } from './members';

const cluster = new Cluster('maas-members');
let controllers: Map<string, string>;

const rpc = async (): Promise<string[]> =>
  cluster.forward('maas-region', 5240, async (port) => {
    const { eventloops } = (await (await fetch(`http://127.0.0.1:${String(port)}/MAAS/rpc/`)).json()) as { eventloops: object };
    return [...new Set(Object.keys(eventloops).map((name) => name.split(':')[0]!))].sort();
  });

beforeAll(async () => {
  await cluster.remove();
  await kubectl('apply', '-f', await synthesize('test/e2e/members.values.yaml', 'build/e2e/members'));
});

afterAll(() => cluster.remove());

test('both come up, on different nodes, as two controllers of one MAAS', async () => {
  const pods = await cluster.allReady('region', 2, 240);
  expect(new Set(pods.map(({ spec }) => spec.nodeName as string)).size).toBe(2);
  controllers = await new Api(cluster, await cluster.secret('maas-api-key', 'key')).controllers('region');
  expect([...controllers.keys()].sort()).toEqual(['maas-region-a', 'maas-region-b']);
  expect(await rpc()).toEqual(['maas-region-a', 'maas-region-b']);
});

test('they share the certificates and the secret, and each has its own images', async () => {
  const print = async (name: string): Promise<string> => {
    const { metadata } = await member(cluster, name);
    return cluster.exec(metadata.name as string, 'regiond', 'sh', '-c', 'cat /var/lib/maas/certificates/* /var/lib/maas/secret | sha256sum');
  };
  expect(await print('a')).toBe(await print('b'));
  expect((await cluster.list('pvc', 'app.kubernetes.io/component=region')).map(({ metadata }) => metadata.name as string).sort()).toEqual([
    'maas-region-a-images',
    'maas-region-b-images',
  ]);
});

test('while one goes away and comes back, no request fails, and it is the same controller', async () => {
  const asked = ask(cluster, await member(cluster, 'a'), 'maas-region', 40);
  await cluster.kubectl('delete', 'pod', (await member(cluster, 'b')).metadata.name as string, '--wait=false');
  const counts = await asked;
  expect(Object.keys(counts)).toEqual(['200']);
  await cluster.allReady('region', 2, 120);
  expect(await new Api(cluster, await cluster.secret('maas-api-key', 'key')).controllers('region')).toEqual(controllers);
  expect(await rpc()).toEqual(['maas-region-a', 'maas-region-b']);
});

test('the database has room for both', async () => {
  const count = (query: string): Promise<number> => cluster.sql(query).then(Number);
  expect(await count('select count(*) from pg_stat_activity')).toBeLessThan(await count("select setting from pg_settings where name = 'max_connections'"));
});
