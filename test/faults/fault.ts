/** What a row of the table of faults says. */

import type { Cluster } from '../e2e/cluster';
import type { System } from './system';

export interface World {
  readonly cluster: Cluster;
  readonly system: System;
  /** The folder that `kubectl apply -f` takes. */
  readonly manifests: string;
  /** All faults, at full length; else the chosen ones, which are to take minutes. */
  readonly full: boolean;
  /** Remembers how to put things right; done when the fault has been looked at, last first, whatever came out. */
  undo(how: () => Promise<unknown>): void;
  /** Said in the report beside the times. */
  note(text: string): void;
}

/** What must hold afterwards, beside what always must. */
export type Afterwards = () => Promise<void>;

export interface Fault {
  readonly name: string;
  /** Among the dozen that runs with every change. */
  readonly chosen?: true;
  /** Wants the lab: something that kubectl cannot do. */
  readonly lab?: true;
  /** Concerns the whole cluster, whoever else uses it. */
  readonly wide?: true;
  /** The line of the product without which this fails. */
  readonly cure: string;
  /**
   * Makes the fault and ends it. The time of recovery runs from its end.
   *
   * @returns what must hold besides
   */
  make(world: World): Promise<Afterwards> | Promise<void>;
  /** Seconds from the end of the fault. */
  readonly within: number;
  /** Seconds until every container is ready, where that is much less: MAAS itself starts what it misses, but looks only every 30 s. */
  readonly readyWithin?: number;
  /** Components whose pods may be others afterwards. */
  readonly replaces?: readonly string[];
  /** Containers that the fault has ended, as component/container; they were restarted once, all others never. */
  readonly restarts?: readonly string[] | 'any';
}
