/** Whether all that objects name is there: among them, or made by somebody who is named. */

import { containers, podLabels, podSpec, podTemplate, titleOf, type KubernetesObject } from './objects';

/** That an object, in its own namespace unless said otherwise, is named by another. */
interface Reference {
  readonly kind: string;
  readonly name: string;
  /** The field that names it. */
  readonly at: string;
  readonly namespace?: string;
}

const list = (value: unknown): KubernetesObject[] => (value ?? []) as KubernetesObject[];

/** A reference, unless there is none or the pod does without. */
const named = (kind: string, source: KubernetesObject | undefined, key: string, at: string): Reference[] =>
  source?.[key] === undefined || source.optional === true ? [] : [{ kind, name: source[key] as string, at }];

const ofVolume = (volume: KubernetesObject): Reference[] => {
  const at = `volume ${String(volume.name)}`;
  return [
    ...named('Secret', volume.secret as KubernetesObject, 'secretName', at),
    ...named('ConfigMap', volume.configMap as KubernetesObject, 'name', at),
    ...named('PersistentVolumeClaim', volume.persistentVolumeClaim as KubernetesObject, 'claimName', at),
    ...list(volume.projected?.sources).flatMap(({ secret, configMap }) => [
      ...named('Secret', secret as KubernetesObject, 'name', at),
      ...named('ConfigMap', configMap as KubernetesObject, 'name', at),
    ]),
  ];
};

const ofContainer = ({ name, env, envFrom }: KubernetesObject): Reference[] => {
  const at = `container ${String(name)}`;
  return [
    ...list(env).flatMap(({ valueFrom }) => [
      ...named('Secret', valueFrom?.secretKeyRef as KubernetesObject, 'name', at),
      ...named('ConfigMap', valueFrom?.configMapKeyRef as KubernetesObject, 'name', at),
    ]),
    ...list(envFrom).flatMap(({ secretRef, configMapRef }) => [
      ...named('Secret', secretRef as KubernetesObject, 'name', at),
      ...named('ConfigMap', configMapRef as KubernetesObject, 'name', at),
    ]),
  ];
};

const ofPod = (object: KubernetesObject): Reference[] => {
  const pod = podSpec(object);
  return [
    ...named('ServiceAccount', pod, 'serviceAccountName', 'serviceAccountName'),
    ...named('Service', pod, 'subdomain', 'subdomain'),
    ...list(pod?.imagePullSecrets).flatMap((secret) => named('Secret', secret, 'name', 'imagePullSecrets')),
    ...list(pod?.volumes).flatMap(ofVolume),
    ...containers(object).flatMap(ofContainer),
  ];
};

/** What an object names by kind and name. */
function referencesOf(object: KubernetesObject): Reference[] {
  switch (object.kind) {
    case 'Role':
      return list(object.rules)
        .filter(({ resources }) => (resources as string[]).includes('secrets'))
        .flatMap(({ resourceNames }) => ((resourceNames ?? []) as string[]).map((name) => ({ kind: 'Secret', name, at: 'rules' })));
    case 'RoleBinding':
      return [
        { kind: object.roleRef.kind as string, name: object.roleRef.name as string, at: 'roleRef' },
        ...list(object.subjects).map(({ kind, name, namespace }) => ({
          kind: kind as string,
          name: name as string,
          at: 'subjects',
          namespace: namespace as string,
        })),
      ];
    case 'ValidatingAdmissionPolicyBinding':
      return [{ kind: 'ValidatingAdmissionPolicy', name: object.spec.policyName as string, at: 'policyName' }];
    case 'StatefulSet':
      return [...named('Service', object.spec as KubernetesObject, 'serviceName', 'serviceName'), ...ofPod(object)];
    default:
      return ofPod(object);
  }
}

type Labels = Readonly<Record<string, string>>;

const selects = (selector: Labels, labels: Labels): boolean => Object.entries(selector).every(([key, value]) => labels[key] === value);

/** Volumes and their mounts, in both directions. */
function mountsOf(object: KubernetesObject): string[] {
  const claims = list(object.spec?.volumeClaimTemplates).map(({ metadata }) => metadata.name as string);
  const volumes = [...list(podSpec(object)?.volumes).map(({ name }) => name as string), ...claims];
  const mounted = containers(object).flatMap((container) => list(container.volumeMounts).map(({ name }) => [container.name, name] as [string, string]));
  return [
    ...mounted.filter(([, volume]) => !volumes.includes(volume)).map(([container, volume]) => `container ${container}: there is no volume ${volume}`),
    ...volumes.filter((name) => !mounted.some(([, volume]) => volume === name)).map((name) => `volume ${name}: no container mounts it`),
  ];
}

