import { down } from '../../../cli/down/down';
import { capture } from '../captured';
import { clusterTools, withEnvironment, type ClusterTools } from '../cluster-tools';
import { fakeKubernetes, keep, type FakeKubernetes } from '../fake-kubernetes';
import { rackSet, reconciler, regionDeployment } from '../objects';

const written = capture();
let kubernetes: FakeKubernetes;
const rule = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/maas-host-network';
const claim = '/api/v1/namespaces/maas/persistentvolumeclaims';
beforeEach(async () => {
  kubernetes = await fakeKubernetes();
  keep(kubernetes, '/apis/apps/v1/namespaces/maas/deployments', regionDeployment());
  keep(kubernetes, '/apis/apps/v1/namespaces/maas/daemonsets', rackSet());
  keep(kubernetes, '/apis/batch/v1/namespaces/maas/cronjobs', reconciler());
  keep(kubernetes, claim, { metadata: { name: 'maas-database-data', labels: { 'app.kubernetes.io/part-of': 'maas' } } });
  kubernetes.objects.set('/api/v1/namespaces/maas', { metadata: { name: 'maas', labels: { 'app.kubernetes.io/part-of': 'maas' } } });
  kubernetes.objects.set(rule, { metadata: { name: 'maas-host-network' } });
  kubernetes.put('maas-region-secret', { secret: 'x' });
});
afterEach(() => kubernetes.close());
const go = (options: object = {}): Promise<void> => down({ kubeconfig: kubernetes.kubeconfig(), timeout: 3000, ...options });
const deleted = (): string[] => kubernetes.requests.filter((asked) => asked.startsWith('DELETE'));

test('a plan removes nothing', async () => {
  await go({ dryRun: true });
  expect(deleted()).toEqual([]);
  expect(written.stderr).toContain(
    'will be removed: cronjob/maas-reconcile, daemonset/maas-rack-default, deployment/maas-region-a, validatingadmissionpolicy/maas-host-network',
  );
  expect(written.stderr).toContain('will stay: persistentvolumeclaim/maas-database-data, the Secrets, and the namespace');
});

test('where nobody can answer, the question names the option that does', async () => {
  await expect(go()).rejects.toThrow(/Take MAAS in namespace maas down\? There is no terminal to answer on; --yes answers it/);
  expect(deleted()).toEqual([]);
});

test('what runs goes, data stays, and a second time there is nothing', async () => {
  await go({ yes: true });
  expect([...kubernetes.objects.keys()].sort()).toEqual(['/api/v1/namespaces/maas', `${claim}/maas-database-data`]);
  expect(kubernetes.secrets.has('maas-region-secret')).toBe(true);
  written.stderr = '';
  await go({ yes: true });
  expect(written.stderr).toContain('there is no MAAS in namespace maas, but what earlier ones have left may be there');
});

test('--purge takes the namespace, too', async () => {
  await go({ yes: true, purge: true });
  expect([...kubernetes.objects.keys()]).toEqual([]);
});

test('--purge spares a namespace that is somebody else’s', async () => {
  kubernetes.objects.set('/api/v1/namespaces/maas', { metadata: { name: 'maas', labels: {} } });
  await expect(go({ yes: true, purge: true })).rejects.toThrow('the namespace maas was not made for MAAS');
  expect(deleted()).toEqual([]);
});

test('what Helm manages is left to Helm', async () => {
  const deployment = regionDeployment();
  Object.assign(deployment.metadata!.labels!, { 'app.kubernetes.io/managed-by': 'Helm' });
  keep(kubernetes, '/apis/apps/v1/namespaces/maas/deployments', deployment);
  await expect(go({ yes: true })).rejects.toThrow('are managed by Helm; take them away with it (helm uninstall)');
  expect(deleted()).toEqual([]);
});

test('what does not end in time is named', async () => {
  kubernetes.lists.set('/api/v1/namespaces/maas/pods', [{ metadata: { name: 'maas-rack-default-x' } }]);
  await expect(go({ yes: true, timeout: 500 })).rejects.toThrow('still there: maas-rack-default-x; run it again to go on waiting');
});

describe('on a cluster that was made for it', () => {
  let tools: ClusterTools;
  beforeEach(() => {
    tools = clusterTools();
    tools.set('cluster');
  });
  withEnvironment(() => tools);
  const purge = (tool: string, options: object = {}): Promise<void> =>
    go({ kubeconfig: kubernetes.kubeconfig(`${tool}-maas`), purge: true, yes: true, ...options });

  test.each(['kind', 'k3d'])('--purge removes the %s cluster, whatever state it is in', async (tool) => {
    kubernetes.lasting.set('GET', 500);
    await purge(tool);
    expect(tools.read('cluster')).toBeUndefined();
    expect(written.stderr).toContain(`the ${tool} cluster is removed`);
    expect(kubernetes.requests).toEqual([]);
  });

  test('a plan of that removes nothing', async () => {
    await purge('kind', { dryRun: true });
    expect(written.stderr).toMatch(/will be removed: the kind cluster of the context kind-maas, with ALL DATA in it.*\nnothing was changed/);
    expect(tools.calls()).toEqual([]);
  });

  test('it is asked for first', async () => {
    await expect(purge('kind', { yes: false })).rejects.toThrow('Remove the kind cluster of the context kind-maas? There is no terminal');
    expect(tools.calls()).toEqual([]);
  });

  test.each([
    ['without --purge', { purge: false }],
    ['of a namespace that is named', { namespace: 'maas' }],
  ])('%s the cluster stays', async (_what, options) => {
    await purge('kind', options);
    expect(tools.calls()).toEqual([]);
    expect(deleted()).toContain('DELETE /apis/apps/v1/namespaces/maas/deployments/maas-region-a');
  });

  test('a tool that fails is heard', async () => {
    process.env['PATH'] = '/nowhere';
    await expect(purge('kind')).rejects.toThrow('kind is not installed');
  });
});
