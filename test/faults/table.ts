/** The table of faults, in the order in which they are run: what concerns the whole cluster comes last. */

import type { Fault } from './fault';
import { hasLab } from './lab';
import { clusterFaults } from './table/cluster';
import { databaseFaults } from './table/database';
import { imageFaults } from './table/images';
import { jobFaults } from './table/jobs';
import { podFaults } from './table/pods';
import { processFaults } from './table/processes';
import { secretFaults } from './table/secrets';

export const faults: readonly Fault[] = [...processFaults, ...podFaults, ...databaseFaults, ...secretFaults, ...jobFaults, ...imageFaults, ...clusterFaults];

export interface Choice {
  readonly full: boolean;
  /** Some by their names. */
  readonly named: boolean;
  readonly chosen: readonly Fault[];
  /** Names of those that only a lab can make, and there is none. */
  readonly skipped: readonly string[];
}

const sets: Readonly<Record<string, (fault: Fault) => boolean>> = {
  all: () => true,
  chosen: ({ chosen }) => chosen === true,
  others: ({ chosen }) => !chosen,
};

/** @param wanted nothing or "all", "chosen", "others" than those, or parts of names with commas between them */
export function choose(wanted: string | undefined): Choice {
  const parts = wanted && !Object.hasOwn(sets, wanted) ? wanted.toLowerCase().split(',') : [];
  const isNamed = ({ name }: Fault): boolean => parts.some((part) => name.toLowerCase().includes(part.trim()));
  const candidates = faults.filter(parts.length > 0 ? isNamed : sets[wanted || 'all']!);
  const possible = ({ lab }: Fault): boolean => !lab || hasLab();
  return {
    full: wanted !== 'chosen',
    named: parts.length > 0,
    chosen: candidates.filter(possible),
    skipped: candidates.filter((fault) => !possible(fault)).map(({ name }) => name),
  };
}
