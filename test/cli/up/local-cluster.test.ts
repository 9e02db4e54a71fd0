import { createServer } from 'node:net';
import { createSocket } from 'node:dgram';
import { parse } from 'yaml';
import { Kubernetes } from '../../../cli/kubernetes/kubernetes';
import { access } from '../../../cli/kubernetes/access';
import { makeCluster, ourTool, removeCluster, settled, type LocalTool } from '../../../cli/up/local-cluster';
import { capture } from '../captured';
import { clusterTools, withEnvironment, type ClusterTools } from '../cluster-tools';
import { fakeKubernetes, type FakeKubernetes } from '../fake-kubernetes';
import { folder, until } from '../folder';
import { run } from '../program';

// What listens on the machine of whoever runs the tests is not known.
let mockTaken: string[] = [];
jest.mock<object>('../../../cli/probe/probe', () => ({ ...jest.requireActual<object>('../../../cli/probe/probe'), listening: () => mockTaken }));
const { listening } = jest.requireActual<typeof import('../../../cli/probe/probe')>('../../../cli/probe/probe');

const written = capture();
let kubernetes: FakeKubernetes;
let tools: ClusterTools;
beforeEach(async () => {
  mockTaken = [];
  kubernetes = await fakeKubernetes();
  kubernetes.objects.set('/version', { gitVersion: 'v1.34.0' });
  tools = clusterTools(kubernetes.kubeconfig('TOOL-maas'));
});
afterEach(() => kubernetes.close());
withEnvironment(() => tools);

/** DHCP is not among them: it is by broadcasts, which do not get into a container. */
const all = ['53/tcp', '53/udp', '69/udp', '123/udp', '5240/udp', '5247/tcp', '5247/udp', '5248/tcp', '8000/tcp'];

const wayTo = async (context: string, kubeconfig?: string): Promise<Kubernetes> => {
  const { transport, endurance } = await access({ context, kubeconfig });
  return new Kubernetes(transport, 'maas', endurance, () => undefined);
};

/** The ports that a tool was asked to publish, sorted by number. */
const asked = (tool: LocalTool): string[] => {
  const found =
    tool === 'kind'
      ? (
          parse(tools.read('config') ?? '') as { nodes: { extraPortMappings: { containerPort: number; hostPort: number; protocol: string }[] }[] }
        ).nodes.flatMap(({ extraPortMappings }) =>
          extraPortMappings.map(({ containerPort, hostPort, protocol }) => `${String(hostPort)}:${String(containerPort)}/${protocol.toLowerCase()}`),
        )
      : [
          ...tools
            .calls()
            .at(-1)!
            .matchAll(/--port (\S+)@server:0:direct/g),
        ].map(([, port]) => port!);
  return found.sort((one, other) => parseInt(one) - parseInt(other) || one.localeCompare(other));
};
const straight = (ports: readonly string[]): string[] => ports.map((port) => `${port.split('/')[0]!}:${port}`);

