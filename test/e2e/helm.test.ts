/** The same MAAS by the Helm chart, and what a release goes through: upgrade, rollback, uninstall, and back again. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { helm } from '../helm/binaries';
import { chart, temporary } from '../helm/chart';
import { Api, seconds, until, type KubernetesObject } from './cluster';
import { kubectl, run } from './command';
import { cluster, describeRunning, secrets } from './running';

const { namespace } = cluster;
const folder = chart();
const values = ['--values', 'test/e2e/values.yaml'];

const release = (verb: string, ...args: readonly string[]): Promise<string> => run(helm[4](), [verb, 'maas', ...args, '--namespace', namespace]);

/** Object and generation: what changes where Kubernetes has been told something new. */
async function generations(): Promise<Map<string, number>> {
  const found = await Promise.all(['deployments', 'daemonsets', 'statefulsets', 'jobs', 'cronjobs', 'services', 'pods'].map((kind) => cluster.list(kind)));
  return new Map(found.flat().map(({ metadata }) => [`${String(metadata.name)} ${String(metadata.uid)}`, (metadata.generation as number | undefined) ?? 0]));
}

let installed: Promise<string>;

describeRunning('helm install takes the chart', {
  install: async () => {
    await kubectl('create', 'namespace', namespace);
    await kubectl('label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=privileged');
    installed = release('install', folder, ...values, '--wait', '--timeout', '10m');
    // Those who wait for it are told; nobody else is to be bothered.
    installed.catch(() => undefined);
    await until('objects', 60, async () => ((await cluster.list('deployments')).length > 0 ? true : undefined));
  },
  again: async () => {
    const before = await generations();
    await release('upgrade', folder, ...values, '--wait', '--timeout', '10m');
    expect(await generations()).toEqual(before);
  },
  manifests: () => release('get', 'manifest'),
});

test('helm install --wait has come back, with what to do next', async () => {
  expect(await installed).toContain('helm test maas -n maas');
});

test('helm test sees the API and the racks', async () => {
  expect(await release('test', '--logs')).toMatch(/registration: (\d+) of \1 racks connected/);
});

const controllers = async (): Promise<object> => {
  const api = new Api(cluster, await cluster.secret(secrets.apiKey, 'key'));
  return { region: await api.controllers('region'), rack: await api.controllers('rack') };
};
const regionContainers = async (): Promise<string[]> =>
  ((await cluster.get('deployment', 'maas-region-a')).spec.template.spec.containers as KubernetesObject[]).map(({ name }) => name as string);

let before: object;

test('helm upgrade --wait with changed values', async () => {
  before = await controllers();
  const started = Date.now();
  const changed = join(temporary(), 'changed.yaml');
  writeFileSync(changed, 'region: { workers: 1, proxy: { enabled: false } }\njobs: { podAnnotations: { changed: "yes" } }\n');
  await release('upgrade', folder, ...values, '--values', changed, '--wait', '--timeout', '10m');
  console.log(`helm upgrade --wait: ${String(seconds(started))} s`);
  expect(await regionContainers()).not.toContain('proxy');
  await Promise.all([cluster.jobComplete('bootstrap', 120), cluster.jobComplete('registration', 120)]);
  expect(await controllers()).toEqual(before);
});

test('helm rollback --wait', async () => {
  const started = Date.now();
  await release('rollback', '1', '--wait', '--timeout', '10m');
  console.log(`helm rollback --wait: ${String(seconds(started))} s`);
  expect(await regionContainers()).toContain('proxy');
  await Promise.all([cluster.jobComplete('bootstrap', 120), cluster.jobComplete('registration', 120)]);
  expect(await controllers()).toEqual(before);
});

test('helm uninstall leaves the volume claims and the Secrets that hold the identity, and nothing else', async () => {
  await release('uninstall', '--wait', '--timeout', '5m');
  const kinds = (await kubectl('api-resources', '--namespaced', '--verbs=list', '-o', 'name')).trim().split('\n');
  // What Kubernetes itself keeps in a namespace, or still remembers of it.
  const itsOwn = /^(events|endpoints|endpointslices\.|leases\.|pods\.metrics)|ConfigMap kube-root-ca.crt|ServiceAccount default/;
  const left = await until('the end of what belongs to the release', 120, async () => {
    const found = await cluster.list(kinds.filter((kind) => !itsOwn.test(kind)).join(','));
    const names = found.map(({ kind, metadata }) => `${String(kind)} ${String(metadata.name)}`).filter((name) => !itsOwn.test(name));
    if (names.some((name) => /^(Pod|Job|ReplicaSet|ControllerRevision) /.test(name))) throw new Error(names.join(', '));
    return names;
  });
  expect(left.sort()).toEqual([
    'PersistentVolumeClaim maas-database-data',
    'PersistentVolumeClaim maas-region-a-images',
    ...Object.values(secrets)
      .map((name) => `Secret ${name}`)
      .sort(),
  ]);
  expect(await kubectl('get', 'validatingadmissionpolicies,validatingadmissionpolicybindings', '-o', 'name')).not.toContain('maas-host-network');
});

test('installed again, it is the same MAAS', async () => {
  await release('install', folder, ...values, '--wait', '--timeout', '10m');
  await cluster.jobComplete('registration', 300);
  expect(await controllers()).toEqual(before);
});
