import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';

export interface Outcome {
  readonly fault: string;
  readonly date: string;
  /** Seconds from the fault's end until every container was ready. */
  readonly ready?: number;
  /** Seconds from the fault's end until everything held, MAAS's own account of itself included, which it renews every 30 s. */
  readonly recovered?: number;
  readonly within: number;
  /** Seconds of the whole test. */
  readonly took: number;
  readonly note: string;
  readonly failure?: string;
}

const number = (value: number | undefined): string => (value === undefined ? '-' : value.toFixed(1)).padStart(7);

export const heading = '  ready  recovered limit    took  fault, in seconds';

export const line = ({ fault, ready, recovered, within, took, note, failure }: Outcome): string =>
  `${number(ready)} ${number(recovered)} ${String(within).padStart(6)} ${number(took)}  ${failure === undefined ? '' : 'FAILED '}${fault}${note ? ` (${note})` : ''}`;

export const print = (outcomes: readonly Outcome[], skipped: readonly string[]): string =>
  [heading, ...outcomes.map(line), ...skipped.map((name) => `skipped, it wants the lab: ${name}`)].join('\n');

const file = 'build/faults.json';

/** What was looked at before: the table is often run by parts. */
export const known = (): Outcome[] => (existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { faults: Outcome[] }).faults : []);

/** @param order names of all faults */
export function keep(outcome: Outcome, order: readonly string[]): void {
  const all = new Map([...known(), outcome].map((outcome) => [outcome.fault, outcome]));
  mkdirSync('build', { recursive: true });
  writeFileSync(file, `${JSON.stringify({ faults: order.flatMap((name) => all.get(name) ?? []) }, undefined, 2)}\n`);
}
