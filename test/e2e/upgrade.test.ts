/** From one version of MAAS to the next, and the way back that is refused. The tests follow each other. */

import { readFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { defaults } from '../../charts/tables/valuesfile';
import { Api, Cluster, seconds, synthesize, until } from './cluster';
import { kubectl } from './command';
import { nextTag } from './next';

const cluster = new Cluster('maas-upgrade');
const { tag } = defaults().images.region;
let older: string;
let newer: string;
let identity: { controllers: Map<string, string>; secret: string; key: string };

/** Manifests for the region image of a tag. */
async function manifests(regionTag: string): Promise<string> {
  const values = parse(readFileSync('test/e2e/upgrade.values.yaml', 'utf8')) as object;
  mkdirSync('build/e2e', { recursive: true });
  writeFileSync(`build/e2e/upgrade-${regionTag}.yaml`, stringify({ ...values, images: { region: { tag: regionTag } } }));
  return synthesize(`build/e2e/upgrade-${regionTag}.yaml`, `build/e2e/upgrade-${regionTag}`);
}

const api = async (): Promise<Api> => new Api(cluster, await cluster.secret('maas-api-key', 'key'));
const version = async (): Promise<string> => String((await (await api()).call('version/')).body.version);
const database = (query: string): Promise<string> => cluster.sql(query);

beforeAll(async () => {
  await cluster.remove();
  older = await manifests(tag);
  newer = await manifests(nextTag(tag));
});

afterAll(() => cluster.remove());

test('the older version runs', async () => {
  await kubectl('apply', '-f', older);
  await cluster.allReady('region', 1, 180);
  expect(await version()).toMatch(/^3\.7\.3/);
  identity = {
    controllers: await (await api()).controllers('region'),
    secret: await cluster.secret('maas-region-secret', 'secret'),
    key: await cluster.secret('maas-api-key', 'key'),
  };
});

test('with the newer one, bootstrap waits for the region of the older, migrates, and the region comes back as the same', async () => {
  const started = Date.now();
  await kubectl('apply', '-f', newer);
  const log = await until('the newer bootstrap', 240, async () => {
    const said = await cluster.jobLog('bootstrap');
    return said.includes('now at MAAS 1:3.8.0') ? said : undefined;
  });
  expect(log).toMatch(/database: migrating from MAAS 1:3\.7\.3\S* to MAAS 1:3\.8\.0/);
  await cluster.allReady('region', 1, 180);
  console.log(`upgrade → ready: ${String(seconds(started))} s`);
  expect(await version()).toMatch(/^3\.8\.0/);
  expect({
    controllers: await (await api()).controllers('region'),
    secret: await cluster.secret('maas-region-secret', 'secret'),
    key: await cluster.secret('maas-api-key', 'key'),
  }).toEqual(identity);
});

test('the older version refuses the newer schema before it touches anything, and says so', async () => {
  const tables = await database("select string_agg(table_schema || '.' || table_name || column_name, ',' order by 1) from information_schema.columns");
  await kubectl('apply', '-f', older);
  await until('the region that refuses', 120, async () => {
    const pods = (await cluster.pods('region')).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    const logs = await Promise.all(pods.map(({ metadata }) => cluster.kubectl('logs', metadata.name as string, '-c', 'regiond')));
    return logs.some((log) => /waiting for bootstrapped .*the database is at MAAS 1:3\.8\.0\S*, installed here is 1:3\.7\.3\S*: MAAS cannot go back/.test(log))
      ? true
      : undefined;
  });
  expect(await database("select string_agg(table_schema || '.' || table_name || column_name, ',' order by 1) from information_schema.columns")).toBe(tables);
});

test('and the newer one goes on where it was', async () => {
  await kubectl('apply', '-f', newer);
  await cluster.allReady('region', 1, 180);
  expect(await version()).toMatch(/^3\.8\.0/);
});
