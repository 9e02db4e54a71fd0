/** What a region that is not there yet still waits for, from what Kubernetes knows. */

import type { Job, Pod } from '../kubernetes/types';
import { podProblem } from '../register/rack-state';

export interface Situation {
  readonly jobs: readonly Job[];
  readonly pods: readonly Pod[];
}

const componentOf = (object: Job | Pod): string => object.metadata?.labels?.['app.kubernetes.io/component'] ?? '';

/** @returns the most telling first */
export function pending({ jobs, pods }: Situation): string {
  const bootstraps = jobs.filter((job) => componentOf(job) === 'bootstrap');
  const problems = [
    ...podProblems('database', pods),
    ...(bootstraps.length === 0 ? ['there is no bootstrap Job'] : bootstraps.flatMap((job) => jobProblem(job, pods))),
    ...podProblems('region', pods),
  ];
  return problems.length > 0 ? problems.join('; ') : 'bootstrap is done, but has not stored a key; look at its log';
}

function jobProblem({ metadata, status }: Job, pods: readonly Pod[]): string[] {
  const name = metadata?.name ?? 'bootstrap';
  if (status?.succeeded) return [];
  const failed = status?.conditions?.find(({ type, status: holds }) => type === 'Failed' && holds === 'True');
  if (failed !== undefined) return [`the Job ${name} has failed (${failed.message ?? failed.reason ?? 'no reason given'})`];
  const own = pods.filter((pod) => componentOf(pod) === 'bootstrap').flatMap((pod) => podProblem(pod) ?? []);
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
