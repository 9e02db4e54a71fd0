import { credential } from '../../../cli/credentials/credentials';
import { pending } from '../../../cli/credentials/pending';
import { unguarded } from '../../../cli/kubernetes/transport';
import { fakeKubernetes, type FakeKubernetes } from '../fake-kubernetes';
import { reconciler } from '../objects';

const labels = (component: string) => ({ 'app.kubernetes.io/component': component });
const job = (status: object) => ({ metadata: { name: 'maas-bootstrap-1', labels: labels('bootstrap') }, status });
const pod = (component: string, ready: boolean) => ({
  metadata: { name: `maas-${component}-0`, labels: labels(component) },
  spec: { containers: [], nodeName: 'n' },
  status: { phase: 'Running', containerStatuses: [{ name: 'main', ready, state: { running: {} } } as never] },
});

const newer = { ...job({ active: 1 }), metadata: { ...job({}).metadata, name: 'new', creationTimestamp: '2026-02-02T00:00:00Z' } };

test.each([
  [{ jobs: [], pods: [] }, 'there is no bootstrap Job'],
  [
    { jobs: [job({ active: 1 })], pods: [pod('database', false)] },
    'database pod maas-database-0: not ready: main; the Job maas-bootstrap-1 is at work; kubectl logs job/maas-bootstrap-1 shows the step',
  ],
  [
    { jobs: [job({ conditions: [{ type: 'Failed', status: 'True', message: 'BackoffLimitExceeded' }] })], pods: [] },
    'the Job maas-bootstrap-1 has failed (BackoffLimitExceeded)',
  ],
  [
    {
      jobs: [{ ...job({ active: 1 }), metadata: { ...job({}).metadata, name: 'old', creationTimestamp: '2026-01-01T00:00:00Z' } }, newer],
      pods: [{ ...pod('bootstrap', false), metadata: { name: 'old-x', labels: { ...labels('bootstrap'), 'batch.kubernetes.io/job-name': 'old' } } }],
    },
    'the Job new is at work; kubectl logs job/new shows the step',
  ],
  [{ jobs: [job({ succeeded: 1 })], pods: [pod('region', true)] }, 'bootstrap is done, but has not stored a key; look at its log'],
  [{ jobs: [job({ succeeded: 1 })], pods: [pod('region', false)] }, 'region pod maas-region-0: not ready: main'],
])('what is pending %#', (situation, said) => {
  expect(pending(situation)).toBe(said);
});

describe('the verb', () => {
  let kubernetes: FakeKubernetes;
  let written = '';
  beforeEach(async () => {
    written = '';
    kubernetes = await fakeKubernetes();
    kubernetes.lists.set('/apis/batch/v1/namespaces/maas/jobs', []);
    kubernetes.lists.set('/api/v1/namespaces/maas/pods', []);
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean((written += String(text))));
    jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await kubernetes.close();
  });
  const go = (changes: object = {}, which: 'apiKey' | 'region' = 'apiKey'): Promise<void> =>
    credential(which, { namespace: 'maas', secret: 'key', wait: true, timeout: 5000, ...changes }, unguarded(kubernetes.port));

  test('prints the key and nothing else', async () => {
    kubernetes.put('key', { key: 'c:t:s' });
    await go();
    expect(written).toBe('c:t:s\n');
  });

  test('says what is pending', async () => {
    kubernetes.lists.set('/api/v1/namespaces/maas/pods', [pod('database', false)]);
    await expect(go({ wait: false })).rejects.toThrow('the region is still starting: database pod maas-database-0: not ready: main; there is no bootstrap Job');
    expect(written).toBe('');
  });

  test('without a MAAS, that is what is said', async () => {
    await expect(go({ wait: false })).rejects.toThrow('there is no MAAS in namespace maas; maas-k8s up makes one');
  });

  test('a Secret of another form is no reason to wait', async () => {
    kubernetes.put('key', { token: 'x' });
    await expect(go()).rejects.toThrow('the Secret key has no key "key" (it has token)');
  });

  test('the region secret, from the Secret that bootstrap was told', async () => {
    kubernetes.put('other', { secret: 'a'.repeat(32) });
    kubernetes.lists.set('/apis/batch/v1/namespaces/maas/cronjobs', [reconciler({ region: 'other' })]);
    await go({ secret: undefined }, 'region');
    expect(written).toBe(`${'a'.repeat(32)}\n`);
  });

  test('waits, for there will be one', async () => {
    setTimeout(() => {
      kubernetes.put('key', { key: 'c:t:s' });
    }, 200);
    await go();
    expect(written).toBe('c:t:s\n');
  });
});
