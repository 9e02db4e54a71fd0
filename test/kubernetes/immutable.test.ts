import fc from 'fast-check';
import { entries } from '../../charts/render/package';
import { valuesSchema } from '../../charts/tables/values';
import { checkValues, defaults, ValuesError } from '../../charts/tables/valuesfile';
import { plainObjects } from '../dist/synth';
import { corpus } from '../values/corpus';
import { immutableChanges } from './immutable';
import { titleOf, type KubernetesObject } from './objects';

/** The values of a set by their paths. */
const flat = (values: object): ReadonlyMap<string, unknown> => new Map(entries(valuesSchema, values).map(({ path, default: value }) => [path, value]));

const sets = [...corpus].map(([name, overlay]) => ({ values: flat(checkValues(overlay, name)), objects: plainObjects(overlay) }));

/** A claim keeps its name, for it keeps what is in it: its storage is chosen once, and may grow (charts/tables/values.ts says so). */
const chosenOnce = [...flat(defaults()).keys()].filter((path) => path.includes('.storage.'));
const changeable = [...flat(defaults()).keys()].filter((path) => !chosenOnce.includes(path));

function nested(values: ReadonlyMap<string, unknown>): object {
  const built: Record<string, unknown> = {};
  for (const [path, value] of values) {
    const keys = path.split('.');
    const group = keys.slice(0, -1).reduce<Record<string, unknown>>((inner, key) => (inner[key] ??= {}) as Record<string, unknown>, built);
    group[keys.at(-1)!] = value;
  }
  return built;
}

const isValid = (values: object): boolean => {
  try {
    checkValues(values, 'random');
    return true;
  } catch (error) {
    if (error instanceof ValuesError) return false;
    throw error;
  }
};

test('every value is changed by some file of the corpus', () => {
  const kept = [...flat(defaults())].filter(([path, value]) => sets.every(({ values }) => JSON.stringify(values.get(path)) === JSON.stringify(value)));
  expect(kept.map(([path]) => path)).toEqual([]);
});

test('from any set of values to any other, and to any mixture of both, nothing changes that cannot', () => {
  const set = fc.constantFrom(...sets);
  const some = fc.oneof(
    fc.constantFrom(...changeable).map((path) => [path]),
    fc.constant(changeable),
    fc.subarray(changeable),
  );
  let tried = 0;
  fc.assert(
    fc.property(set, set, some, (from, to, paths) => {
      const after = nested(new Map([...from.values, ...paths.map((path) => [path, to.values.get(path)] as const)]));
      fc.pre(isValid(after));
      tried++;
      expect(immutableChanges(from.objects, plainObjects(after))).toEqual([]);
    }),
    { numRuns: 60 },
  );
  expect(tried).toBe(60);
});

type Damage = (object: KubernetesObject) => void;

/** What is said of a change in one of the objects. */
function changing(title: string, damage: Damage, before: KubernetesObject[] = sets[0]!.objects): string[] {
  const after = structuredClone(before);
  damage(after.find((object) => titleOf(object).startsWith(title))!);
  return immutableChanges(before, after).map((problem) => problem.replace(/^\w+ \S+: /, ''));
}

const refused: readonly (readonly [string, string, Damage, string])[] = [
  ['the selector of a Deployment', 'Deployment maas-region-a', ({ spec }) => (spec.selector.matchLabels.team = 'x'), 'spec.selector'],
  ['the selector of a DaemonSet', 'DaemonSet', ({ spec }) => (spec.selector.matchLabels.team = 'x'), 'spec.selector'],
  ['the selector of a StatefulSet', 'StatefulSet', ({ spec }) => (spec.selector.matchLabels.team = 'x'), 'spec.selector'],
  ['the Service of a StatefulSet', 'StatefulSet', ({ spec }) => (spec.serviceName = 'x'), 'spec.serviceName'],
  ['the claims of a StatefulSet', 'StatefulSet', ({ spec }) => (spec.volumeClaimTemplates = []), 'spec.volumeClaimTemplates'],
  ['the pod of a Job', 'Job maas-bootstrap', ({ spec }) => (spec.template.spec.containers[0].image = 'x:1'), 'spec.template'],
  ['the size of a claim, to less', 'PersistentVolumeClaim', ({ spec }) => (spec.resources.requests.storage = '500Mi'), 'spec.resources.requests.storage'],
  ['the class of a claim', 'PersistentVolumeClaim', ({ spec }) => (spec.storageClassName = 'fast'), 'spec.storageClassName'],
  ['a Service to a headless one', 'Service maas-region', ({ spec }) => (spec.clusterIP = 'None'), 'spec.clusterIP'],
  ['a headless Service to another', 'Service maas-region-members', ({ spec }) => delete spec.clusterIP, 'spec.clusterIP'],
  ['the Role of a RoleBinding', 'RoleBinding', (binding) => (binding.roleRef.name = 'x'), 'roleRef'],
];