/** The ports of a container that its own probes name. */
const probedPorts = (object: KubernetesObject): string[] =>
  containers(object).flatMap((container) => {
    const known = list(container.ports).map(({ name }) => name as unknown);
    const asked = ['startupProbe', 'readinessProbe', 'livenessProbe'].flatMap((probe) => {
      const { httpGet, tcpSocket } = (container[probe] ?? {}) as KubernetesObject;
      return [httpGet?.port, tcpSocket?.port].filter((port) => typeof port === 'string');
    });
    return asked.filter((port) => !known.includes(port)).map((port) => `container ${String(container.name)}: no port is called ${port}`);
  });

/** What Services and budgets select. */
function selectionOf(object: KubernetesObject, neighbours: readonly KubernetesObject[]): string[] {
  const selector = (
    object.kind === 'Service' ? object.spec?.selector : object.kind === 'PodDisruptionBudget' ? object.spec?.selector?.matchLabels : undefined
  ) as Labels | undefined;
  if (!selector) return [];
  const selected = neighbours.filter((other) => podTemplate(other) && selects(selector, podLabels(other)));
  if (selected.length === 0) return ['selector: it selects no pods'];
  const known = selected.flatMap((other) => containers(other).flatMap(({ ports }) => list(ports).map(({ name }) => name as unknown)));
  return list(object.spec.ports)
    .map(({ targetPort }) => targetPort as unknown)
    .filter((port) => typeof port === 'string' && !known.includes(port))
    .map((port) => `targetPort: no container of the pods has a port ${String(port)}`);
}

/** A pod has a name in DNS when its subdomain is a headless Service that selects it. */
function subdomainOf(object: KubernetesObject, neighbours: readonly KubernetesObject[]): string[] {
  const subdomain = podSpec(object)?.subdomain as string | undefined;
  const service = neighbours.find(({ kind, metadata }) => kind === 'Service' && metadata.name === subdomain);
  if (!service) return [];
  return [
    ...(service.spec.clusterIP === 'None' ? [] : [`subdomain: the Service ${subdomain!} is not headless`]),
    ...(selects((service.spec.selector ?? {}) as Labels, podLabels(object)) ? [] : [`subdomain: the Service ${subdomain!} does not select the pods`]),
  ];
}

/** The names of Services, with or without a port, in what containers are told. */
function hostsOf(object: KubernetesObject, neighbours: readonly KubernetesObject[]): string[] {
  const namespace = object.metadata.namespace as string;
  const told = containers(object).flatMap(({ command, args, env }) => [
    ...((command ?? []) as string[]),
    ...((args ?? []) as string[]),
    ...list(env).map(({ value }) => value as unknown),
  ]);
  const hosts = told.flatMap((text) => [...String(text).matchAll(/([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\.[a-z0-9.-]+)?(?::(\d+))?/g)]);
  return hosts
    .filter(([, , where]) => where === namespace)
    .flatMap(([, name, , port]) => {
      const service = neighbours.find(({ kind, metadata }) => kind === 'Service' && metadata.name === name);
      if (!service) return [`there is no Service ${name!}`];
      const open = port === undefined || list(service.spec.ports).some((offered) => String(offered.port) === port);
      return open ? [] : [`the Service ${name!} has no port ${port}`];
    });
}

/**
 * @param objects all that are deployed together
 * @param secrets names of the Secrets that others make: bootstrap, and the users
 * @returns one line per name that leads nowhere; empty if there are none
 */
export function unresolved(objects: readonly KubernetesObject[], secrets: readonly string[]): string[] {
  return objects.flatMap((object) => {
    const namespace = object.metadata.namespace as string | undefined;
    const neighbours = objects.filter((other) => other.metadata.namespace === namespace);
    const missing = referencesOf(object).filter(
      (reference) =>
        !(reference.kind === 'Secret' && secrets.includes(reference.name)) &&
        !objects.some(
          ({ kind, metadata }) => kind === reference.kind && metadata.name === reference.name && metadata.namespace === (reference.namespace ?? namespace),
        ),
    );
    return [
      ...missing.map(({ kind, name, at }) => `${at}: there is no ${kind} ${name}`),
      ...mountsOf(object),
      ...probedPorts(object),
      ...selectionOf(object, neighbours),
      ...subdomainOf(object, neighbours),
      ...hostsOf(object, neighbours),
    ].map((problem) => `${titleOf(object)}: ${problem}`);
  });
}
