import { Value } from '@sinclair/typebox/value';
import { Unhealthy } from '../../../cli/failure';
import { statusSchema, type Status } from '../../../cli/status/schema';
import { showStatus } from '../../../cli/status/status';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { capture } from '../captured';
import { fakeKubernetes, keep, type FakeKubernetes } from '../fake-kubernetes';
import { fakeMaas, type FakeMaas } from '../fake-maas';
import { failed, job, pod, rackPod, rackSet, reconciler, regionDeployment, regionPod } from '../objects';

const written = capture();
let kubernetes: FakeKubernetes;
let maas: FakeMaas;
const core = '/api/v1/namespaces/maas/pods';
const apps = '/apis/apps/v1/namespaces/maas';
const batch = '/apis/batch/v1/namespaces/maas';
const running = (...names: string[]) => names.map((name) => ({ name, status: 'running', status_info: '' }));
const controller = { system_id: 'r1', hostname: 'node-1-default', service_set: running('rackd', 'http', 'tftp', 'agent') };

beforeEach(async () => {
  [kubernetes, maas] = await Promise.all([fakeKubernetes(), fakeMaas()]);
  keep(kubernetes, `${batch}/cronjobs`, reconciler());
  keep(kubernetes, `${batch}/jobs`, job('bootstrap'), job('registration'));
  keep(kubernetes, `${apps}/deployments`, regionDeployment());
  keep(kubernetes, `${apps}/daemonsets`, rackSet());
  keep(kubernetes, core, pod('database', 'maas-database-0'), regionPod(), rackPod());
  kubernetes.put('maas-api-key', { key: 'c:t:s' });
  kubernetes.ports.set('maas-region-a-1:5240', maas.port);
  maas.answers.set('api/2.0/rackcontrollers/', [controller]);
});
afterEach(() => Promise.all([kubernetes.close(), maas.close()]));

/** @returns the data, and whether the verb has failed */
async function ask(): Promise<Status & { failed: string | undefined }> {
  let failed: string | undefined;
  try {
    await showStatus({ kubeconfig: kubernetes.kubeconfig(), output: 'json' });
  } catch (error) {
    if (!(error instanceof Unhealthy)) throw error;
    failed = error.name;
  }
  const status = JSON.parse(written.stdout) as Status;
  expect([...Value.Errors(statusSchema, status)]).toEqual([]);
  return { ...status, failed };
}

test('a MAAS that is well, through a port-forward', async () => {
  maas.answers.set('api/2.0/boot-resources/', [{ id: 7, type: 'Synced', name: 'ubuntu/noble', architecture: 'amd64/ga-24.04' }]);
  maas.answers.set('api/2.0/boot-resources/7/', {
    id: 7,
    name: 'ubuntu/noble',
    architecture: 'amd64/ga-24.04',
    sets: { '20260101': { version: '20260101', size: 1, complete: true }, '20250101': { version: '20250101', size: 1, complete: false, progress: 3 } },
  });
  maas.answers.set('api/2.0/fabrics/', [{ name: 'fabric-0', vlans: [{ name: 'untagged', vid: 0, dhcp_on: true, primary_rack: 'r1', secondary_rack: null }] }]);
  const status = await ask();
  expect(status).toMatchObject({ failed: undefined, healthy: true, version: '3.7.3', next: null, images: { resources: [{ complete: true, percent: 100 }] } });
  expect(status.racks).toMatchObject([{ pool: 'default', node: 'node-1', connected: true, dhcp: [{ vlan: 'fabric-0/untagged', role: 'primary' }] }]);
  expect(kubernetes.requests).toContain('UPGRADE /api/v1/namespaces/maas/pods/maas-region-a-1/portforward');
});

