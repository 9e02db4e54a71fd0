import { objects, synthesize } from '../dist/synth';
import { corpus } from '../values/corpus';
import { enums } from './enums';
import { attributesOf, kindOf } from './models';
import type { KubernetesObject } from './objects';
import { problems } from './schema';

test.each([...corpus])('every object that the charts make of the values %s is one that Kubernetes takes', (_name, overlay) => {
  expect(objects(synthesize(overlay)).flatMap(problems)).toEqual([]);
});

const labels = { 'app.kubernetes.io/name': 'maas' };

const deployment = (): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'region', namespace: 'maas', labels: { ...labels }, annotations: { note: 'any text, even {{ this }}' } },
  spec: {
    replicas: 1,
    selector: { matchLabels: { ...labels } },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '10%', maxSurge: 1 } },
    template: {
      metadata: { labels: { ...labels } },
      spec: {
        hostNetwork: true,
        dnsPolicy: 'ClusterFirstWithHostNet',
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        initContainers: [{ name: 'config', image: 'a:1' }],
        containers: [
          {
            name: 'regiond',
            image: 'a:1',
            imagePullPolicy: 'Always',
            env: [
              { name: 'A', value: '1' },
              { name: 'B', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
            ],
            ports: [{ name: 'rack-http', containerPort: 5248, protocol: 'TCP' }],
            resources: { requests: { cpu: '100m', memory: '1.5Gi' } },
            securityContext: { capabilities: { drop: ['ALL'], add: ['NET_RAW'] } },
            volumeMounts: [{ name: 'state', mountPath: '/var/lib/maas' }],
          },
        ],
        volumes: [{ name: 'state', emptyDir: {} }],
      },
    },
  },
});

const service = (): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'region', namespace: 'maas' },
  spec: {
    type: 'ClusterIP',
    selector: { ...labels },
    ports: [
      { name: 'dns-udp', port: 53, targetPort: 53, protocol: 'UDP' },
      { name: 'dns-tcp', port: 53, targetPort: 'dns', protocol: 'TCP' },
    ],
  },
});

test('objects in order have no problems', () => {
  expect([deployment(), service()].flatMap(problems)).toEqual([]);
});

type Case = readonly [string, (spec: KubernetesObject, object: KubernetesObject) => void, string];

const template = (spec: KubernetesObject): KubernetesObject => spec.template as KubernetesObject;
const pod = (spec: KubernetesObject): KubernetesObject => spec.template.spec as KubernetesObject;
const container = (spec: KubernetesObject): KubernetesObject => pod(spec).containers[0] as KubernetesObject;

