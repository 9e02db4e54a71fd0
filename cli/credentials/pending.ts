/** What a region that is not there yet still waits for, from what Kubernetes knows. */

import { conditionOf, currentJobs } from '../cluster/jobs';
import { componentOf } from '../cluster/names';
import type { Job, Pod } from '../kubernetes/types';
import { podProblem } from '../register/rack-state';

export interface Situation {
  readonly jobs: readonly Job[];
  readonly pods: readonly Pod[];
}

/** @returns the most telling first */
export function pending({ jobs, pods }: Situation): string {
  const bootstraps = currentJobs(jobs).filter((job) => componentOf(job) === 'bootstrap');
  const problems = [
    ...podProblems('database', pods),
    ...(bootstraps.length === 0 ? ['there is no bootstrap Job'] : bootstraps.flatMap((job) => jobProblem(job, pods))),
    ...podProblems('region', pods),
  ];
  return problems.length > 0 ? problems.join('; ') : 'bootstrap is done, but has not stored a key; look at its log';
}

function jobProblem(job: Job, pods: readonly Pod[]): string[] {
  const { metadata, status } = job;
  const name = metadata?.name ?? 'bootstrap';
  if (status?.succeeded) return [];
  const failed = conditionOf(job, 'Failed');
  if (failed !== undefined) return [`the Job ${name} has failed (${failed.message ?? failed.reason ?? 'no reason given'})`];
  const own = pods.filter((pod) => pod.metadata?.labels?.['batch.kubernetes.io/job-name'] === name).flatMap((pod) => podProblem(pod) ?? []);
  return [`the Job ${name} is at work${own.length > 0 ? ` (${own.join(', ')})` : ''}; kubectl logs job/${name} shows the step`];
}

function podProblems(component: string, pods: readonly Pod[]): string[] {
  return pods
    .filter((pod) => componentOf(pod) === component)
    .flatMap((pod) => {
      const problem = podProblem(pod);
      return problem === undefined ? [] : [`${component} pod ${pod.metadata?.name ?? ''}: ${problem}`];
    });
}
