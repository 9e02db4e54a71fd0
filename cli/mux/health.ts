/** What the kubelet is told. Nothing here asks the database. */

import type { Check } from '../../charts/tables/checks';
import { printSeconds } from '../time';
import { run } from './check';
import type { Condition, Member } from './member';

export interface Health {
  readonly ok: boolean;
  /** One line. */
  readonly reason: string;
}

export type Level = 'alive' | 'ready';

const good = (reason = 'ok'): Health => ({ ok: true, reason });
const bad = (reason: string): Health => ({ ok: false, reason });

/**
 * Alive: fails only for what a restart may cure. A process that is stopped, behind its gate or in Pebble's back-off is not hung,
 * or the database's outage would restart containers; a process that does not answer is restarted through its Pebble first.
 */
export async function alive(member: Member, check: (check: Check) => Promise<string | undefined> = run): Promise<Health> {
  if (!member.deployed) return good('not deployed');
  const condition = await member.condition();
  switch (condition.kind) {
    case 'unreachable':
      return bad(condition.reason);
    case 'down':
      return good(condition.current);
    case 'waiting':
      return good('waiting');
    case 'running': {
      const problem = await check(member.process.alive);
      if (problem === undefined) return good();
      return isStarting(member, condition) ? good(`starting: ${problem}`) : bad(problem);
    }
  }
}

export const isStarting = (member: Member, running: Extract<Condition, { kind: 'running' }>): boolean =>
  Date.now() - running.since < member.process.startSeconds * 1000;

/** Ready: the service is in the state that is wanted, and useful if that is "started". */
export async function ready(member: Member): Promise<Health> {
  if (!member.deployed) return good('not deployed');
  const condition = await member.condition();
  switch (condition.kind) {
    case 'unreachable':
      return bad(condition.reason);
    case 'down':
      return member.wanted === 'stopped' ? good('stopped, as wanted') : bad(`Pebble says ${condition.current}`);
    case 'waiting':
      return bad(condition.reasons.length > 0 ? `waiting for ${condition.reasons.join(', ')}` : 'about to start');
    case 'running': {
      const problem = await run(member.process.ready);
      return problem === undefined ? good() : bad(`${problem} (runs for ${printSeconds(Date.now() - condition.since)})`);
    }
  }
}

/** Remembers answers for a second: a pod's probes, the hang watch and people ask the same things. */
export class HealthCache {
  readonly #answers = new Map<string, { readonly at: number; readonly health: Promise<Health> }>();

  constructor(private readonly members: readonly Member[]) {}

  /** @returns undefined for a process that is unknown */
  get(level: Level, name: string): Promise<Health> | undefined {
    if (name === 'services') return Promise.resolve(good());
    const member = this.members.find(({ process }) => process.name === name);
    if (member === undefined) return undefined;
    const key = `${level}/${name}`;
    const known = this.#answers.get(key);
    if (known !== undefined && Date.now() - known.at < 1000) return known.health;
    const health = level === 'alive' ? alive(member) : ready(member);
    this.#answers.set(key, { at: Date.now(), health });
    return health;
  }
}
