import { plainObjects } from '../dist/synth';
import { checkValues } from '../../charts/tables/valuesfile';
import { corpus } from '../values/corpus';
import { containers, podSpec, titleOf, type KubernetesObject } from './objects';
import { unresolved } from './references';

/** What bootstrap makes, and what users make before it. */
const secretsOf = (overlay: object): string[] => {
  const { secrets, images } = checkValues(overlay, 'test');
  return [...Object.values(secrets), ...images.pullSecrets.map(({ name }) => name)];
};

test.each([...corpus])('with the values %s, everything that is named is there', (_name, overlay) => {
  expect(unresolved(plainObjects(overlay), secretsOf(overlay))).toEqual([]);
});

const two = { region: { members: [{ name: 'a' }, { name: 'b' }] } };
const whole = plainObjects(two);

/** The objects of an installation with one of them damaged. */
function damaged(title: string, damage: (object: KubernetesObject, all: KubernetesObject[]) => void): string[] {
  const all = structuredClone(whole);
  damage(
    all.find((object) => titleOf(object) === title)!,
    all,
  );
  return unresolved(all, secretsOf(two));
}

const remove = (object: KubernetesObject, all: KubernetesObject[]): void => {
  all.splice(all.indexOf(object), 1);
};

const region = 'Deployment maas-region-a';
const first = (object: KubernetesObject): KubernetesObject => containers(object)[0]!;