test('as people see it, without colours where it is not a terminal', async () => {
  await showStatus({ kubeconfig: kubernetes.kubeconfig() });
  expect(written.stdout.replace(/ \d+ d$/gm, ' 9 d').split('\n')).toEqual([
    'MAAS 3.7.3 in namespace maas (context fake)',
    'http://maas-region.maas.svc.cluster.local:5240/MAAS',
    '',
    'database  maas-database-0      ready',
    'region    a on node-1          3 processes ready              9 d',
    'rack      default/node-1       connected, 4 services running  9 d',
    'image                          none',
    'job       maas-bootstrap-1     complete',
    'job       maas-registration-1  complete',
    '',
    'Next: there are no images: can the region reach its image source? maas-k8s logs region/syslog regiond temporal-worker says so; the UI has them under Images',
    '',
  ]);
});

test('a reason as long as those of registries does not make the page wide, and JSON has it whole', async () => {
  const message = `Back-off pulling image "registry.example/maas-postgres:15": ${'failed to pull and unpack image: '.repeat(9)}not found`;
  const database = pod('database', 'maas-database-0', { notReady: ['main'] });
  Object.assign(database.status?.containerStatuses?.[0] ?? {}, { state: { waiting: { reason: 'ImagePullBackOff', message } } });
  keep(kubernetes, core, database, regionPod(), rackPod());
  expect((await ask()).database?.text).toContain(message);
  written.stdout = '';
  await showStatus({ kubeconfig: kubernetes.kubeconfig() }).catch(() => undefined);
  const row = written.stdout.split('\n').find((line) => line.startsWith('database')) ?? '';
  expect(row).toMatch(/ImagePullBackOff, Back-off pulling image .* … .*not found$/);
  expect(row.length).toBeLessThan(180);
});

test('a process that is not ready is named, with the reason that the pod’s mux gives', async () => {
  const mux = createServer((request, response) => response.writeHead(503).end(`${request.url ?? ''}: waiting for the database\n`));
  await new Promise<void>((done) => mux.listen(0, '127.0.0.1', done));
  kubernetes.ports.set('maas-region-a-1:5290', (mux.address() as AddressInfo).port);
  keep(kubernetes, core, regionPod(['apiserver']));
  const status = await ask();
  mux.close();
  mux.closeAllConnections();
  expect(status.regions[0]).toMatchObject({ ready: false, text: 'apiserver: /ready/apiserver: waiting for the database' });
  expect(status).toMatchObject({ failed: 'Unhealthy', healthy: false, next: 'wait for region a: apiserver: /ready/apiserver: waiting for the database' });
});

test.each([
  [
    'nothing at all',
    () => {
      kubernetes.objects.clear();
    },
    /there is no MAAS in namespace maas: maas-k8s up makes one/,
  ],
  [
    'a database that is not ready',
    () => {
      keep(kubernetes, core, pod('database', 'maas-database-0', { notReady: ['main'] }));
    },
    /wait for the database maas-database-0: not ready/,
  ],
  [
    'a bootstrap that has failed',
    () => {
      keep(kubernetes, `${batch}/jobs`, job('bootstrap', { conditions: [{ type: 'Failed', status: 'True', message: 'too often' }] }));
    },
    /bootstrap has failed \(too often\): maas-k8s logs bootstrap says why/,
  ],
  [
    'a bootstrap at work',
    () => {
      keep(kubernetes, `${batch}/jobs`, job('bootstrap', { active: 1 }));
    },
    /wait for bootstrap/,
  ],
  [
    'a rack without a pod',
    () => {
      keep(kubernetes, `${apps}/daemonsets`, rackSet(2));
    },
    /wait for racks: pool default has 1 of 2 pods/,
  ],
  ['a rack that MAAS does not know', () => maas.answers.set('api/2.0/rackcontrollers/', []), /rack default\/node-1: not registered/],
  [
    'a key that MAAS does not know',
    () => {
      kubernetes.put('maas-api-key', { key: 'c:old:s' });
    },
    /API does not answer: MAAS does not know the API key/,
  ],
  [
    'a region behind its nginx',
    () => maas.troubles.push(...Array<[number, string]>(9).fill([502, '<title>502 Bad Gateway</title>'])),
    /HTTP 502, 502 Bad Gateway/,
  ],
])('the next thing to do with %s', async (_what, spoil, next) => {
  spoil();
  const status = await ask();
  expect(status.healthy).toBe(false);
  expect(status.next).toMatch(next);
});