describe.each(['kind', 'k3d'] as const)('%s', (tool) => {
  test('makes a cluster with the ports that machines ask racks on, whose context works', async () => {
    expect(await makeCluster(tool, {})).toBe(`${tool}-maas`);
    expect(asked(tool)).toEqual(straight(all));
    expect(tools.read('cluster')).toBe('maas\n');
    await (await wayTo(`${tool}-maas`)).send('GET', '/version', 'ask');
    expect(written.stderr).toContain(`maas-k8s down --purge --context ${tool}-maas removes it`);
  });

  test('leaves out ports that are taken, and names them', async () => {
    mockTaken = ['tcp/53', 'udp/53', 'tcp/22'];
    await makeCluster(tool, {});
    expect(asked(tool)).toEqual(straight(all.filter((port) => !port.startsWith('53/'))));
    expect(written.stderr).toMatch(/without 53\/udp, 53\/tcp, which something on this machine has already/);
  });

  test('a plan makes nothing', async () => {
    expect(await makeCluster(tool, { dryRun: true })).toBeUndefined();
    expect(tools.calls()).toHaveLength(1);
    expect(tools.read('cluster')).toBeUndefined();
    expect(written.stderr).toMatch(new RegExp(`would make the ${tool} cluster maas, with this machine’s ports .*69/udp`));
  });

  test('one that is there is not made again, and its context comes back', async () => {
    tools.set('cluster');
    expect(await makeCluster(tool, {})).toBe(`${tool}-maas`);
    expect(tools.calls().join()).not.toContain('create');
    await (await wayTo(`${tool}-maas`)).send('GET', '/version', 'ask');
  });

  test('a plan for one that is there writes no kubeconfig', async () => {
    tools.set('cluster');
    expect(await makeCluster(tool, { dryRun: true })).toBe(`${tool}-maas`);
    await expect(wayTo(`${tool}-maas`)).rejects.toThrow('no such file');
  });

  test('writes into the kubeconfig of the command line, not into the usual one', async () => {
    const kubeconfig = `${folder()}/mine`;
    await makeCluster(tool, { kubeconfig });
    await (await wayTo(`${tool}-maas`, kubeconfig)).send('GET', '/version', 'ask');
    await expect(wayTo(`${tool}-maas`)).rejects.toThrow('no such file');
  });

  test('a port that is taken all the same: what the tool says is shown once, and the cure follows', async () => {
    const said = 'Error response from daemon: Error starting userland proxy: listen tcp4 0.0.0.0:5248: bind: address already in use';
    tools.set('trouble', `${said}\n`);
    const making = makeCluster(tool, {});
    await expect(making).rejects.toThrow(
      /^(kind create cluster|k3d cluster create): .* exit code 1\nsomething on this machine has one of these ports \(ss -lntup/,
    );
    await expect(making).rejects.not.toThrow(said);
    expect(written.stderr).toContain(said);
  });

  test('a tool without root, which may not have low ports: the cure names the lowest', async () => {
    tools.set('trouble', 'Error: rootlessport cannot expose privileged port 69, you can add "net.ipv4.ip_unprivileged_port_start=69" …\n');
    await expect(makeCluster(tool, {})).rejects.toThrow('sudo sysctl net.ipv4.ip_unprivileged_port_start=53');
  });

  test('another trouble has no such cure', async () => {
    tools.set('trouble', 'no space left on device\n');
    await expect(makeCluster(tool, {})).rejects.toThrow(/exit code 1$/);
  });

  test('a tool that is not installed is named', async () => {
    process.env['PATH'] = folder();
    await expect(makeCluster(tool, {})).rejects.toThrow(`${tool} is not installed (or not in PATH)`);
  });

  test('removes it', async () => {
    tools.set('cluster');
    await removeCluster(tool, {});
    expect(tools.read('cluster')).toBeUndefined();
    expect(ourTool(`${tool}-maas`)).toBe(tool);
  });
});

test('a kind cluster that was left half made is named, with the command that removes it', async () => {
  tools.set('cluster');
  tools.set('half', 'ERROR: failed to get cluster internal kubeconfig\n');
  await expect(makeCluster('kind', {})).rejects.toThrow(
    /internal kubeconfig\n.*kind delete cluster --name maas removes it, and maas-k8s up --kind makes another/s,
  );
});

test.each(['kind', 'kind-other', 'k3d-other', 'maas'])('context %s is none of ours', (context) => {
  expect(ourTool(context)).toBeUndefined();
});

test('stopped while it makes a cluster, it takes away what there is of it', async () => {
  tools.set('slow');
  const up = run(process.execPath, ['up', '--kind'], tools.environment);
  await until(() => tools.read('cluster') !== undefined, 'a half-made cluster', 15_000);
  up.child.kill('SIGINT');
  expect(await up.ended).toEqual({ code: 130, signal: null });
  expect(up.output()).toContain('stopped; what there is of the kind cluster is being removed');
  expect(tools.calls().at(-1)).toBe('kind delete cluster --name maas');
  expect(tools.read('cluster')).toBeUndefined();
}, 30_000);

describe('a cluster that was just made', () => {
  const ready = { metadata: { name: 'maas-control-plane' }, status: { conditions: [{ type: 'Ready', status: 'True' }] } };
  const standard = { metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } } };

  test('is waited for until it has a node that is ready, and a default StorageClass', async () => {
    const way = await wayTo('fake', kubernetes.kubeconfig());
    let done = false;
    const waiting = settled(way).then(() => (done = true));
    const looks = (): number => kubernetes.requests.filter((one) => one === 'GET /api/v1/nodes').length;
    const looked = async (): Promise<void> => {
      const before = looks();
      await until(() => looks() > before + 1, 'another look');
      expect(done).toBe(false);
    };
    await looked();
    kubernetes.objects.set('/api/v1/nodes/n', ready);
    await looked();
    kubernetes.objects.set('/apis/storage.k8s.io/v1/storageclasses/standard', standard);
    kubernetes.objects.set('/api/v1/nodes/n', { metadata: { name: 'n' }, status: { conditions: [{ type: 'Ready', status: 'False' }] } });
    await looked();
    kubernetes.objects.set('/api/v1/nodes/n', ready);
    await waiting;
  });

  test('is not waited for without end', async () => {
    await settled(await wayTo('fake', kubernetes.kubeconfig()), 100);
  });
});

(process.platform === 'linux' ? test : test.skip)('what listens is found in the system’s tables', async () => {
  const server = createServer();
  const socket = createSocket('udp4');
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  expect(listening()).toEqual(expect.arrayContaining([`tcp/${String(port)}`, `udp/${String(socket.address().port)}`]));
  server.close();
  socket.close();
});
