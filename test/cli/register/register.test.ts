import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exitCodes } from '../../../cli/failure';
import { unguarded } from '../../../cli/kubernetes/transport';
import type { DaemonSet, Pod } from '../../../cli/kubernetes/types';
import type { RackController, ServiceStatus } from '../../../cli/maas/types';
import { podProblem, rackState, rejection } from '../../../cli/register/rack-state';
import { judge, register } from '../../../cli/register/register';
import { fakeKubernetes, type FakeKubernetes } from '../fake-kubernetes';

const lines: string[] = [];
jest.mock('../../../cli/log', () => ({ log: (line: string) => void lines.push(line) }));

const labels = { 'maas-k8s.io/pool': 'edge' };
function pod(name: string, node: string | undefined, fields: object = {}): Pod {
  return {
    metadata: { name, labels },
    spec: { containers: [], nodeName: node },
    status: { phase: 'Running', containerStatuses: [{ name: 'rackd', ready: true, state: { running: {} } } as never], ...fields },
  };
}
const set = (wanted: number): DaemonSet => ({
  metadata: { name: 'maas-rack-edge', labels, generation: 2 },
  status: { desiredNumberScheduled: wanted, observedGeneration: 2 } as never,
});
const services = ['rackd', 'tftp', 'http', 'agent', 'ntp_rack', 'proxy_rack', 'syslog_rack'];
function controller(hostname: string, changes: Record<string, ServiceStatus> = {}): RackController {
  const statuses: Record<string, ServiceStatus> = { ...Object.fromEntries(services.map((name) => [name, 'running'])), dhcpd: 'off', dhcpd6: 'off', ...changes };
  return {
    system_id: 'x',
    hostname,
    service_set: Object.entries(statuses).map(([name, status]) => ({ name, status, status_info: status === 'dead' ? 'it ended' : '' })),
  };
}

describe('a rack', () => {
  test('is done when it is connected and runs what it should; DHCP may be off', () => {
    expect(rackState(pod('p', 'n'), controller('n-edge'))).toEqual({ done: true, text: 'connected, 7 services running, off: dhcpd dhcpd6' });
    expect(rackState(pod('p', 'n'), controller('n-edge', { dhcpd: 'running' }))).toMatchObject({ done: true });
  });

  test.each([
    [{ rackd: 'dead' }, 'registered, not connected (it ended)'],
    [{ agent: 'dead' }, 'connected; not running: agent is dead (it ended)'],
    [{ ntp_rack: 'unknown' }, 'connected; not running: ntp_rack is unknown'],
    [{ dhcpd: 'dead' }, 'connected; not running: dhcpd is dead (it ended)'],
  ] as const)('with %j: %s', (changes, text) => {
    expect(rackState(pod('p', 'n'), controller('n-edge', changes))).toEqual({ done: false, text });
  });

  test('that MAAS does not know tells of its pod', () => {
    expect(rackState(pod('p', 'n'), undefined).text).toContain('not registered: its containers are ready, but MAAS does not know it');
  });
});

test.each([
  [
    { containerStatuses: [{ name: 'rackd', ready: false, state: { waiting: { reason: 'ImagePullBackOff', message: 'no such image\nmore' } } }] },
    'container rackd: ImagePullBackOff, no such image',
  ],
  [
    { initContainerStatuses: [{ name: 'enrol', ready: false, state: { terminated: { exitCode: 1, message: 'maas-k8s: NODE_NAME is not set\n' } } }] },
    'container enrol ended with exit code 1, maas-k8s: NODE_NAME is not set',
  ],
  [
    {
      containerStatuses: [
        { name: 'rackd', ready: true },
        { name: 'agent', ready: false },
      ],
    },
    'not ready: agent',
  ],
  [{ containerStatuses: [], phase: 'Pending' }, 'its pod is Pending'],
])('a pod’s problem %#', (fields, said) => {
  expect(podProblem(pod('p', 'n', fields))).toBe(said);
});

test('a pod without a node says what the scheduler says', () => {
  expect(podProblem(pod('p', undefined, { conditions: [{ type: 'PodScheduled', status: 'False', message: '0/3 nodes are available' }] }))).toBe(
    'its pod has no node: 0/3 nodes are available',
  );
});

test('what a rack’s log tells of its rejection', () => {
  expect(rejection('edge/n', "… Event-loop 'a:pid=1' FAILED authentication; dropping connection.")).toContain('has another secret than the region');
  expect(rejection('edge/n', 'Rack controller REJECTED by the region (via a).')).toContain('refuses to register');
  expect(rejection('edge/n', 'all is well')).toBeUndefined();
});

