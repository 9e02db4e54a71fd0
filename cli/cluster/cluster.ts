/** The cluster of whoever runs a verb, and the MAAS on it. */

import { Maas } from '../maas/client';
import { access, type Access, type AccessOptions } from '../kubernetes/access';
import { Kubernetes } from '../kubernetes/kubernetes';
import type { Pod } from '../kubernetes/types';
import { ports } from '../../charts/tables/ports';
import { Failure } from '../failure';
import { say } from '../output/terminal';

/** As in kubectl; every verb that asks a cluster takes them. */
export interface ClusterOptions extends AccessOptions {
  readonly namespace?: string;
}

/** Where MAAS is unless something else is said: values.namespace. */
export const usualNamespace = 'maas';

export interface Cluster {
  readonly access: Access;
  readonly kubernetes: Kubernetes;
  readonly namespace: string;
}

/**
 * The namespace is the option's, else that of the context, else the chart's.
 *
 * @throws Failure
 */
export async function cluster(options: ClusterOptions): Promise<Cluster> {
  const found = await access(options);
  const namespace = options.namespace ?? found.namespace ?? usualNamespace;
  return { access: found, namespace, kubernetes: new Kubernetes(found.transport, namespace, found.endurance, say) };
}

/** Milliseconds for one answer of MAAS: a person waits. */
const patience = 8000;

export const isReady = ({ metadata, status }: Pod): boolean =>
  metadata?.deletionTimestamp === undefined && (status?.conditions?.some(({ type, status: holds }) => type === 'Ready' && holds === 'True') ?? false);

const containerReady = (pod: Pod, name: string): boolean => pod.status?.containerStatuses?.some((one) => one.name === name && one.ready) ?? false;

/**
 * A region's pod that answers: one that is ready, else one whose nginx and regiond are.
 */
export const answering = (regions: readonly Pod[]): Pod | undefined =>
  regions.find(isReady) ??
  regions.find((pod) => pod.metadata?.deletionTimestamp === undefined && containerReady(pod, 'http') && containerReady(pod, 'regiond'));

/**
 * The API of the region that is on this cluster, through the API server, so that it needs no way to pods.
 *
 * @param endure milliseconds: how long a region that is away is asked again
 */
export function maasIn({ access: way, namespace }: Cluster, pod: Pod, key?: string, endure = 0): Maas {
  const name = pod.metadata?.name;
  if (name === undefined) throw new Failure('the region has no pod');
  return new Maas(`http://maas-region.${namespace}:${String(ports.api.number)}/MAAS`, key, endure, () => way.dial(namespace, name, ports.api.number), patience);
}
