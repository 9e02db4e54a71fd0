/** Kubernetes objects as they are parsed from YAML, and the parts that all checks look at. */

export type KubernetesObject = Record<string, any>;

/** How an object is called in messages. */
export const titleOf = ({ kind, metadata }: KubernetesObject): string => `${String(kind)} ${String(metadata?.name)}`;

/** The pod that an object makes, with its metadata; a Pod is its own. */
export function podTemplate(object: KubernetesObject): KubernetesObject | undefined {
  if (object.kind === 'Pod') return object;
  return (object.spec?.jobTemplate?.spec ?? object.spec)?.template as KubernetesObject | undefined;
}

export const podSpec = (object: KubernetesObject): KubernetesObject | undefined => podTemplate(object)?.spec as KubernetesObject | undefined;

export const podLabels = (object: KubernetesObject): Readonly<Record<string, string>> =>
  (podTemplate(object)?.metadata?.labels ?? {}) as Readonly<Record<string, string>>;

/** All containers of an object's pod, in the order in which they start. */
export const containers = (object: KubernetesObject): KubernetesObject[] => {
  const pod = podSpec(object);
  return [...((pod?.initContainers ?? []) as KubernetesObject[]), ...((pod?.containers ?? []) as KubernetesObject[])];
};

/** An element that is in a list more than once, for each time that it is. */
export const repeated = <T>(list: readonly T[]): T[] => list.filter((element, index) => list.indexOf(element) !== index);
