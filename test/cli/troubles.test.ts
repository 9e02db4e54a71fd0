/** Every verb against an API server in trouble: what is said names what was tried and what came back, and nothing is left half said. */

import { credential } from '../../cli/credentials/credentials';
import { down } from '../../cli/down/down';
import { Failure } from '../../cli/failure';
import { ip } from '../../cli/ip/ip';
import { logs } from '../../cli/logs/logs';
import { preflight } from '../../cli/preflight/preflight';
import { registerRack } from '../../cli/register-rack/register-rack';
import { rotateSecret } from '../../cli/rotate/rotate';
import { services } from '../../cli/services/services';
import { showStatus } from '../../cli/status/status';
import { supportBundle } from '../../cli/support-bundle/support-bundle';
import { up } from '../../cli/up/up';
import { capture } from './captured';
import { fakeKubernetes, keep, type FakeKubernetes, type Trouble } from './fake-kubernetes';
import { folder } from './folder';
import { rackPod, reconciler, regionDeployment, regionPod } from './objects';

const written = capture();
let kubernetes: FakeKubernetes;
const values = 'test/cli/register-rack/values.yaml';
const url = 'http://127.0.0.1:1/MAAS';

beforeEach(async () => {
  requestTimeout = 5000;
  kubernetes = await fakeKubernetes();
  kubernetes.objects.set('/version', { gitVersion: 'v1.33.0' });
  kubernetes.objects.set('/apis/storage.k8s.io/v1/storageclasses/standard', {
    metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  });
  kubernetes.objects.set('/api/v1/namespaces/maas', { metadata: { name: 'maas', labels: { 'app.kubernetes.io/part-of': 'maas' } } });
  keep(kubernetes, '/apis/batch/v1/namespaces/maas/cronjobs', reconciler());
  keep(kubernetes, '/apis/apps/v1/namespaces/maas/deployments', regionDeployment());
  keep(kubernetes, '/api/v1/namespaces/maas/pods', regionPod(), rackPod());
  keep(kubernetes, '/api/v1/namespaces/maas/services', {
    metadata: { name: 'maas-region', namespace: 'maas', labels: { 'app.kubernetes.io/part-of': 'maas', 'app.kubernetes.io/component': 'region' } },
    spec: { type: 'ClusterIP', clusterIP: '127.0.0.2', clusterIPs: ['127.0.0.2'], ports: [{ name: 'api', port: 5240 }] },
  });
  kubernetes.logs.set('maas-region-a-1/regiond', ['a line']);
  kubernetes.put('maas-region-secret', { secret: 'a'.repeat(32) });
  kubernetes.put('maas-api-key', { key: 'c:t:s' });
  process.env['MAAS_REGION_SECRET'] = 'b'.repeat(32);
});
afterEach(() => {
  delete process.env['MAAS_REGION_SECRET'];
  return kubernetes.close();
});

/** Milliseconds. */
let requestTimeout: number;
const shared = () => ({ kubeconfig: kubernetes.kubeconfig(), requestTimeout, timeout: 2000 });
const verbs: Readonly<Record<string, () => Promise<void>>> = {
  status: () => showStatus(shared()),
  ip: () => ip(shared()),
  'api-key': () => credential('apiKey', { ...shared(), wait: false }),
  secret: () => credential('region', { ...shared(), wait: false }),
  logs: () => logs(['regiond'], shared()),
  services: () => services('list', [], shared()),
  up: () => up('region', { ...shared(), values, wait: false }),
  down: () => down({ ...shared(), yes: true }),
  'register-rack': () => registerRack({ ...shared(), namespace: 'edge', url, values, probe: true, wait: false, yes: true }),
  'rotate secret': () => rotateSecret({ ...shared(), yes: true }),
  preflight: () => preflight({ ...shared(), values, probe: false }),
  'support-bundle': () => supportBundle({ ...shared(), file: `${folder()}/bundle.tar.gz`, tail: 10 }),
};

const troubles: readonly (readonly [Trouble, RegExp])[] = [
  [401, /HTTP 401, trouble 401 \(the account is not known to the cluster/],
  [403, /HTTP 403, trouble 403 \(the account may not do this/],
  [404, /HTTP 404|there is no/],
  [429, /the Kubernetes API does not answer .*HTTP 429/],
  [500, /the Kubernetes API does not answer .*HTTP 500/],
  ['hang', /the cluster cannot be reached: .*no answer within 0.3 s/],
  ['drop', /the cluster cannot be reached: .*(connection reset|hang up)/],
];

describe.each(Object.keys(verbs))('%s', (name) => {
  test.each(troubles)('%s for everything that is read', async (trouble, said) => {
    kubernetes.lasting.set('GET ', trouble);
    // Short only here, where its end is waited for.
    requestTimeout = 300;
    const failure = await verbs[name]!().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(Failure);
    expect((failure as Failure).message).toMatch(said);
    expect((failure as Failure).message).not.toMatch(/undefined|\[object|\n\s+at /);
    expect(written.stdout).toBe('');
    expect(kubernetes.requests.filter((asked) => /^(PATCH|PUT|DELETE)/.test(asked))).toEqual([]);
  });

  test('a server that stumbles once is asked again', async () => {
    const before = await outcome(name);
    kubernetes.troubles.push(503, 'drop', 429);
    expect(await outcome(name)).toBe(before);
  });
});

/** In a word, how a verb ends; what follows its first requests is the same with and without trouble. */
async function outcome(name: string): Promise<string> {
  // Only what reads counts, for what changes finds another state the second time.
  if (['up', 'down', 'rotate secret', 'register-rack'].includes(name)) return 'not asked';
  return verbs[name]!().then(
    () => 'done',
    (error: unknown) => (error as Error).message,
  );
}

test.each([
  ['up', 'PATCH ', 403],
  ['up', 'PATCH ', 409],
  ['down', 'DELETE ', 403],
  ['down', 'DELETE ', 409],
  ['rotate secret', 'PATCH ', 409],
  ['rotate secret', 'PATCH ', 403],
] as const)('%s whose %s is answered with %s says on which object', async (name, method, status) => {
  // Every pod has the secret already.
  kubernetes.execute = (_pod, _container, command) =>
    command[0] === 'sh' ? { stdout: '3ba3f5f43b92602683c19aee62a20342b084dd5971ddd33808d81a328879a547  -\n' } : { stdout: 'Service\n' };
  kubernetes.lasting.set(method, status);
  await expect(verbs[name]!()).rejects.toThrow(new RegExp(`cannot (apply|remove|change) .+: HTTP ${String(status)}`));
});
