import { Value } from '@sinclair/typebox/value';
import { services, servicesSchema } from '../../../cli/services/services';
import { capture } from '../captured';
import { fakeKubernetes, keep, type FakeKubernetes } from '../fake-kubernetes';
import { rackPod, regionPod } from '../objects';

const written = capture();
let kubernetes: FakeKubernetes;
let asked: string[];
beforeEach(async () => {
  kubernetes = await fakeKubernetes();
  asked = [];
  keep(kubernetes, '/api/v1/namespaces/maas/pods', regionPod(), rackPod());
  kubernetes.execute = (pod, container, command) => {
    asked.push(`${pod}/${container} ${command.slice(2).join(' ')}`);
    const rows = pod.includes('region')
      ? 'bind9  enabled  active  2026-01-01T00:00:00Z\nhttp  enabled  backoff  -'
      : 'http  enabled  active  2026-01-01T00:00:00Z';
    return { stdout: `Service  Startup  Current  Since\n${rows}\n` };
  };
});
afterEach(() => kubernetes.close());
const go = (action: 'list' | 'start' | 'stop' | 'restart', names: string[] = [], options: object = {}): Promise<void> =>
  services(action, names, { kubeconfig: kubernetes.kubeconfig(), ...options });

test('of every pod, as its mux says', async () => {
  await go('list');
  expect(written.stdout.split('\n').map((line) => line.split(/\s{2,}/))).toEqual([
    ['POD', 'SERVICE', 'STARTUP', 'CURRENT', 'SINCE'],
    ['maas-region-a-1', 'bind9', 'enabled', 'active', '2026-01-01T00:00:00Z'],
    ['maas-region-a-1', 'http', 'enabled', 'backoff'],
    ['maas-rack-default-node-1', 'http', 'enabled', 'active', '2026-01-01T00:00:00Z'],
    [''],
  ]);
});

test('for programs, with a schema', async () => {
  await go('list', [], { output: 'json' });
  expect([...Value.Errors(servicesSchema, JSON.parse(written.stdout))]).toEqual([]);
});

test('a restart is said before it is done, by MAAS’s name or the container’s', async () => {
  await go('restart', ['dns'], { dryRun: true });
  expect(written.stderr).toBe('would restart bind9 in maas-region-a-1 (now active)\n');
  expect(asked.filter((one) => one.includes('restart'))).toEqual([]);
  await go('restart', ['dns']);
  expect(asked.filter((one) => one.includes('restart'))).toEqual(['maas-region-a-1/services pebble restart bind9']);
});

test('in one pod only', async () => {
  await go('restart', ['http'], { pod: 'maas-rack-default-node-1' });
  expect(asked.filter((one) => one.includes('restart'))).toEqual(['maas-rack-default-node-1/services pebble restart http']);
});

test.each([
  [['nginx'], {}, '"nginx" is no service; there are agent, apiserver, bind9'],
  [[], {}, 'which services shall be restarted?'],
  [['http'], { pod: 'x' }, 'there is no pod x with services in namespace maas'],
])('%j %j: %s', async (names, options, said) => {
  await expect(go('restart', names, options)).rejects.toThrow(said);
});

test('what Pebble refuses is said', async () => {
  kubernetes.execute = (_pod, _container, command) =>
    command.includes('restart') ? { code: 1, stderr: 'error: cannot perform the following tasks:\n- more' } : { stdout: 'Service\nhttp enabled active -\n' };
  await expect(go('restart', ['http'], { pod: 'maas-region-a-1' })).rejects.toThrow(
    'maas-region-a-1: pebble restart http: error: cannot perform the following tasks:',
  );
});

test('a way into the pod that is refused is said, and the others are shown', async () => {
  kubernetes.lasting.set('UPGRADE /api/v1/namespaces/maas/pods/maas-region-a-1/exec', 403);
  await go('list');
  expect(written.stderr).toMatch(/cannot run env in maas-region-a-1 \(container services\): .*403/);
  expect(written.stdout).toContain('maas-rack-default-node-1');
});
