import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Finding } from '../../../cli/preflight/findings';
import { preflight } from '../../../cli/preflight/preflight';
import { capture } from '../captured';
import { fakeKubernetes, type FakeKubernetes } from '../fake-kubernetes';
import { folder } from '../folder';

const written = capture();
let kubernetes: FakeKubernetes;
let kubelet: NodeJS.Timeout;
/** Probes that were made: their node, and the pod. */
let probes: Map<string, ProbePod>;
/** What a node's probe says beyond that all is well. */
let views: Record<string, object>;

interface ProbePod {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly nodeName: string;
    readonly imagePullSecrets?: readonly { readonly name: string }[];
    readonly containers: readonly { readonly image: string; readonly imagePullPolicy: string; readonly args: readonly string[] }[];
  };
  status?: object;
}

beforeEach(async () => {
  kubernetes = await fakeKubernetes();
  kubernetes.objects.set('/version', { gitVersion: 'v1.33.0' });
  kubernetes.objects.set('/apis/storage.k8s.io/v1/storageclasses/standard', {
    metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  });
  node('control', { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' });
  node('left');
  probes = new Map();
  views = {};
  kubelet = setInterval(() => {
    for (const [path, object] of kubernetes.objects) {
      const pod = object as ProbePod;
      if (!/\/namespaces\/maas-probe-\w+\/pods\//.test(path) || pod.status !== undefined) continue;
      probes.set(pod.spec.nodeName, pod);
      kubernetes.logs.set(`${pod.metadata.name}/probe`, [
        JSON.stringify({ listening: [], ipv6: true, capabilities: '2400', database: '', ...views[pod.spec.nodeName] }),
      ]);
      pod.status = { phase: 'Succeeded' };
    }
  }, 20);
});
afterEach(() => {
  clearInterval(kubelet);
  return kubernetes.close();
});

function node(name: string, ...taints: object[]): void {
  kubernetes.objects.set(`/api/v1/nodes/${name}`, {
    metadata: { name, labels: { 'kubernetes.io/os': 'linux' } },
    spec: { taints },
    status: { nodeInfo: { kubeletVersion: 'v1.33.0' }, conditions: [{ type: 'Ready', status: 'True' }], images: [] },
  });
}

/** @returns what has not passed */
async function found(values: object = {}, probe = true): Promise<Finding[]> {
  const path = join(folder(), 'values.yaml');
  writeFileSync(path, stringify({ images: { registry: 'registry.internal/maas' }, ...values }));
  await preflight({ kubeconfig: kubernetes.kubeconfig(), values: path, output: 'json', probe, timeout: 3000 }).catch(() => undefined);
  const { findings } = JSON.parse(written.stdout) as { findings: Finding[] };
  return findings.filter(({ level }) => level !== 'pass');
}

describe('the nodes', () => {
  test('that will have neither rack nor region are not looked into', async () => {
    views['control'] = { listening: ['udp/53'] };
    expect(await found()).toEqual([]);
    expect([...probes.keys()]).toEqual(['left']);
  });

  test('without a rack may have anything on a rack’s ports', async () => {
    views['left'] = { listening: ['udp/53'] };
    expect(await found({ rack: { pools: [] } })).toEqual([]);
    written.stdout = '';
    expect(await found()).toEqual([expect.objectContaining({ level: 'fail', check: 'ports', where: 'left' })]);
  });

  test('and no pool that has one', async () => {
    expect(await found({ rack: { pools: [{ name: 'far', nodeSelector: { site: 'far' } }] } })).toEqual([
      expect.objectContaining({ level: 'warn', text: 'no node may have a rack: pool far wants the labels {"site":"far"}' }),
    ]);
  });

  test('are not asked for DHCP servers where racks serve none', async () => {
    await found({ rack: { dhcp: { enabled: false } } });
    expect(probes.get('left')?.spec.containers[0]?.args).toEqual(['probe', 'node']);
  });
});
