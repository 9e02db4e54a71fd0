/** `maas-k8s wait`: the gate in front of each daemon. */

import { parseFact, printFact, type Fact } from '../../charts/tables/facts';
import { Failure } from '../failure';
import { log } from '../log';
import { printSeconds, sleep } from '../time';
import { become } from './become';
import { endOrphans } from './orphans';
import { prepare } from './prepare';
import { probe } from './probe';
import { writeReport } from './report';

export interface WaitOptions {
  readonly directory: readonly string[];
  readonly empty: readonly string[];
  readonly remove: readonly string[];
  readonly unlink: readonly string[];
  readonly report?: string;
  /** Milliseconds. */
  readonly timeout: number;
}

/** Milliseconds between two looks: local facts are cheap, the database is not. */
const intervals: Partial<Record<Fact['kind'], number>> = { database: 500, bootstrapped: 500, temporal: 500 };
const interval = 250;
const reminder = 30_000;

/** @throws Failure when a fact does not hold in time, or the command cannot be run */
export async function wait(written: readonly string[], command: readonly string[], options: WaitOptions): Promise<void> {
  // MAAS sends SIGHUP right after a start (maas-run.md 6.5); what is not there yet has nothing to read again.
  process.on('SIGHUP', () => undefined);

  const facts = written.map(parseFact);
  if (process.ppid === 1) await endOrphans();
  for (const kind of ['directory', 'empty', 'remove', 'unlink'] as const) for (const path of options[kind]) prepare({ kind, path });

  const report = options.report;
  await waitFor(facts, options.timeout, (reasons) => {
    if (report !== undefined) writeReport(report, { state: 'waiting', since: Date.now(), reasons });
  });
  if (report !== undefined) writeReport(report, { state: 'started', since: Date.now() });
  if (command.length > 0) await become(command);
}

/**
 * @param timeout milliseconds
 * @param tell called when a reason has changed
 */
async function waitFor(facts: readonly Fact[], timeout: number, tell: (reasons: readonly string[]) => void): Promise<void> {
  const started = Date.now();
  const reasons = new Map<string, string>(facts.map((fact) => [printFact(fact), 'not looked at yet']));
  const print = (): string => [...reasons].map(([fact, reason]) => `${fact} (${reason})`).join(', ');
  let told = '';
  const change = (): void => {
    if (reasons.size === 0 || print() === told) return;
    told = print();
    tell([...reasons].map(([fact, reason]) => `${fact}: ${reason}`));
  };

  const over = new AbortController();
  const watch = async (fact: Fact): Promise<void> => {
    for (;;) {
      const reason = await probe(fact);
      if (reason === undefined) break;
      reasons.set(printFact(fact), reason);
      change();
      if (over.signal.aborted) return;
      await sleep(intervals[fact.kind] ?? interval, over.signal);
    }
    reasons.delete(printFact(fact));
    change();
  };

  const all = Promise.all(facts.map(watch));
  if (facts.length > 0) {
    // Everything that is there already is not worth a line.
    const looked = new AbortController();
    await Promise.race([all, sleep(interval, looked.signal)]);
    looked.abort();
    if (reasons.size > 0) log(`waiting for ${print()}`);
  }
  const remind = setInterval(() => {
    log(`still waiting for ${print()}, after ${printSeconds(Date.now() - started)}`);
  }, reminder);
  const timer = setTimeout(() => {
    over.abort();
  }, timeout);
  try {
    await all;
  } finally {
    clearInterval(remind);
    clearTimeout(timer);
  }
  if (reasons.size > 0) throw new Failure(`gave up after ${printSeconds(Date.now() - started)}: ${print()}`);
  log(`waited ${printSeconds(Date.now() - started)}`);
}
