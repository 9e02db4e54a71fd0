import { Kubernetes } from '../../../cli/kubernetes/kubernetes';
import { inCluster, unguarded } from '../../../cli/kubernetes/transport';
import { fakeKubernetes, type FakeKubernetes } from '../fake-kubernetes';

jest.mock('../../../cli/log', () => ({ log: () => undefined }));

let server: FakeKubernetes;
let kubernetes: Kubernetes;
beforeEach(async () => {
  server = await fakeKubernetes();
  kubernetes = new Kubernetes(unguarded(server.port), 'maas', 1000);
});
afterEach(() => server.close());

test('a Secret is read in plain text, or is not there', async () => {
  server.put('s', { a: 'ä\n' });
  expect((await kubernetes.secret('s'))?.data).toEqual({ a: 'ä\n' });
  expect(await kubernetes.secret('t')).toBeUndefined();
});

test('a Secret that somebody else made first stays theirs', async () => {
  expect(await kubernetes.createSecret('s', { a: '1' })).toMatchObject({ made: true });
  expect(await kubernetes.createSecret('s', { a: '2' })).toMatchObject({ made: false, secret: { data: { a: '1' } } });
});

test.each([429, 500, 503])('%s: asked again', async (status) => {
  server.put('s', { a: '1' });
  server.troubles.push(status);
  expect((await kubernetes.secret('s'))?.data).toEqual({ a: '1' });
  expect(server.requests).toHaveLength(2);
});

test.each([
  [401, 'the account is not known to the cluster'],
  [403, 'the account may not do this; check its Role'],
])('%s: named, not asked again', async (status, said) => {
  server.troubles.push(status);
  await expect(kubernetes.list('pods', 'a=b')).rejects.toThrow(
    `cannot list pods in namespace maas: HTTP ${String(status)}, trouble ${String(status)} (${said}`,
  );
  expect(server.requests).toHaveLength(1);
});

test('gives up on a server that does not recover', async () => {
  server.troubles.push(...Array<number>(10).fill(503));
  await expect(kubernetes.secret('s')).rejects.toThrow('the Kubernetes API does not answer GET /api/v1/namespaces/maas/secrets/s: HTTP 503 trouble 503');
});

test('outside of a pod, that is what is said', () => {
  expect(() => inCluster({})).toThrow('KUBERNETES_SERVICE_HOST is not set: this does not run in a pod');
  expect(() => inCluster({ KUBERNETES_SERVICE_HOST: 'h' }, '/nonexistent')).toThrow('the pod has no service account token');
});
