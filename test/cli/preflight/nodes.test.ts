import { checkValues } from '../../../charts/tables/valuesfile';
import { mayRun } from '../../../cli/kubernetes/placement';
import type { Node } from '../../../cli/kubernetes/types';
import { nameOfNode, rackNodes, regionNodes } from '../../../cli/probe/nodes';

const node = (name: string, labels: Record<string, string> = {}, ...taints: { key: string; value?: string; effect: string }[]): Node => ({
  metadata: { name, labels: { 'kubernetes.io/os': 'linux', ...labels } },
  spec: { taints },
});
const controlPlane = { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' };
const nodes = [node('control', {}, controlPlane), node('left', { site: 'left' }), node('right', { site: 'right' })];
const names = (found: readonly Node[]): string[] => found.map(nameOfNode);

test.each([
  [{}, ['left', 'right']],
  [{ rack: { pools: [] } }, []],
  [{ rack: { pools: [{ name: 'l', nodeSelector: { site: 'left' } }] } }, ['left']],
  [{ rack: { pools: [{ name: 'all', tolerations: [{ operator: 'Exists' }] }] } }, ['control', 'left', 'right']],
])('racks with %j come to %j', (values, expected) => {
  expect(names(rackNodes(nodes, checkValues(values, 'test').rack))).toEqual(expected);
});

test('a region comes where its selector and its tolerations let it', () => {
  expect(names(regionNodes(nodes, checkValues({}, 'test').region))).toEqual(['left', 'right']);
  expect(names(regionNodes(nodes, checkValues({ region: { nodeSelector: { site: 'right' } } }, 'test').region))).toEqual(['right']);
});

test('a node that is cordoned, or under pressure, keeps its racks, and takes no region', () => {
  const cordoned = [node('n', {}, { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' })];
  expect(rackNodes(cordoned, checkValues({}, 'test').rack)).toHaveLength(1);
  expect(regionNodes(cordoned, checkValues({}, 'test').region)).toEqual([]);
});

test.each([
  [{ key: 'for', operator: 'Exists' as const }, true],
  [{ key: 'for', value: 'maas' }, true],
  [{ key: 'for', value: 'maas', effect: 'NoExecute' }, true],
  [{ key: 'for', value: 'others' }, false],
  [{ key: 'for' }, false],
  [{ key: 'for', value: 'maas', effect: 'NoSchedule' }, false],
])('the toleration %j of for=maas:NoExecute: %s', (toleration, expected) => {
  expect(mayRun(node('n', {}, { key: 'for', value: 'maas', effect: 'NoExecute' }), { tolerations: [toleration] })).toBe(expected);
});

test('a taint that is a wish keeps nobody away', () => {
  expect(mayRun(node('n', {}, { key: 'busy', effect: 'PreferNoSchedule' }), {})).toBe(true);
});

test.each([
  [{ key: 'cpus', operator: 'In', values: ['8', '16'] }, true],
  [{ key: 'cpus', operator: 'NotIn', values: ['8'] }, false],
  [{ key: 'gpu', operator: 'NotIn', values: ['8'] }, true],
  [{ key: 'cpus', operator: 'Exists' }, true],
  [{ key: 'cpus', operator: 'DoesNotExist' }, false],
  [{ key: 'cpus', operator: 'Gt', values: ['4'] }, true],
  [{ key: 'cpus', operator: 'Lt', values: ['4'] }, false],
  [{ key: 'gpu', operator: 'Gt', values: ['4'] }, false],
])('the affinity %j to cpus=8: %s', (expression, expected) => {
  const of = (...terms: object[]): object => ({ nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } });
  expect(mayRun(node('n', { cpus: '8' }), { affinity: of({ matchExpressions: [expression] }) })).toBe(expected);
  // Any term will do; one that is empty is none.
  expect(mayRun(node('n', { cpus: '8' }), { affinity: of({}, { matchExpressions: [expression] }) })).toBe(expected);
  expect(mayRun(node('n', { cpus: '8' }), { affinity: of({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n'] }] }) })).toBe(true);
});
