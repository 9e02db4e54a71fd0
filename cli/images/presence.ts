/** Whether the images are where the pods will be. */

import type { KubernetesObject, Node } from '../kubernetes/types';

interface Container {
  readonly image?: string;
  readonly imagePullPolicy?: string;
}
interface PodSpec {
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
}

const specOf = (object: KubernetesObject): PodSpec | undefined => {
  const { spec } = object as unknown as { spec?: { template?: { spec?: PodSpec }; jobTemplate?: { spec?: { template?: { spec?: PodSpec } } } } };
  return spec?.template?.spec ?? spec?.jobTemplate?.spec?.template?.spec;
};

/** The images of all workloads among objects. */
export const imagesOf = (objects: readonly KubernetesObject[]): string[] =>
  [
    ...new Set(
      objects.flatMap((object) => [...(specOf(object)?.initContainers ?? []), ...(specOf(object)?.containers ?? [])].flatMap(({ image }) => image ?? [])),
    ),
  ].sort();

/** A kubelet reports this many images, the largest, and no more (nodeStatusMaxImages). */
const reported = 50;

/** localhost is no registry that a node could pull from. */
const cannotBePulled = (image: string): boolean => image.startsWith('localhost/');

/** @returns images that no node could pull, with the nodes that lack them */
export function missing(images: readonly string[], nodes: readonly Node[]): ReadonlyMap<string, readonly string[]> {
  const usable = nodes.filter(({ spec, status }) => !spec?.unschedulable && (status?.images?.length ?? 0) < reported);
  return new Map(
    images
      .filter(cannotBePulled)
      .map((image): [string, string[]] => [
        image,
        usable.filter(({ status }) => !status?.images?.some(({ names }) => names?.includes(image))).map(({ metadata }) => metadata?.name ?? ''),
      ])
      .filter(([, lacking]) => lacking.length > 0),
  );
}
