import { Value } from '@sinclair/typebox/value';
import { addressesSchema, candidates, ip } from '../../../cli/ip/ip';
import type { Node, Service } from '../../../cli/kubernetes/types';
import { capture } from '../captured';
import { fakeKubernetes, keep, type FakeKubernetes } from '../fake-kubernetes';
import { reconciler } from '../objects';

const written = capture();
const service = (spec: object, status: object = {}): Service => ({
  metadata: { name: 'maas-region', namespace: 'maas', labels: { 'app.kubernetes.io/part-of': 'maas', 'app.kubernetes.io/component': 'region' } },
  spec: { ports: [{ name: 'api', port: 5240, nodePort: 30240 }], ...spec },
  status,
});
const nodes = [
  {
    metadata: { name: 'n1' },
    status: {
      addresses: [
        { type: 'Hostname', address: 'n1' },
        { type: 'InternalIP', address: '10.0.0.1' },
        { type: 'ExternalIP', address: 'fd00::1' },
      ],
    },
  },
] as unknown as Node[];

test('each address once, those for machines first', () => {
  const found = candidates(
    service({ clusterIPs: ['10.96.0.9'] }, { loadBalancer: { ingress: [{ ip: '192.0.2.1' }, { hostname: 'lb.internal' }] } }),
    nodes,
    'http://192.0.2.1:5240/MAAS',
  );
  expect(found.map(({ url, from }) => `${url} ${from}`)).toEqual([
    'http://192.0.2.1:5240/MAAS maasUrl',
    'http://lb.internal:5240/MAAS LoadBalancer of the Service maas-region',
    'http://10.0.0.1:30240/MAAS NodePort on n1',
    'http://[fd00::1]:30240/MAAS NodePort on n1',
    'http://10.96.0.9:5240/MAAS Service maas-region',
    'http://maas-region.maas:5240/MAAS Service maas-region',
  ]);
});

describe('the verb', () => {
  let kubernetes: FakeKubernetes;
  beforeEach(async () => {
    kubernetes = await fakeKubernetes();
    keep(kubernetes, '/apis/batch/v1/namespaces/maas/cronjobs', reconciler());
    keep(kubernetes, '/api/v1/namespaces/maas/services', service({ type: 'ClusterIP', clusterIPs: ['127.0.0.2'], ports: [{ name: 'api', port: 5240 }] }));
  });
  afterEach(() => kubernetes.close());

  test('which of them answers here, and what to do where none does', async () => {
    await ip({ kubeconfig: kubernetes.kubeconfig() });
    expect(written.stdout).toMatch(/http:\/\/127.0.0.2:5240\/MAAS\s+Service maas-region\s+.*no: connection refused/);
    expect(written.stderr).toContain('none of them answers here; kubectl -n maas port-forward service/maas-region 5240');
  });

  test('for programs, with a schema', async () => {
    await ip({ kubeconfig: kubernetes.kubeconfig(), output: 'json' });
    expect([...Value.Errors(addressesSchema, JSON.parse(written.stdout))]).toEqual([]);
  });

  test('--first prints an address or fails', async () => {
    await expect(ip({ kubeconfig: kubernetes.kubeconfig(), first: true })).rejects.toMatchObject({ name: 'Unreachable' });
    expect(written.stdout).toBe('');
  });

  test('without a region, that is what is said', async () => {
    kubernetes.objects.clear();
    await expect(ip({ kubeconfig: kubernetes.kubeconfig() })).rejects.toThrow('there is no region in namespace maas; maas-k8s up region makes one');
  });
});
