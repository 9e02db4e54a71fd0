import { mkdirSync, writeFileSync } from 'node:fs';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { Kubernetes } from '../../../cli/kubernetes/kubernetes';
import { inCluster, kubectl, unguarded } from '../../../cli/kubernetes/transport';
import { fakeKubernetes, type FakeKubernetes } from '../fake-kubernetes';
import { folder } from '../folder';

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

describe('through kubectl', () => {
  const path = process.env['PATH'];
  afterEach(() => {
    process.env['PATH'] = path;
  });
  const install = (script: string): void => {
    const bin = join(folder(), 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'kubectl'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, 'kubectl'), 0o755);
    process.env['PATH'] = `${bin}:${path ?? ''}`;
  };

  test('reads with its context', async () => {
    install('echo "{\\"said\\":\\"$*\\"}"');
    expect(await kubectl({ context: 'c', kubeconfig: 'k' })('GET', '/x')).toEqual({ status: 200, body: { said: '--kubeconfig k --context c get --raw /x' } });
  });

  test.each([
    ['Error from server (NotFound): secrets "x" not found', { status: 404 }],
    ['Error from server (Forbidden): secrets "x" is forbidden', { status: 403 }],
    ['error: You must be logged in to the server (Unauthorized)', { status: 401 }],
  ])('%s', async (said, expected) => {
    install(`echo '${said}' >&2; exit 1`);
    expect(await kubectl({})('GET', '/x')).toMatchObject(expected);
  });

  test.each([
    ['The connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?', 'the cluster cannot be reached: '],
    ['The connection to the server localhost:8080 was refused - did you specify the right host or port?', 'kubectl has no cluster to talk to: '],
    ['error: context "c" does not exist', 'kubectl has no cluster to talk to: '],
    ['error: something else', 'kubectl get --raw /x: error: something else'],
  ])('%s', async (said, expected) => {
    install(`echo '${said}' >&2; exit 1`);
    await expect(kubectl({})('GET', '/x')).rejects.toThrow(expected);
  });

  test('without kubectl, that is what is said', async () => {
    process.env['PATH'] = folder();
    await expect(kubectl({})('GET', '/x')).rejects.toThrow('kubectl is not installed');
  });
});
