/** From what was applied to what runs: the milestones of a MAAS that comes up, in the order in which they come. */

import type { Cluster } from '../cluster/cluster';
import { Failure, messageOf, TimedOut, Unreachable } from '../failure';
import type { Progress } from '../output/progress';
import { look } from '../status/evidence';
import { isDone } from '../status/judgement';
import type { Status } from '../status/schema';
import { printSeconds, sleep } from '../time';

/** What has to be seen, and what is said when it is. */
export interface Milestone {
  readonly name: string;
  /**
   * @param applied names of the Jobs that were applied: others say nothing about them
   * @returns the line when it is reached
   */
  reached(status: Status, applied: Applied): string | undefined;
}

type Applied = ReadonlySet<string>;

const complete = ({ jobs }: Status, component: string, applied: Applied): boolean =>
  jobs.some((job) => job.component === component && applied.has(job.name) && isDone(job));

const database: Milestone = {
  name: 'database',
  reached: ({ database }) => (database?.ready ? `database: ${database.text}` : undefined),
};
const bootstrap: Milestone = {
  name: 'bootstrap',
  reached: (status, applied) => (complete(status, 'bootstrap', applied) ? 'bootstrap: secrets, schema, administrator and API key are there' : undefined),
};
const region: Milestone = {
  name: 'region',
  reached: ({ regions, api, version }) =>
    api.answers && regions.length > 0 && regions.every(({ ready }) => ready)
      ? `region: MAAS ${version ?? ''} answers, ${regions.map(({ member }) => member).join(', ')}`
      : undefined,
};
const racks: Milestone = {
  name: 'racks',
  reached: ({ racks: found, missingRacks }) =>
    missingRacks === null && found.length > 0 && found.every(({ connected }) => connected)
      ? `racks: ${found.map(({ pool, node, text }) => `${pool}/${node} ${text}`).join('; ')}`
      : undefined,
};
const registration: Milestone = {
  name: 'registration',
  reached: (status, applied) => (complete(status, 'registration', applied) ? 'registration: every rack is connected' : undefined),
};

export const milestones = { region: [database, bootstrap, region], rack: [racks, registration], enrolled: [racks] } as const;

/** Milliseconds between two looks. */
const interval = 1000;

/** Milliseconds for which an API server that restarts is forgiven. */
const forgiven = 60_000;

/** @throws Failure when a Job that was applied has failed for good; TimedOut with what is still missing */
export async function awaitAll(place: Cluster, wanted: readonly Milestone[], applied: Applied, timeout: number, progress: Progress): Promise<Status> {
  const started = Date.now();
  const left = [...wanted];
  let away: number | undefined;
  for (;;) {
    let text: string;
    try {
      const status = await look(place);
      away = undefined;
      const failed = status.jobs.find(({ name, state }) => applied.has(name) && state === 'failed');
      if (failed !== undefined)
        throw new Failure(
          `the Job ${failed.name} has failed: ${failed.text}; maas-k8s logs ${failed.component} says why, and once that is mended maas-k8s up runs it again`,
        );
      for (let line: string | undefined; left[0] !== undefined && (line = left[0].reached(status, applied)) !== undefined;) {
        progress.done(line);
        left.shift();
      }
      if (left.length === 0) return status;
      text = status.next ?? `wait for ${left[0]?.name ?? ''}`;
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      away ??= Date.now();
      if (Date.now() - away > forgiven) throw error;
      text = messageOf(error);
    }
    if (Date.now() - started + interval > timeout)
      throw new TimedOut(`not ready after ${printSeconds(Date.now() - started)}: ${text}; maas-k8s status goes on looking, and maas-k8s up may be run again`);
    progress.step(text);
    await sleep(interval);
  }
}