test.each(refused)('%s cannot be changed', (_name, title, damage, field) => {
  expect(changing(title, damage)).toEqual([`${field} cannot be changed`]);
});

const taken: readonly (readonly [string, string, Damage])[] = [
  ['the pods of a Deployment', 'Deployment', ({ spec }) => (spec.template.spec.containers[0].image = 'x:1')],
  ['the pods of a StatefulSet', 'StatefulSet', ({ spec }) => (spec.template.spec.containers[0].image = 'x:1')],
  ['the size of a claim, to more', 'PersistentVolumeClaim', ({ spec }) => (spec.resources.requests.storage = '1Ti')],
  ['the type of a Service', 'Service maas-region', ({ spec }) => (spec.type = 'NodePort')],
  ['a Job of another name', 'Job maas-bootstrap', ({ metadata, spec }) => [(metadata.name = 'maas-bootstrap-x'), (spec.template = {})]],
  ['the subjects of a RoleBinding', 'RoleBinding', (binding) => (binding.subjects = [])],
];

test.each(taken)('%s can be changed', (_name, title, damage) => {
  expect(changing(title, damage)).toEqual([]);
});

test.each([
  ['what a ConfigMap holds', { kind: 'ConfigMap', immutable: true, data: { a: '1' } }, { kind: 'ConfigMap', immutable: true, data: { a: '2' } }, 'data'],
  ['that it holds it', { kind: 'ConfigMap', immutable: true }, { kind: 'ConfigMap' }, 'immutable'],
  ['what a Secret holds', { kind: 'Secret', immutable: true, data: { a: 'MQ==' } }, { kind: 'Secret', immutable: true, data: { a: 'Mg==' } }, 'data'],
  ['the type of a Secret', { kind: 'Secret', type: 'Opaque' }, { kind: 'Secret', type: 'kubernetes.io/tls' }, 'type'],
  ['the value of a PriorityClass', { kind: 'PriorityClass', value: 1 }, { kind: 'PriorityClass', value: 2 }, 'value'],
  [
    'the role of a ClusterRoleBinding',
    { kind: 'ClusterRoleBinding', roleRef: { name: 'a' } },
    { kind: 'ClusterRoleBinding', roleRef: { name: 'b' } },
    'roleRef',
  ],
])('%s cannot be changed where it is said to be fixed', (_name, before, after, field) => {
  const metadata = { name: 'x', namespace: 'maas' };
  expect(immutableChanges([{ metadata, ...before }], [{ metadata, ...after }])).toEqual([`${before.kind} x: ${field} cannot be changed`]);
});

test('what is not marked immutable may be changed', () => {
  const object = { kind: 'ConfigMap', metadata: { name: 'x', namespace: 'maas' } };
  expect(immutableChanges([{ ...object, data: { a: '1' } }], [{ ...object, data: { a: '2' } }])).toEqual([]);
});

test('what Helm removes first may be anything else afterwards; what Argo CD removes first must be good for kubectl, too', () => {
  const withPolicy = (annotation: string, policy: string): KubernetesObject[] => [
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'test', namespace: 'maas', annotations: { [annotation]: policy } }, spec: { containers: [] } },
  ];
  const renamed: Damage = ({ spec }) => (spec.containers = [{ name: 'x' }]);
  expect(changing('Pod', renamed, withPolicy('helm.sh/hook-delete-policy', 'before-hook-creation'))).toEqual([]);
  expect(changing('Pod', renamed, withPolicy('argocd.argoproj.io/hook-delete-policy', 'BeforeHookCreation'))).toEqual(['spec.containers cannot be changed']);
});
