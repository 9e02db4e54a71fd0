import { mkdirSync, writeFileSync } from 'node:fs';

export interface Outcome {
  readonly fault: string;
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

export function keep(outcomes: readonly Outcome[]): void {
  mkdirSync('build', { recursive: true });
  writeFileSync('build/faults.json', `${JSON.stringify({ date: new Date().toISOString(), faults: outcomes }, undefined, 2)}\n`);
}
