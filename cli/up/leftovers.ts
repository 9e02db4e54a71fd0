/** What earlier values have made and these do not: applying does not remove it, so it goes on running until somebody does. */

import type { Cluster } from '../cluster/cluster';
import { componentOf } from '../cluster/names';
import { quoteCommand } from '../config/quote';
import { running } from '../down/down';
import { messageOf } from '../failure';
import { fieldManager } from '../kubernetes/apply';
import { ApiRefusal, partOfMaas } from '../kubernetes/kubernetes';
import { kubectlName, type Kinds, type KubernetesObject } from '../kubernetes/types';
import { say } from '../output/terminal';
import { isUnmanaged } from './unmanaged';

interface Live {
  readonly metadata?: {
    readonly name?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly unknown[];
    readonly managedFields?: readonly { readonly manager?: string; readonly subresource?: string }[];
  };
}

/** Secrets are bootstrap's, and the rule of admission and the namespace are of every set of values. */
const kinds = [...running, 'persistentvolumeclaims'] as const satisfies readonly (keyof Kinds)[];

/** Others that apply what these charts make. Helm removes by itself, and who else there is made it for reasons of their own. */
const appliers = ['kubectl-client-side-apply', 'kubectl', 'argocd-controller', 'kustomize-controller'];

interface Leftovers {
  /** By this program, as kubectl takes their names. */
  readonly ours: readonly string[];
  /** By others, with who. */
  readonly others: readonly string[];
  /** Volume claims. */
  readonly data: readonly string[];
}

/** @param wanted everything that the values make, applied now or not */
function leftovers(live: readonly (readonly [kind: keyof Kinds, objects: readonly Live[]])[], wanted: readonly KubernetesObject[]): Leftovers {
  const made = new Set(wanted.map(({ kind, metadata }) => `${kind.toLowerCase()}/${metadata.name}`));
  // Where the values make a Job of its kind, an older one is superseded (jobs.ts).
  const replaced = new Set(wanted.filter(({ kind }) => kind === 'Job').map(componentOf));
  const found = live
    .flatMap(([kind, objects]) => objects.map(({ metadata }) => ({ kind, metadata, name: kubectlName(kind, metadata?.name ?? '') })))
    .filter(({ kind, name, metadata }) => !made.has(name) && !(kind === 'jobs' && replaced.has(componentOf({ metadata }))) && isUnmanaged({ metadata }))
    .map((one) => ({ ...one, managers: (one.metadata?.managedFields ?? []).flatMap(({ manager = '', subresource }) => (subresource ? [] : [manager])) }));
  const other = (managers: readonly string[]): string | undefined => managers.find((manager) => appliers.includes(manager));
  const things = found.filter(({ kind }) => kind !== 'persistentvolumeclaims');
  return {
    ours: things.filter(({ managers }) => managers.includes(fieldManager) && other(managers) === undefined).map(({ name }) => name),
    others: things.flatMap(({ name, managers }) => (other(managers) === undefined ? [] : [`${name} (${other(managers) ?? ''})`])),
    data: found
      .filter(({ kind, managers }) => kind === 'persistentvolumeclaims' && (managers.includes(fieldManager) || other(managers) !== undefined))
      .map(({ name }) => name),
  };
}

/** Nothing is removed: a file of values may have been forgotten. */
export async function sayLeftovers(
  { kubernetes, access, namespace }: Cluster,
  wanted: readonly KubernetesObject[],
  kubeconfig: string | undefined,
): Promise<void> {
  let found: Leftovers;
  try {
    const live = await Promise.all(kinds.map(async (kind) => [kind, (await kubernetes.list(kind, partOfMaas)) as readonly Live[]] as const));
    found = leftovers(live, wanted);
  } catch (error) {
    if (!(error instanceof ApiRefusal)) throw error;
    say(`what earlier values have left is not known: ${messageOf(error)}`);
    return;
  }
  const { ours, others, data } = found;
  const cluster = [...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]), '--context', access.context, '-n', namespace];
  if (ours.length > 0)
    say(`of earlier values, and not of these: ${ours.join(', ')}; to remove it: ${quoteCommand(['kubectl', ...cluster, 'delete', ...ours])}`);
  if (others.length > 0) say(`of earlier values, and not of these: ${others.join(', ')}; who has applied it has to remove it`);
  if (data.length > 0) say(`of earlier values, and holds data: ${data.join(', ')}; it stays`);
}
