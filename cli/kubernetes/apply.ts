/** Server-side apply: what it would do, and then doing it. Whoever else owns a field keeps it, unless the person says otherwise. */

import { isDeepStrictEqual } from 'node:util';
import { Failure } from '../failure';
import { ApiRefusal, type Kubernetes } from './kubernetes';
import { nameOf, type KubernetesObject } from './types';

/** Under which name the fields are ours (metadata.managedFields). */
export const fieldManager = 'maas-k8s';

export type Change = 'create' | 'change' | 'keep';

export interface Planned {
  readonly object: KubernetesObject;
  readonly change: Change;
}

export interface Conflict {
  readonly object: KubernetesObject;
  /** Each names a field and who owns it. */
  readonly fields: readonly string[];
}

const applyPatch = 'application/apply-patch+yaml';

interface Resource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

export class Applier {
  readonly #discovered = new Map<string, Promise<readonly Resource[]>>();

  constructor(
    private readonly kubernetes: Kubernetes,
    private readonly force = false,
  ) {}

  /** @throws Failure for a kind that the cluster does not have */
  async path({ apiVersion, kind, metadata }: KubernetesObject): Promise<string> {
    const base = `/${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}`;
    const known = this.#discovered.get(base) ?? this.#discover(base);
    this.#discovered.set(base, known);
    const resource = (await known).find((one) => one.kind === kind && !one.name.includes('/'));
    if (resource === undefined) throw new Failure(`${kind} ${metadata.name}: the cluster has no ${kind} in ${apiVersion}; is it older than Kubernetes 1.30?`);
    const place = resource.namespaced ? `/namespaces/${metadata.namespace ?? this.kubernetes.namespace}` : '';
    return `${base}${place}/${resource.name}/${metadata.name}`;
  }

  async #discover(base: string): Promise<readonly Resource[]> {
    return (await this.kubernetes.find<{ resources: Resource[] }>(base, `ask what there is in ${base}`))?.resources ?? [];
  }

  /**
   * What applying would change. Nothing is changed.
   *
   * @throws Failure with every conflict, or with what the server refuses
   */
  async plan(objects: readonly KubernetesObject[]): Promise<Planned[]> {
    const conflicts: Conflict[] = [];
    const planned = await inTurns(objects, async (object): Promise<Planned> => {
      const path = await this.path(object);
      const live = await this.kubernetes.find<KubernetesObject>(path, `look at ${nameOf(object)}`);
      if (live === undefined) return { object, change: 'create' };
      try {
        const would = await this.#patch(path, object, true);
        return { object, change: isDeepStrictEqual(substance(live), substance(would)) ? 'keep' : 'change' };
      } catch (error) {
        const conflict = conflictIn(object, error);
        if (conflict === undefined) throw error;
        conflicts.push(conflict);
        return { object, change: 'change' };
      }
    });
    if (conflicts.length > 0) throw refusal(conflicts);
    return planned;
  }

  /** One after the other, in the order given. @throws Failure */
  async apply(objects: readonly KubernetesObject[], tell: (object: KubernetesObject) => void = () => undefined): Promise<void> {
    for (const object of objects) {
      tell(object);
      try {
        await this.#patch(await this.path(object), object, false);
      } catch (error) {
        const conflict = conflictIn(object, error);
        throw conflict === undefined ? error : refusal([conflict]);
      }
    }
  }

  #patch(path: string, object: KubernetesObject, dry: boolean): Promise<KubernetesObject> {
    const query = new URLSearchParams({ fieldManager, force: String(this.force), ...(dry ? { dryRun: 'All' } : {}) });
    return this.kubernetes.send('PATCH', `${path}?${query.toString()}`, `apply ${nameOf(object)}`, { body: object, type: applyPatch });
  }
}

/** Fields that the server keeps of its own about an object. */
const kept = new Set(['managedFields', 'resourceVersion', 'generation']);

/** An object without them. */
function substance({ metadata, ...rest }: KubernetesObject): unknown {
  const own = Object.fromEntries(Object.entries(metadata).filter(([field]) => !kept.has(field)));
  return JSON.parse(JSON.stringify({ ...rest, status: undefined, metadata: own })) as unknown;
}

interface Cause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

function conflictIn(object: KubernetesObject, error: unknown): Conflict | undefined {
  if (!(error instanceof ApiRefusal) || error.status !== 409) return undefined;
  const causes = (error.answer as { details?: { causes?: Cause[] } } | undefined)?.details?.causes ?? [];
  const fields = causes
    .filter(({ reason }) => reason === 'FieldManagerConflict')
    .map(({ field = '', message = '' }) => `${field.replace(/^\./, '')}: ${message}`);
  return fields.length > 0 ? { object, fields } : undefined;
}

const refusal = (conflicts: readonly Conflict[]): Failure =>
  new Failure(
    [
      'somebody else has set fields to other values; nothing was changed there:',
      ...conflicts.flatMap(({ object, fields }) => [`  ${nameOf(object)}`, ...fields.map((field) => `    ${field}`)]),
      'change your values to agree, let the other let go of the field, or take these fields over with --force-conflicts',
    ].join('\n'),
  );

/** A few at a time. */
async function inTurns<T, R>(items: readonly T[], act: (item: T) => Promise<R>, width = 6): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await act(items[index]!);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}
