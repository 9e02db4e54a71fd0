/** A Job is named by its content (charts/job.ts): a changed one is another object, and the one before it stays. */

import type { Job } from '../kubernetes/types';
import { componentOf } from './names';

/** Those that are applied. What the CronJob maas-reconcile makes is of a component of its own. */
const applied = ['bootstrap', 'registration'];

const made = ({ metadata }: Job): string => metadata?.creationTimestamp ?? '';

/** Whether one was made after the other. */
export const newer = (one: Job, other: Job): boolean => made(one) > made(other);

export const conditionOf = ({ status }: Job, wanted: string) => status?.conditions?.find(({ type, status: holds }) => type === wanted && holds === 'True');

/** The newest of each component: whatever became of the others no longer counts. */
export const currentJobs = (jobs: readonly Job[]): Job[] =>
  applied.flatMap((component) => {
    const own = jobs.filter((job) => componentOf(job) === component && job.metadata?.deletionTimestamp === undefined);
    return own.filter((job) => !own.some((other) => newer(other, job)));
  });