const broken: readonly Case[] = [
  [
    'a field with a slip of the pen',
    (spec) => (container(spec).imagePulPolicy = 'Always'),
    'spec.template.spec.containers[0]: there is no field "imagePulPolicy"',
  ],
  ['hostPid, which Kubernetes spells hostPID', (spec) => (pod(spec).hostPid = true), 'spec.template.spec: there is no field "hostPid"'],
  ['a field at the wrong depth', (spec) => (spec.containers = []), 'spec: there is no field "containers"'],
  ['a map that is null', (spec) => (pod(spec).nodeSelector = null), 'spec.template.spec.nodeSelector: must be object'],
  ['labels that are null', (_spec, object) => (object.metadata.labels = null), 'metadata.labels: must be object'],
  ['a list that is null', (spec) => (pod(spec).volumes = null), 'spec.template.spec.volumes: must be array'],
  ['replicas as text', (spec) => (spec.replicas = '1'), 'spec.replicas: must be integer'],
  ['half a replica', (spec) => (spec.replicas = 0.5), 'spec.replicas: must be integer'],
  ['a variable that is a number', (spec) => (container(spec).env[0].value = 1), 'spec.template.spec.containers[0].env[0].value: must be string'],
  [
    'a share of a core as a number',
    (spec) => (container(spec).resources.requests.cpu = 1),
    'spec.template.spec.containers[0].resources.requests.cpu: must be string',
  ],
  ['a label that is true', (_spec, object) => (object.metadata.labels.x = true), 'metadata.labels.x: must be string'],
  ['no selector', (spec) => delete spec.selector, "spec: must have required property 'selector'"],
  ['a container without a name', (spec) => delete container(spec).name, "spec.template.spec.containers[0]: must have required property 'name'"],
  ['no name', (_spec, object) => delete object.metadata.name, 'metadata.name: is missing'],
  ['no namespace', (_spec, object) => delete object.metadata.namespace, 'metadata.namespace: is missing'],
  [
    'a word that the field does not know',
    (spec) => (container(spec).imagePullPolicy = 'always'),
    'spec.template.spec.containers[0].imagePullPolicy: must be one of Always, IfNotPresent, Never',
  ],
  ['a strategy of another kind', (spec) => (spec.strategy.type = 'OnDelete'), 'spec.strategy.type: must be one of Recreate, RollingUpdate'],
  ['a kind of another group', (_spec, object) => (object.apiVersion = 'batch/v1'), 'apiVersion: Kubernetes has no Deployment in batch/v1'],
  ['a version that is gone', (_spec, object) => (object.apiVersion = 'extensions/v1beta1'), 'apiVersion: Kubernetes has no Deployment in extensions/v1beta1'],
  [
    'a capability with CAP_',
    (spec) => (container(spec).securityContext.capabilities.add = ['CAP_NET_RAW']),
    'container regiond: capabilities: "CAP_NET_RAW" is no capability',
  ],
  [
    'a name of a port that is too long',
    (spec) => (container(spec).ports[0].name = 'temporal-metrics'),
    'container regiond: ports: "temporal-metrics" is no name of a port',
  ],
  [
    'the host’s network with the node’s own DNS',
    (spec) => delete pod(spec).dnsPolicy,
    'dnsPolicy: pods on the host’s network find Services only with ClusterFirstWithHostNet',
  ],
  ['a label that is too long', (_spec, object) => (object.metadata.labels.x = 'a'.repeat(64)), 'metadata.labels: "aaa'],
  ['a label with a space', (spec) => (template(spec).metadata.labels.x = 'a b'), 'template.metadata.labels: "a b" is no value of a label'],
  ['a key of a label with a space', (_spec, object) => (object.metadata.labels['a b'] = 'x'), 'metadata.labels: "a b" is no key of a label'],
  ['a selector that selects other pods', (spec) => (spec.selector.matchLabels.pool = 'x'), 'spec.selector: the pods do not have the label pool=x'],
  ['two containers of one name, one of them an init container', (spec) => (container(spec).name = 'config'), 'containers: there are two containers "config"'],
  ['a variable that is given twice', (spec) => (container(spec).env[1].name = 'A'), 'container regiond: env: there are two variables "A"'],
  ['two volumes of one name', (spec) => pod(spec).volumes.push({ name: 'state', emptyDir: {} }), 'volumes: there are two volumes "state"'],
  [
    'two mounts at one place',
    (spec) => container(spec).volumeMounts.push({ name: 'other', mountPath: '/var/lib/maas' }),
    'container regiond: volumeMounts: there are two mounts at "/var/lib/maas"',
  ],
  ['an amount that is none', (spec) => (container(spec).resources.requests.memory = '256 Mi'), 'container regiond: resources: "256 Mi" is no quantity'],
  ['a node selector that is no label', (spec) => (pod(spec).nodeSelector.x = 'a b'), 'nodeSelector: "a b" is no value of a label'],
  ['a name of a container with a line below', (spec) => (container(spec).name = 'a_b'), 'containers: "a_b" is no name of a container'],
  ['a name of a volume with a dot', (spec) => (pod(spec).volumes[0].name = 'a.b'), 'volumes: "a.b" is no name of a volume'],
  [
    'two ports of one name in a container',
    (spec) => container(spec).ports.push({ name: 'rack-http', containerPort: 1 }),
    'container regiond: ports: there are two ports "rack-http"',
  ],
  ['a variable with a space', (spec) => (container(spec).env[0].name = 'A B'), 'container regiond: env: "A B" is no name of a variable'],
  ['a name in capitals', (_spec, object) => (object.metadata.name = 'Region'), 'metadata.name: "Region" is no name of a Deployment'],
  ['a host name with a dot', (spec) => (pod(spec).hostname = 'a.b'), 'hostname: "a.b" is no host name'],
];