test.each([
  ['failed', failed()],
  ['stuck for ever', { active: 1 }],
])('of the Jobs of a component the newest counts: an older one that has %s is not shown', async (_what, state) => {
  keep(kubernetes, `${batch}/jobs`, job('bootstrap', state, { name: '0', made: '2025-01-01T00:00:00Z' }), job('reconcile', failed()));
  expect(await ask()).toMatchObject({ healthy: true, jobs: [{ name: 'maas-bootstrap-1', state: 'complete' }, { name: 'maas-registration-1' }] });
  written.stdout = '';
  keep(kubernetes, `${batch}/jobs`, job('bootstrap', state, { name: '2', made: '2027-01-01T00:00:00Z' }));
  expect(await ask()).toMatchObject({ healthy: false, jobs: [{ name: 'maas-bootstrap-2' }, { name: 'maas-registration-1' }] });
});

describe('a Job that has failed', () => {
  test('is history once every rack is connected: registration', async () => {
    keep(kubernetes, `${batch}/jobs`, job('registration', failed()));
    const status = await ask();
    expect(status).toMatchObject({ healthy: true, next: expect.stringContaining('there are no images') as string });
    expect(status.jobs[1]).toMatchObject({
      state: 'past',
      text: expect.stringMatching(/failed once .*every rack is connected now; maas-k8s up runs it again/) as string,
    });
    written.stdout = '';
    keep(kubernetes, `${apps}/daemonsets`, rackSet(2));
    expect(await ask()).toMatchObject({ healthy: false, jobs: [{}, { state: 'failed' }] });
  });

  test('is history once the CronJob has done what it could not: bootstrap', async () => {
    keep(kubernetes, `${batch}/jobs`, job('bootstrap', failed()));
    keep(kubernetes, `${batch}/cronjobs`, { ...reconciler(), status: { lastSuccessfulTime: '2026-01-01T00:50:00Z' } });
    expect(await ask()).toMatchObject({ healthy: false, jobs: [{ state: 'failed' }, {}] });
    written.stdout = '';
    keep(kubernetes, `${batch}/cronjobs`, { ...reconciler(), status: { lastSuccessfulTime: '2026-01-01T01:10:00Z' } });
    expect(await ask()).toMatchObject({ healthy: true, jobs: [{ state: 'past' }, {}] });
  });
});

test.each([
  [{ observedGeneration: 0, updatedReplicas: 1 }, 'Kubernetes has not looked at what was applied yet'],
  [{ observedGeneration: 1 }, 'its pod is not yet the one that was applied last'],
])('a region whose Deployment says %j is not ready, though its pod is', async (state, text) => {
  keep(kubernetes, `${apps}/deployments`, { ...regionDeployment(), status: state });
  expect(await ask()).toMatchObject({ healthy: false, next: `wait for region a: ${text}` });
});

test('racks of a region elsewhere: registered when their pods are ready', async () => {
  kubernetes.objects.clear();
  keep(kubernetes, `${apps}/daemonsets`, rackSet());
  keep(kubernetes, core, rackPod());
  expect(await ask()).toMatchObject({ healthy: true, racks: [{ connected: true, text: 'registered with its region' }], next: null });
  written.stdout = '';
  keep(kubernetes, core, rackPod('node-1', ['rackd']));
  expect(await ask()).toMatchObject({ healthy: false, next: 'rack default/node-1: not ready: rackd' });
});

test.each([
  [401, 'HTTP 401, trouble 401 (the account is not known to the cluster'],
  [403, 'HTTP 403, trouble 403 (the account may not do this'],
  [500, 'the Kubernetes API does not answer GET'],
  [429, 'the Kubernetes API does not answer GET'],
  ['drop', 'the cluster cannot be reached: http://127.0.0.1'],
] as const)('an API server that answers %s', async (trouble, said) => {
  kubernetes.lasting.set('GET /api/v1/namespaces/maas/pods', trouble);
  await expect(showStatus({ kubeconfig: kubernetes.kubeconfig(), requestTimeout: 500 })).rejects.toThrow(said);
  expect(written.stdout).toBe('');
});
