/**
 * Ids of changes. Those of several Pebbles collide, so each is prefixed with its service; a request to several services has
 * an id that names the change of each, so that it needs no memory and outlives the mux. Pebble's own client takes nothing but
 * lower-case letters and digits (canonical/pebble client/changes.go): httpx12, or httpx12temporalworkerx3.
 */

import type { ChangeInfo } from './pebble';

export interface Part {
  readonly service: string;
  readonly id: string;
}

export const printChangeId = (parts: readonly Part[]): string => parts.map(({ service, id }) => `${compact(service)}x${id}`).join('');

/** A service's name in an id. */
export const compact = (service: string): string => service.replaceAll('-', '');

/** @returns with compact names of services; undefined for what is not such an id */
export function parseChangeId(written: string): readonly Part[] | undefined {
  if (!/^([a-z][a-z0-9]*?x\d+)+$/.test(written)) return undefined;
  return [...written.matchAll(/([a-z][a-z0-9]*?)x(\d+)/g)].map(([, service = '', id = '']) => ({ service, id }));
}

/** The worst first (canonical/pebble internals/overlord/state/change.go). */
const failures = ['Error', 'Undone', 'Hold'];

const spread = <T>(values: readonly (T | undefined)[]): T[] => values.filter((value) => value !== undefined);

/** Several changes as one. */
export function combineChanges(id: string, changes: readonly ChangeInfo[]): ChangeInfo {
  const [first] = changes;
  if (first !== undefined && changes.length === 1) return { ...first, id };
  const ready = changes.every((change) => change.ready);
  const statuses = changes.map(({ status }) => status);
  const errors = spread(changes.map(({ err }) => err)).filter((error) => error !== '');
  const readyTime = spread(changes.map((change) => change['ready-time']))
    .sort()
    .at(-1);
  return {
    id,
    kind: first?.kind ?? '',
    summary: changes.map(({ summary }) => summary).join('; '),
    status: ready ? (failures.find((failure) => statuses.includes(failure)) ?? 'Done') : 'Doing',
    ready,
    ...(errors.length > 0 ? { err: errors.join('; ') } : {}),
    tasks: changes.flatMap(({ tasks }) => tasks ?? []),
    'spawn-time': spread(changes.map((change) => change['spawn-time'])).sort()[0],
    ...(ready && readyTime !== undefined ? { 'ready-time': readyTime } : {}),
  };
}

/** Changes of services that have no Pebble to make them: not deployed, or away. */
export class OwnChanges {
  readonly #changes = new Map<string, ChangeInfo>();
  /** Ids must not mean something else after a restart of the mux: milliseconds since 1970. */
  #last = Date.now();

  /** @param error what is wrong, if anything */
  make(kind: string, service: string, error?: string): string {
    const id = String((this.#last = Math.max(this.#last + 1, Date.now())));
    const now = new Date().toISOString();
    this.#changes.set(id, {
      id,
      kind,
      summary: `${kind.charAt(0).toUpperCase()}${kind.slice(1)} service "${service}"`,
      status: error === undefined ? 'Done' : 'Error',
      ready: true,
      ...(error === undefined ? {} : { err: error }),
      'spawn-time': now,
      'ready-time': now,
    });
    const [oldest] = this.#changes.keys();
    if (this.#changes.size > 100 && oldest !== undefined) this.#changes.delete(oldest);
    return id;
  }

  find(id: string): ChangeInfo | undefined {
    return this.#changes.get(id);
  }
}
