/**
 * Looks after one process, every few seconds:
 * - its container was restarted: the service is brought to the state that MAAS asked for;
 * - Pebble gave the service up (a start that ends within a second is not tried again): it is started again, less and less often;
 * - it runs but does not answer any more: it is restarted;
 * - it answers, but the places that it has learned are others now (relays in the process table): it is restarted;
 * - a file that it reads only at its start has changed: it is restarted.
 */

import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { messageOf } from '../failure';
import { log } from '../log';
import { run } from './check';
import { isStarting } from './health';
import type { Action, Condition, Member } from './member';

export interface Rhythm {
  /** Milliseconds between two looks. */
  readonly look: number;
  /** Milliseconds between two checks whether a process hangs. */
  readonly check: number;
  /** Checks that must fail in a row. */
  readonly failures: number;
  /** Milliseconds until a service that was given up is started again: first and at most. */
  readonly again: readonly [number, number];
}

export const rhythm: Rhythm = { look: 2000, check: 10_000, failures: 6, again: [2000, 30_000] };

export class Keeper {
  #untouched = 0;
  #failures = 0;
  #checked = 0;
  /** The start after which it has been seen at work: milliseconds since 1970. */
  #worked = 0;
  /** Where its requests may go, by a digest: when it was first seen at work, and when it was last looked at. */
  #learned: string | undefined;
  #places: string | undefined;
  #again: number;
  #notBefore = 0;
  /** For which start the files below were looked at: milliseconds since 1970. */
  #start = 0;
  readonly #atStart = new Map<string, string>();
  /** As last seen. */
  readonly #seen = new Map<string, string>();

  constructor(
    private readonly member: Member,
    private readonly rhythm: Rhythm,
  ) {
    this.#again = rhythm.again[0];
  }

  async look(): Promise<void> {
    const condition = await this.member.condition();
    if ((condition.kind === 'running' || condition.kind === 'waiting') && this.member.asked === 'stopped') {
      await this.#act('stop', 'its container came back, and MAAS wants it stopped');
    } else if (condition.kind === 'down') {
      await this.#raise(condition);
    } else if (condition.kind === 'running') {
      this.#untouched = 0;
      await this.#watchFiles(condition.since);
      await this.#watchAnswers(condition);
    }
  }

  /** A service that somebody has stopped at its own Pebble stays so. */
  async #raise({ current, untouched, startup }: Extract<Condition, { kind: 'down' }>): Promise<void> {
    if (this.member.wanted === 'stopped') return;
    this.#untouched = untouched ? this.#untouched + 1 : 0;
    // Pebble itself starts what is enabled; it is given a moment for that.
    if (this.#untouched > (startup === 'enabled' ? 1 : 0)) await this.#revive('its container came back, and MAAS wants it started');
    else if (current === 'error') await this.#revive('its Pebble has given it up');
  }

  async #revive(why: string): Promise<void> {
    if (Date.now() < this.#notBefore) return;
    this.#notBefore = Date.now() + this.#again;
    this.#again = Math.min(this.#again * 2, this.rhythm.again[1]);
    await this.#act('start', why);
  }

  async #watchAnswers(condition: Extract<Condition, { kind: 'running' }>): Promise<void> {
    const starting = this.#worked !== condition.since && isStarting(this.member, condition);
    // Until it has been seen at work it is looked at each time: what it loses right after that is found, too.
    if (!starting && Date.now() - this.#checked < this.rhythm.check) return;
    this.#checked = Date.now();
    const finding = await this.#examine(condition.since);
    if (finding === 'works') {
      this.#worked = condition.since;
      this.#again = this.rhythm.again[0];
    }
    if (typeof finding === 'string' || starting) {
      this.#failures = 0;
      return;
    }
    if (++this.#failures < this.rhythm.failures) return;
    this.#failures = 0;
    await this.#act('restart', `${finding.problem}, ${String(this.rhythm.failures)} times in a row`);
  }

  /** @returns a problem that a restart may cure, or what else can be said */
  async #examine(start: number): Promise<'works' | 'unknown' | { readonly problem: string }> {
    const { alive, relays } = this.member.process;
    const silent = await run(alive);
    if (silent !== undefined) return { problem: `it does not answer any more (${silent})` };
    if (relays === undefined) return 'works';
    // While nobody gets there, it cannot learn where that is.
    if ((await run(relays.past)) !== undefined) return 'unknown';
    const lost = await run(relays.through);
    if (lost !== undefined) return { problem: `requests do not get through it, though they do past it (${lost})` };
    const before = this.#places;
    this.#places = lookAt(relays.to)?.hash;
    if (this.#worked !== start) this.#learned = this.#places;
    if (this.#places === this.#learned) return 'works';
    // Counted from the last change on.
    if (this.#places !== before) this.#failures = 0;
    return { problem: `${relays.to} is not what it was when it began to work` };
  }

  /** @param start milliseconds since 1970 */
  async #watchFiles(start: number): Promise<void> {
    const changed: string[] = [];
    for (const path of this.member.process.restartsOn) {
      const now = lookAt(path);
      if (now === undefined) continue;
      // What the process has read: the file as it is if that is older than the start, else as it was last seen before.
      if (start !== this.#start) this.#atStart.set(path, now.written <= start ? now.hash : (this.#seen.get(path) ?? now.hash));
      this.#seen.set(path, now.hash);
      if (this.#atStart.get(path) !== now.hash) changed.push(path);
    }
    this.#start = start;
    // Until the restart is seen, the file as it is now counts as read.
    if (changed.length > 0 && (await this.#act('restart', `${changed.join(', ')} changed`))) this.#start = 0;
  }

  /** @returns whether the Pebble has taken it */
  async #act(action: Action, why: string): Promise<boolean> {
    log(`${this.member.service}: ${action}, because ${why}`);
    try {
      const answer = await this.member.act(action);
      if (answer.type !== 'error') return true;
      log(`${this.member.service}: ${action} was refused: ${(answer.result as { message?: string } | undefined)?.message ?? ''}`);
    } catch (error) {
      log(`${this.member.service}: ${action} failed: ${messageOf(error)}`);
    }
    return false;
  }
}

function lookAt(path: string): { readonly hash: string; readonly written: number } | undefined {
  try {
    return { hash: createHash('sha256').update(readFileSync(path)).digest('hex'), written: statSync(path).mtimeMs };
  } catch {
    return undefined;
  }
}
