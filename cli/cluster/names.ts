/** What people call the parts of a MAAS: processes by MAAS's names or by their containers', pods, Jobs. */

import { processes } from '../../charts/tables/processes';
import { Misuse } from '../failure';
import type { Pod } from '../kubernetes/types';

/** One container of one pod. */
export interface Part {
  readonly pod: string;
  readonly container: string;
}

export const jobs = ['bootstrap', 'registration', 'reconcile'] as const;
const pods = ['region', 'rack'] as const;

/** Everything that may be asked for by name, apart from pods. */
export const known = (): string[] =>
  [...new Set([...pods, 'database', ...jobs, 'services', ...processes.flatMap(({ name, service, pod }) => [name, service, `${pod}/${name}`])])].sort();

/** The containers that a name means: of any pod unless it is written as pod/name. */
function containersOf(name: string): { readonly component?: string; readonly containers: readonly string[] | 'all' } | undefined {
  if ((pods as readonly string[]).includes(name) || name === 'database' || (jobs as readonly string[]).includes(name))
    return { component: name, containers: 'all' };
  if (name === 'services') return { containers: ['services'] };
  const [component, rest] = name.includes('/') ? (name.split('/', 2) as [string, string]) : [undefined, name];
  if (component !== undefined && rest === 'services' && (pods as readonly string[]).includes(component)) return { component, containers: ['services'] };
  const found = processes.filter((process) => (component === undefined || process.pod === component) && (process.name === rest || process.service === rest));
  return found.length === 0 ? undefined : { component, containers: [...new Set(found.map((process) => process.name))] };
}

export const componentOf = (object: { readonly metadata?: { readonly labels?: Readonly<Record<string, string>> } }): string =>
  object.metadata?.labels?.['app.kubernetes.io/component'] ?? '';

/**
 * @param names none means everything in regions and racks
 * @throws Misuse that lists what there is
 */
export function partsNamed(names: readonly string[], among: readonly Pod[]): Part[] {
  const wanted = (names.length > 0 ? names : pods).flatMap((name) => {
    const exact = among.filter(({ metadata }) => metadata?.name === name || name.startsWith(`${metadata?.name ?? '?'}/`));
    if (exact.length > 0) return exact.flatMap((pod) => parts(pod, name.includes('/') ? [name.slice(name.indexOf('/') + 1)] : 'all'));
    const found = containersOf(name);
    if (found === undefined) throw new Misuse(`"${name}" is neither a process nor a pod; there are ${known().join(', ')}`);
    return among.filter((pod) => found.component === undefined || componentOf(pod) === found.component).flatMap((pod) => parts(pod, found.containers));
  });
  return [...new Map(wanted.map((part) => [`${part.pod}/${part.container}`, part])).values()];
}

function parts({ metadata, spec }: Pod, containers: readonly string[] | 'all'): Part[] {
  const all = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].map(({ name }) => name);
  return all.filter((name) => containers === 'all' || containers.includes(name)).map((container) => ({ pod: metadata?.name ?? '', container }));
}
