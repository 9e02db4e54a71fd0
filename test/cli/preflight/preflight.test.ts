import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Finding } from '../../../cli/preflight/findings';
import { preflight } from '../../../cli/preflight/preflight';
import { capture } from '../captured';
import { fakeKubernetes, type FakeKubernetes } from '../fake-kubernetes';
import { fakePostgres, unencrypted, type FakePostgres } from '../fake-postgres';
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

describe('the image of the probes', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const probed = async (images: object): Promise<ProbePod['spec'] | undefined> => {
    await found({ images: { registry: 'registry.internal/maas', ...images } });
    return probes.get('left')?.spec;
  };

  test.each([
    ['without a tag', { tag: '', digest }, `registry.internal/maas/maas-toolbox@${digest}`],
    ['beside a tag', { tag: '1', digest }, `registry.internal/maas/maas-toolbox:1@${digest}`],
    ['that is not given', { tag: '1' }, 'registry.internal/maas/maas-toolbox:1'],
  ])('has the digest %s', async (_what, toolbox, image) => {
    expect((await probed({ toolbox, pullPolicy: 'Always' }))?.containers[0]).toMatchObject({ image, imagePullPolicy: 'Always' });
  });

  test('is pulled with the Secrets that the values name, of which nothing stays', async () => {
    const secret = { metadata: { name: 'pull' }, type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': 'e30=' } };
    kubernetes.secrets.set('pull', secret);
    let copied: object | undefined;
    const watch = setInterval(() => {
      copied ??= [...kubernetes.objects].find(([path]) => /\/maas-probe-\w+\/secrets\/pull$/.test(path))?.[1];
    }, 1);
    expect((await probed({ pullSecrets: [{ name: 'pull' }, { name: 'other' }] }))?.imagePullSecrets).toEqual([{ name: 'pull' }]);
    clearInterval(watch);
    expect(copied).toMatchObject({ type: secret.type, data: secret.data });
    expect([...kubernetes.objects.keys()].filter((path) => path.includes('maas-probe'))).toEqual([]);
  });

  test('that cannot be pulled: the Secret that is lacking is named', async () => {
    clearInterval(kubelet);
    kubelet = setInterval(() => {
      for (const [path, object] of kubernetes.objects)
        if (path.includes('/pods/probe-'))
          Object.assign(object, { status: { phase: 'Pending', containerStatuses: [{ name: 'probe', state: { waiting: { reason: 'ImagePullBackOff' } } }] } });
    }, 20);
    const [finding] = await found({ images: { registry: 'registry.internal/maas', pullSecrets: [{ name: 'pull' }] } });
    expect(finding?.text).toMatch(/ImagePullBackOff.*; namespace maas has no Secret pull \(images.pullSecrets\)$/);
  });
});

describe('a database of somebody else’s', () => {
  let server: FakePostgres;
  beforeEach(async () => {
    server = await fakePostgres();
    kubernetes.put('maas-database', { password: 'hunter2' });
  });
  afterEach(() => server.close());
  const external = (port = server.port): object => ({ database: { embedded: false, host: '127.0.0.1', port } });

  test.each([
    ['a wrong password', { code: '28P01', message: 'password authentication failed', after: true }, 'is not the password of role maas'],
    ['no such database', { code: '3D000', message: 'no such', after: true }, 'database maasdb does not exist'],
    ['a server that demands TLS', unencrypted, 'MAAS has no TLS to its database'],
    ['what only a proxy says', { code: '08P01', message: 'SSL required' }, 'SSL required'],
  ])('%s is a reason to fail, with the cure', async (_what, refusal, said) => {
    server.refusal = refusal;
    const [finding, ...others] = await found(external(), false);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ level: 'fail', check: 'database', text: expect.stringContaining(said) as string });
    expect(finding?.cure).toContain('the Secret maas-database');
    expect(written.stdout).not.toContain('hunter2');
  });

  test.each([
    ['a server that starts', { code: '57P03', message: 'starting' }],
    ['one that is full', { code: '53300', message: 'too many' }],
  ])('%s is only a warning', async (_what, refusal) => {
    server.refusal = refusal;
    expect(await found(external(), false)).toEqual([expect.objectContaining({ level: 'warn', check: 'database' })]);
  });

  test('one that cannot be reached from here is only a warning', async () => {
    expect(await found(external(1), false)).toEqual([expect.objectContaining({ level: 'warn', text: 'not asked from here: 127.0.0.1:1: connection refused' })]);
  });

  test('one that takes the nodes, and nobody else, is fit', async () => {
    server.refusal = unencrypted;
    expect(await found(external())).toEqual([expect.objectContaining({ level: 'warn', cure: 'harmless where only the nodes reach it' })]);
    expect(probes.get('left')?.spec.containers[0]?.args.slice(-2)).toEqual(['--database', `maas@127.0.0.1:${String(server.port)}/maasdb`]);
  });

  test('one that does not take the nodes is not', async () => {
    views['left'] = { database: 'role maas may not log in without TLS' };
    server.refusal = unencrypted;
    expect(await found(external())).toEqual([
      expect.objectContaining({ level: 'fail', where: 'left', check: 'database' }),
      expect.objectContaining({ level: 'fail', where: 'cluster', check: 'database' }),
    ]);
  });
});
