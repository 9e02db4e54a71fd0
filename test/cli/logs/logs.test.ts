import { partsNamed } from '../../../cli/cluster/names';
import { logs } from '../../../cli/logs/logs';
import { capture } from '../captured';
import { fakeKubernetes, keep, type FakeKubernetes } from '../fake-kubernetes';
import { until } from '../folder';
import { pod, rackPod, regionPod } from '../objects';

const written = capture();
let kubernetes: FakeKubernetes;
beforeEach(async () => {
  kubernetes = await fakeKubernetes();
  keep(kubernetes, '/api/v1/namespaces/maas/pods', regionPod(), rackPod('node-1'), rackPod('node-2'), pod('bootstrap', 'maas-bootstrap-1-x'));
  for (const node of ['node-1', 'node-2']) kubernetes.logs.set(`maas-rack-default-${node}/rackd`, ['one', `two of ${node}`]);
  kubernetes.logs.set('maas-region-a-1/regiond', ['alone']);
});
afterEach(() => kubernetes.close());
const go = (names: string[], options: object = {}): Promise<void> => logs(names, { kubeconfig: kubernetes.kubeconfig(), ...options });

test('a process that is there once: its lines, and nothing else', async () => {
  await go(['regiond']);
  expect(written.stdout).toBe('alone\n');
});

test('over all pods, each line with its pod', async () => {
  await go(['rackd'], { tail: 1 });
  expect(written.stdout).toBe('maas-rack-default-node-1/rackd two of node-1\nmaas-rack-default-node-2/rackd two of node-2\n');
});

test.each([
  [['http'], ['maas-region-a-1/http']],
  [['region/http'], ['maas-region-a-1/http']],
  [['bootstrap'], ['maas-bootstrap-1-x/main']],
  [['maas-region-a-1/apiserver'], ['maas-region-a-1/apiserver']],
  [
    ['rackd', 'maas-rack-default-node-1'],
    ['maas-rack-default-node-1/rackd', 'maas-rack-default-node-2/rackd', 'maas-rack-default-node-1/services'],
  ],
])('%j means %j', (names, expected) => {
  const pods = [regionPod(), rackPod('node-1'), rackPod('node-2'), pod('bootstrap', 'maas-bootstrap-1-x')];
  expect(partsNamed(names, pods).map(({ pod: name, container }) => `${name}/${container}`)).toEqual(expected);
});

test('what there is not is said, with what there is', async () => {
  await expect(go(['nginx'])).rejects.toThrow(/"nginx" is neither a process nor a pod; there are agent, apiserver, /);
});

test('a container that has no log yet does not keep the others from showing theirs', async () => {
  await go(['regiond', 'apiserver']);
  expect(written.stdout).toBe('maas-region-a-1/regiond alone\n');
  expect(written.stderr).toContain('maas-region-a-1/apiserver: /api/v1/namespaces/maas/pods/maas-region-a-1/log: HTTP 400, container is waiting to start');
});

test('a stream that is dropped is taken up again, without a line twice', async () => {
  const end = new AbortController();
  const following = go(['regiond'], { follow: true, until: end.signal });
  await until(() => written.stdout.includes('alone'), 'the first line');
  kubernetes.dropStreams();
  const streams = (): number => kubernetes.requests.filter((asked) => asked.endsWith('/log')).length;
  await until(() => streams() === 2, 'the second stream', 5000);
  kubernetes.logs.get('maas-region-a-1/regiond')!.push('after it');
  await until(() => written.stdout.includes('after it'), 'the line after');
  expect(written.stdout).toBe('maas-region-a-1/regiond alone\nmaas-region-a-1/regiond after it\n');
  end.abort();
  kubernetes.dropStreams();
  await following;
});