const cases: readonly (readonly [string, string, Parameters<typeof damaged>[1], string])[] = [
  ['an account', 'ServiceAccount maas-rack', remove, 'DaemonSet maas-rack-default: serviceAccountName: there is no ServiceAccount maas-rack'],
  [
    'the account of a RoleBinding',
    'RoleBinding maas-register',
    (binding) => (binding.subjects[0].namespace = 'other'),
    'RoleBinding maas-register: subjects: there is no ServiceAccount maas-register',
  ],
  ['a Role', 'Role maas-bootstrap', remove, 'RoleBinding maas-bootstrap: roleRef: there is no Role maas-bootstrap'],
  ['a claim', 'PersistentVolumeClaim maas-region-a-images', remove, `${region}: volume images: there is no PersistentVolumeClaim maas-region-a-images`],
  [
    'a policy',
    'ValidatingAdmissionPolicy maas-host-network',
    remove,
    'ValidatingAdmissionPolicyBinding maas-host-network: policyName: there is no ValidatingAdmissionPolicy maas-host-network',
  ],
  [
    'a Secret that is mounted',
    region,
    (object) => (podSpec(object)!.volumes.at(-1).secret.secretName = 'typo'),
    `${region}: volume secret-database: there is no Secret typo`,
  ],
  [
    'a Secret for a variable',
    region,
    (object) => (first(object).env[0] = { name: 'X', valueFrom: { secretKeyRef: { name: 'typo', key: 'x' } } }),
    `${region}: container config: there is no Secret typo`,
  ],
  [
    'a Secret for all variables',
    region,
    (object) => (first(object).envFrom = [{ secretRef: { name: 'typo' } }]),
    `${region}: container config: there is no Secret typo`,
  ],
  [
    'a Secret of the registry',
    region,
    (object) => (podSpec(object)!.imagePullSecrets = [{ name: 'typo' }]),
    `${region}: imagePullSecrets: there is no Secret typo`,
  ],
  [
    'a Secret that a Role allows to read',
    'Role maas-register',
    (role) => (role.rules[0].resourceNames = ['typo']),
    'Role maas-register: rules: there is no Secret typo',
  ],
  [
    'a ConfigMap',
    region,
    (object) => podSpec(object)!.volumes.push({ name: 'state', configMap: { name: 'typo' } }),
    `${region}: volume state: there is no ConfigMap typo`,
  ],
  [
    'a projected ConfigMap',
    region,
    (object) => podSpec(object)!.volumes.push({ name: 'state', projected: { sources: [{ configMap: { name: 'typo' } }] } }),
    `${region}: volume state: there is no ConfigMap typo`,
  ],
  [
    'a projected Secret',
    region,
    (object) => podSpec(object)!.volumes.push({ name: 'state', projected: { sources: [{ secret: { name: 'typo' } }] } }),
    `${region}: volume state: there is no Secret typo`,
  ],
  [
    'a ConfigMap for a variable',
    region,
    (object) => (first(object).env[0] = { name: 'X', valueFrom: { configMapKeyRef: { name: 'typo', key: 'x' } } }),
    `${region}: container config: there is no ConfigMap typo`,
  ],
  [
    'a ConfigMap for all variables',
    region,
    (object) => (first(object).envFrom = [{ configMapRef: { name: 'typo' } }]),
    `${region}: container config: there is no ConfigMap typo`,
  ],
  ['a Service in a command', region, (object) => first(object).command.push('http://typo.maas.svc/'), `${region}: there is no Service typo`],
  ['a Service in an argument', region, (object) => containers(object).at(-1)!.args.push('--url=http://typo.maas.svc/'), `${region}: there is no Service typo`],
  ['a volume', region, (object) => first(object).volumeMounts.push({ name: 'typo', mountPath: '/x' }), `${region}: container config: there is no volume typo`],
  ['a mount', region, (object) => podSpec(object)!.volumes.push({ name: 'idle', emptyDir: {} }), `${region}: volume idle: no container mounts it`],
  [
    'a port of a probe',
    region,
    (object) => (containers(object).at(-1)!.readinessProbe.httpGet.port = 'typo'),
    `${region}: container services: no port is called typo`,
  ],
  [
    'a port of a Service',
    'StatefulSet maas-database',
    (object) => delete first(object).ports,
    'Service maas-database: targetPort: no container of the pods has a port postgres',
  ],
  [
    'the pods of a Service',
    'StatefulSet maas-database',
    (object) => (object.spec.template.metadata.labels['app.kubernetes.io/component'] = 'db'),
    'Service maas-database: selector: it selects no pods',
  ],
  [
    'the pods of a budget',
    'PodDisruptionBudget maas-region',
    (object) => (object.spec.selector.matchLabels['app.kubernetes.io/component'] = 'regions'),
    'PodDisruptionBudget maas-region: selector: it selects no pods',
  ],
  [
    'the Service of a StatefulSet',
    'StatefulSet maas-database',
    (object) => (object.spec.serviceName = 'typo'),
    'StatefulSet maas-database: serviceName: there is no Service typo',
  ],
  ['the Service of a subdomain', region, (object) => (podSpec(object)!.subdomain = 'typo'), `${region}: subdomain: there is no Service typo`],
  [
    'a port of a Service in a URL',
    region,
    (object) => (first(object).env[0].value = 'http://maas-region.maas.svc.cluster.local:5241/MAAS'),
    `${region}: the Service maas-region has no port 5241`,
  ],
  [
    'a Service in a URL',
    region,
    (object) => (first(object).env[0].value = 'http://maas-regions.maas.svc:5240/MAAS'),
    `${region}: there is no Service maas-regions`,
  ],
];

test.each(cases)('%s that is missing is found, and nothing else', (_name, title, damage, problem) => {
  expect(damaged(title, damage)).toEqual([problem]);
});

test('a subdomain wants a headless Service that selects the pods', () => {
  expect(damaged('Service maas-region-members', ({ spec }) => delete spec.clusterIP)).toContain(
    `${region}: subdomain: the Service maas-region-members is not headless`,
  );
  expect(damaged('Service maas-region-members', ({ spec }) => (spec.selector['maas-k8s.io/member'] = 'b'))).toEqual([
    `${region}: subdomain: the Service maas-region-members does not select the pods`,
  ]);
});

test('what is optional may be missing', () => {
  expect(damaged(region, (object) => (first(object).envFrom = [{ secretRef: { name: 'perhaps', optional: true } }]))).toEqual([]);
});
