/** What MAAS last asked for, per service. Kept on the pod's shared volume, so that it outlives the mux. */

import { readFileSync } from 'node:fs';
import type { Process } from '../../charts/tables/processes';
import { writeAtomically } from '../atomic';
import { codeOf, messageOf } from '../failure';
import { log } from '../log';

export type State = 'started' | 'stopped';

export class Wanted {
  readonly #asked: Map<string, State>;

  constructor(private readonly path: string) {
    this.#asked = new Map(Object.entries(this.#read()));
  }

  /** What MAAS asked for; undefined when it has not yet. */
  asked(process: Process): State | undefined {
    return this.#asked.get(process.service);
  }

  state(process: Process): State {
    return this.asked(process) ?? (process.startedBy === 'pebble' ? 'started' : 'stopped');
  }

  ask(process: Process, state: State): void {
    if (this.#asked.get(process.service) === state) return;
    this.#asked.set(process.service, state);
    writeAtomically(this.path, JSON.stringify(Object.fromEntries(this.#asked)));
  }

  #read(): Record<string, State> {
    try {
      return JSON.parse(readFileSync(this.path, 'utf8')) as Record<string, State>;
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') log(`${this.path} cannot be read, so nothing is remembered: ${messageOf(error)}`);
      return {};
    }
  }
}