describe('all racks', () => {
  test('each wanted pod counts, dying ones do not', () => {
    const dying = { ...pod('old', 'n2'), metadata: { name: 'old', labels, deletionTimestamp: '2026-01-01T00:00:00Z' } };
    expect(judge([set(2)], [pod('p1', 'n1'), dying], [controller('n1-edge')])).toMatchObject({ missing: 'pool edge has 1 of 2 pods' });
    expect(judge([set(1)], [pod('p1', 'n1')], [controller('n1-edge')]).missing).toBeUndefined();
  });

  test('a DaemonSet that Kubernetes has not looked at yet says nothing about how many are wanted', () => {
    expect(judge([{ ...set(0), metadata: { name: 'd', generation: 3 } }], [], []).missing).toContain('has not been looked at');
    expect(judge([], [], []).missing).toBe('there is no DaemonSet of racks yet');
  });

  test('two racks of one name are refused: MAAS would merge them', () => {
    const look = judge([set(2)], [pod('p1', 'n.a'), pod('p2', 'n-a')], [controller('n-a-edge')]);
    for (const { done, text } of look.racks.values()) {
      expect(done).toBe(false);
      expect(text).toContain('has the host name n-a-edge, as has the pod');
    }
  });
});

describe('the Job', () => {
  let kubernetes: FakeKubernetes;
  let maas: Server;
  let controllers: RackController[] = [];
  const path = (group: string, kind: string): string => `/${group}/namespaces/maas/${kind}`;

  beforeEach(async () => {
    lines.length = 0;
    controllers = [];
    kubernetes = await fakeKubernetes();
    kubernetes.put('region', { secret: 'a'.repeat(32) });
    kubernetes.put('key', { key: 'c:t:s' });
    kubernetes.lists.set(path('apis/apps/v1', 'daemonsets'), [set(1)]);
    kubernetes.lists.set(path('api/v1', 'pods'), [pod('p1', 'n1')]);
    maas = createServer((request, response) => {
      const url = request.url ?? '';
      const known = url.includes('version') || (request.headers.authorization ?? '').includes('oauth_token="t"');
      const body = url.includes('version')
        ? { version: '3.7.3' }
        : url.includes('rackcontrollers')
          ? controllers
          : url.includes('is_importing')
            ? true
            : [{ id: 1, name: 'ubuntu/noble', architecture: 'amd64/ga-24.04' }];
      response.writeHead(known ? 200 : 401).end(known ? JSON.stringify(body) : 'Unauthorized');
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => maas.once('listening', resolve));
  });
  afterEach(async () => {
    await kubernetes.close();
    maas.close();
    maas.closeAllConnections();
  });
  const go = (timeout: number): Promise<void> =>
    register(
      { NAMESPACE: 'maas', MAAS_URL: `http://127.0.0.1:${String((maas.address() as AddressInfo).port)}/MAAS`, SECRET_REGION: 'region', SECRET_API_KEY: 'key' },
      { timeout },
      unguarded(kubernetes.port),
    );

  test('sees every rack connected, and says so', async () => {
    controllers = [controller('n1-edge')];
    await go(5000);
    expect(lines).toContain('rack edge/n1: connected, 7 services running, off: dhcpd dhcpd6');
    expect(lines).toContain('images: being imported; ubuntu/noble amd64/ga-24.04');
    expect(lines.at(-1)).toMatch(/^registration: 1 of 1 racks connected, after/);
  });

  test('gives up with the reason of each rack', async () => {
    await expect(go(300)).rejects.toMatchObject({
      // The Job ends by this, and by nothing else at once (charts/registration.ts).
      exitCode: exitCodes.timeout,
      message: expect.stringMatching(/^0 racks connected after .*, but rack edge\/n1: not registered/) as string,
    });
  });

  test('a key that MAAS does not know is not used', async () => {
    kubernetes.put('key', { key: 'c:old:s' });
    await expect(go(300)).rejects.toThrow(
      /gave up waiting for the API key in the Secret key .* MAAS does not know the API key \(rackcontrollers\/: HTTP 401, Unauthorized\)/,
    );
  });

  test('a region secret of bad form ends it at once', async () => {
    kubernetes.put('region', { secret: 'short' });
    await expect(go(60_000)).rejects.toThrow('the Secret region, key "secret", has 5 characters');
  });
});
