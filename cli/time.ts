/** Durations and waiting. */

import { Failure, TimedOut } from './failure';

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * @param written as Go and Kubernetes write durations: 250ms, 30s, 15m, 1h30m
 * @returns milliseconds
 * @throws Failure
 */
export function parseDuration(written: string): number {
  const parts = [...written.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== written) {
    throw new Failure(`"${written}" is not a duration; write it as 30s, 15m or 1h30m`);
  }
  return parts.reduce((total, [, amount, unit]) => total + Number(amount) * (units[unit ?? ''] ?? 0), 0);
}

/** @param milliseconds of which tenths of a second are of interest */
export const printSeconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;

export const sleep = (milliseconds: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    if (signal?.aborted) done();
    else signal?.addEventListener('abort', done);
  });

interface Persistence {
  /** What is waited for, in a log line. */
  readonly what: string;
  /** Milliseconds, from `started`. */
  readonly timeout: number;
  readonly started?: number;
  /** Milliseconds between two tries. */
  readonly interval?: number;
  /** Milliseconds between two log lines. */
  readonly remind?: number;
  readonly log: (line: string) => void;
}

/** What a try comes to: a value, or why there is none yet. */
export type Attempt<T> = { readonly value: T } | { readonly reason: string };

/**
 * Tries again until there is a value. Says why not at the first failure, when the reason changes, and every 30 s.
 *
 * @throws TimedOut with the last reason; whatever `attempt` throws
 */
export async function persist<T>(attempt: () => Promise<Attempt<T>>, options: Persistence): Promise<T> {
  const { what, timeout, started = Date.now(), interval = 1000, remind = 30_000 } = options;
  let said = { reason: '', at: 0 };
  for (;;) {
    const outcome = await attempt();
    if ('value' in outcome) return outcome.value;
    if (outcome.reason !== said.reason || Date.now() - said.at >= remind) {
      options.log(`waiting for ${what}: ${outcome.reason}`);
      said = { reason: outcome.reason, at: Date.now() };
    }
    if (Date.now() - started + interval > timeout)
      throw new TimedOut(`gave up waiting for ${what} after ${printSeconds(Date.now() - started)}: ${outcome.reason}`);
    await sleep(interval);
  }
}
