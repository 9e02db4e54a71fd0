/** The Jobs of earlier applications: which of them have to go, and which have to run once more. */

import type { Cluster } from '../cluster/cluster';
import { conditionOf, newer } from '../cluster/jobs';
import { componentOf } from '../cluster/names';
import { Failure, messageOf, TimedOut } from '../failure';
import { partOfMaas, type Kubernetes } from '../kubernetes/kubernetes';
import { nameOf, type Job, type KubernetesObject } from '../kubernetes/types';
import type { Progress } from '../output/progress';
import { say } from '../output/terminal';
import { sleep } from '../time';
import { isUnmanaged } from './unmanaged';

interface Again {
  readonly name: string;
  readonly why: string;
}

export interface EarlierJobs {
  /** Of the same content as one that is applied, but they would not do anything any more: they are made anew. */
  readonly again: readonly Again[];
  /** Others of the same component. */
  readonly superseded: readonly string[];
}

const called = ({ metadata }: Job): string => metadata?.name ?? '';

/**
 * @param live every Job of MAAS in the namespace before anything is applied, so that all of them are older than what will be
 * @param objects what will be applied
 */
function earlierJobs(live: readonly Job[], objects: readonly KubernetesObject[]): EarlierJobs {
  const wanted = objects.filter(({ kind }) => kind === 'Job');
  const instance = 'app.kubernetes.io/instance';
  const ours = live.filter(isUnmanaged);
  const isWanted = (job: Job): boolean => wanted.some(({ metadata }) => metadata.name === called(job));
  const others = ours.filter(
    (job) =>
      !isWanted(job) && wanted.some((one) => componentOf(one) === componentOf(job) && one.metadata.labels?.[instance] === job.metadata?.labels?.[instance]),
  );
  const again = ours.filter(isWanted).flatMap((job): Again[] => {
    if (conditionOf(job, 'Failed') !== undefined) return [{ name: called(job), why: 'it has failed' }];
    const successor = others.find((other) => componentOf(other) === componentOf(job) && newer(other, job));
    return successor === undefined ? [] : [{ name: called(job), why: `${called(successor)} was applied after it` }];
  });
  return { again, superseded: others.map(called) };
}

export async function lookAtJobs({ kubernetes }: Cluster, objects: readonly KubernetesObject[]): Promise<EarlierJobs> {
  return earlierJobs(await kubernetes.list('jobs', partOfMaas), objects);
}

export function sayJobs({ again, superseded }: EarlierJobs): void {
  for (const { name, why } of again) say(`will be run again: ${nameOf({ kind: 'Job', metadata: { name } })}, for ${why}`);
  if (superseded.length > 0) say(`will be removed: ${superseded.map((name) => nameOf({ kind: 'Job', metadata: { name } })).join(', ')}, superseded`);
}

/** Its pods go with it. */
const remove = (kubernetes: Kubernetes, name: string): Promise<void> => kubernetes.remove(kubernetes.path('jobs', name), `the Job ${name}`, 'Background');

/** Milliseconds: somebody's finalizer may keep a Job for ever. */
const patience = 60_000;

/** Before they are applied. */
export async function clear({ kubernetes }: Cluster, { again }: EarlierJobs): Promise<void> {
  for (const { name } of again) {
    await remove(kubernetes, name);
    for (const started = Date.now(); (await kubernetes.find(kubernetes.path('jobs', name), `look at the Job ${name}`)) !== undefined;) {
      if (Date.now() - started > patience)
        throw new TimedOut(`the Job ${name}, which has to be made anew, does not go away (does it have a finalizer?); run this again when it is gone`);
      await sleep(250);
    }
  }
}

/** After the others are applied. */
export async function removeSuperseded({ kubernetes }: Cluster, { superseded }: EarlierJobs, progress: Progress): Promise<void> {
  for (const name of superseded) {
    try {
      await remove(kubernetes, name);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      // It no longer counts, so nothing waits for it.
      progress.note(`the superseded Job ${name} stays: ${messageOf(error)}`);
    }
  }
}
