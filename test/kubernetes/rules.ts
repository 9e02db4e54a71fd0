/** What the API server or the kubelet refuses though it fits the schema. */

import { containers, podLabels, podSpec, podTemplate, repeated, type KubernetesObject } from './objects';

/** An object → what is wrong with it. */
type Rule = (object: KubernetesObject) => string[];

const dnsLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const dnsSubdomain = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;
/** RFC 1035: Services begin with a letter. */
const serviceName = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
/** RBAC names are path segments. */
const pathSegment = /^(?!\.{1,2}$)[^/%]+$/;
/** RFC 6335: names of container ports. */
const portName = /^(?=.{1,15}$)(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const labelKey = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
/** k8s.io/apimachinery/pkg/api/resource/quantity.go, without the sign. */
const quantity = /^(\d+(\.\d*)?|\.\d+)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE]\d+)?$/;

const misfits = (path: string, found: readonly unknown[], pattern: RegExp, what: string): string[] =>
  found.filter((text) => typeof text === 'string' && !pattern.test(text)).map((text) => `${path}: "${String(text)}" is no ${what}`);

/** Job names become labels; a CronJob adds eleven characters to make one, a StatefulSet's revision as many. */
const longest: Readonly<Record<string, number>> = { CronJob: 52, DaemonSet: 63, Job: 63, StatefulSet: 52 };

const names: Rule = ({ kind, apiVersion, metadata }) => {
  const name = metadata?.name as unknown;
  if (typeof name !== 'string') return ['metadata.name: is missing'];
  const pattern = kind === 'Service' ? serviceName : String(apiVersion).startsWith('rbac.') ? pathSegment : kind === 'Namespace' ? dnsLabel : dnsSubdomain;
  const limit = longest[kind as string] ?? 253;
  return [
    ...misfits('metadata.name', [name], pattern, `name of a ${String(kind)}`),
    ...(name.length > limit ? [`metadata.name: "${name}" is longer than ${String(limit)} characters`] : []),
  ];
};

type Labels = Readonly<Record<string, string>>;

const checkLabels = (path: string, labels: Labels | undefined): string[] => [
  ...misfits(path, Object.keys(labels ?? {}), labelKey, 'key of a label'),
  ...misfits(path, Object.values(labels ?? {}), labelValue, 'value of a label'),
];

const labels: Rule = (object) => [
  ...checkLabels('metadata.labels', object.metadata?.labels as Labels),
  ...checkLabels('template.metadata.labels', podLabels(object)),
  ...checkLabels('selector', (object.spec?.selector?.matchLabels ?? (object.kind === 'Service' ? object.spec?.selector : undefined)) as Labels),
  ...checkLabels('nodeSelector', podSpec(object)?.nodeSelector as Labels),
  ...[object, podTemplate(object)].flatMap((part) =>
    misfits('metadata.annotations', Object.keys((part?.metadata?.annotations ?? {}) as object), labelKey, 'key'),
  ),
];

const selector: Rule = (object) => {
  if (!podTemplate(object) || !object.spec?.selector) return [];
  const found = podLabels(object);
  return Object.entries(object.spec.selector.matchLabels as Labels)
    .filter(([key, value]) => found[key] !== value)
    .map(([key, value]) => `spec.selector: the pods do not have the label ${key}=${value}`);
};

const unique = (path: string, found: readonly unknown[], what: string): string[] =>
  repeated(found.filter((name) => typeof name === 'string')).map((name) => `${path}: there are two ${what} "${name}"`);

const keysOf = (list: unknown, key: string): unknown[] => ((list ?? []) as KubernetesObject[]).map((element) => element[key] as unknown);

const pods: Rule = (object) => {
  const pod = podSpec(object);
  if (!pod) return [];
  const found = containers(object);
  return [
    ...(pod.hostNetwork === true && pod.dnsPolicy !== 'ClusterFirstWithHostNet'
      ? ['dnsPolicy: pods on the host’s network find Services only with ClusterFirstWithHostNet']
      : []),
    ...misfits('hostname', [pod.hostname, pod.subdomain], dnsLabel, 'host name'),
    ...misfits('containers', keysOf(found, 'name'), dnsLabel, 'name of a container'),
    ...unique('containers', keysOf(found, 'name'), 'containers'),
    ...misfits('volumes', keysOf(pod.volumes, 'name'), dnsLabel, 'name of a volume'),
    ...unique('volumes', keysOf(pod.volumes, 'name'), 'volumes'),
    ...found.flatMap(container),
  ];
};

function container({ name, env, ports, volumeMounts, securityContext, resources }: KubernetesObject): string[] {
  const { add, drop } = (securityContext?.capabilities ?? {}) as { add?: string[]; drop?: string[] };
  const amounts = [resources?.requests, resources?.limits].flatMap((map: unknown) => Object.values(map ?? {}));
  return [
    ...misfits('capabilities', [...(add ?? []), ...(drop ?? [])], /^(?!CAP_)[A-Z][A-Z_]*$/, 'capability as Kubernetes names them'),
    ...misfits('ports', keysOf(ports, 'name'), portName, 'name of a port'),
    ...unique('ports', keysOf(ports, 'name'), 'ports'),
    ...misfits('env', keysOf(env, 'name'), /^[-._a-zA-Z][-._a-zA-Z0-9]*$/, 'name of a variable'),
    ...unique('env', keysOf(env, 'name'), 'variables'),
    ...unique('volumeMounts', keysOf(volumeMounts, 'mountPath'), 'mounts at'),
    ...misfits('resources', amounts, quantity, 'quantity'),
  ].map((problem) => `container ${String(name)}: ${problem}`);
}

const servicePorts: Rule = ({ kind, spec }) => {
  if (kind !== 'Service') return [];
  const ports = (spec?.ports ?? []) as KubernetesObject[];
  const nodes = ['NodePort', 'LoadBalancer'].includes(spec?.type);
  return [
    ...misfits('spec.ports', keysOf(ports, 'name'), dnsLabel, 'name of a port'),
    ...misfits('spec.ports', keysOf(ports, 'targetPort'), portName, 'name of a port'),
    ...unique('spec.ports', keysOf(ports, 'name'), 'ports'),
    ...unique(
      'spec.ports',
      ports.map(({ port, protocol }) => `${String(port)}/${String(protocol ?? 'TCP')}`),
      'ports',
    ),
    ...(ports.length > 1 && ports.some(({ name }) => name === undefined) ? ['spec.ports: where there are several, each has a name'] : []),
    ...(!nodes && ports.some(({ nodePort }) => nodePort !== undefined) ? ['spec.ports: a nodePort is for the types NodePort and LoadBalancer'] : []),
  ];
};

export const rules: Rule = (object) => [names, labels, selector, pods, servicePorts].flatMap((rule) => rule(object));