test.each(broken)('%s is a problem, and the only one', (_name, damage, problem) => {
  const object = deployment();
  damage(object.spec as KubernetesObject, object);
  expect(problems(object)).toEqual([expect.stringContaining(`Deployment ${String(object.metadata.name)}: ${problem}`)]);
});

const brokenServices: readonly Case[] = [
  ['a name that begins with a digit', (_spec, object) => (object.metadata.name = '1-region'), 'metadata.name: "1-region" is no name of a Service'],
  ['two ports of one number and protocol', (spec) => (spec.ports[1].protocol = 'UDP'), 'spec.ports: there are two ports "53/UDP"'],
  ['two ports of one name', (spec) => (spec.ports[1].name = 'dns-udp'), 'spec.ports: there are two ports "dns-udp"'],
  ['a port without a name beside another', (spec) => delete spec.ports[1].name, 'spec.ports: where there are several, each has a name'],
  ['a nodePort that nobody opens', (spec) => (spec.ports[0].nodePort = 30053), 'spec.ports: a nodePort is for the types NodePort and LoadBalancer'],
  ['a name of a port in capitals', (spec) => (spec.ports[0].name = 'DNS'), 'spec.ports: "DNS" is no name of a port'],
  ['a target that no container can have', (spec) => (spec.ports[0].targetPort = 'temporal-metrics'), 'spec.ports: "temporal-metrics" is no name of a port'],
  ['a selector that is no label', (spec) => (spec.selector.x = 'a b'), 'selector: "a b" is no value of a label'],
  ['a selector as Deployments have it', (spec) => (spec.selector = { matchLabels: labels }), 'spec.selector.matchLabels: must be string'],
];

test.each(brokenServices)('a Service with %s is a problem', (_name, damage, problem) => {
  const object = service();
  damage(object.spec as KubernetesObject, object);
  expect(problems(object)).toEqual([`Service ${String(object.metadata.name)}: ${problem}`]);
});

test('what belongs to the whole cluster is in no namespace', () => {
  expect(problems({ apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'racks', namespace: 'maas' }, value: 1 })).toEqual([
    'PriorityClass racks: metadata.namespace: a PriorityClass is in none',
  ]);
});

test('Jobs and StatefulSets have names that leave room for what Kubernetes makes of them', () => {
  const named = (apiVersion: string, kind: string, length: number) => ({
    apiVersion,
    kind,
    metadata: { name: 'a'.repeat(length), namespace: 'maas' },
    spec: { schedule: '* * * * *', jobTemplate: {} },
  });
  expect(problems(named('batch/v1', 'CronJob', 52))).toEqual([]);
  expect(problems(named('batch/v1', 'CronJob', 53))).toEqual([expect.stringMatching(/: metadata\.name: "a+" is longer than 52 characters$/)]);
});

test('of custom resources only what all objects have is known', () => {
  const monitor = { apiVersion: 'monitoring.coreos.com/v1', kind: 'PodMonitor', metadata: { name: 'maas', namespace: 'maas' }, spec: { anything: null } };
  expect(problems(monitor)).toEqual([]);
  expect(problems({ ...monitor, metadata: { name: 'Ma as' } })).toEqual(['PodMonitor Ma as: metadata.name: "Ma as" is no name of a PodMonitor']);
});

test('every enumeration is one of a field that the models have', () => {
  for (const [model, fields] of Object.entries(enums)) {
    const texts = attributesOf(model).filter(({ type }) => type === 'string' || type === 'Array<string>');
    expect([model, texts.map(({ baseName }) => baseName)]).toEqual([model, expect.arrayContaining(Object.keys(fields))]);
  }
});

test('the kinds of Kubernetes are known with their groups', () => {
  expect(kindOf('v1', 'Event')).toEqual({ model: 'CoreV1Event', namespaced: true });
  expect(kindOf('rbac.authorization.k8s.io/v1', 'ClusterRole')).toEqual({ model: 'V1ClusterRole', namespaced: false });
  expect(kindOf('v1', 'Deployment')).toBeUndefined();
});
