/** What `wait` tells the service mux: an active service that still waits is not a hung one. */

import { readFileSync } from 'node:fs';
import { pebbleFolder } from '../../charts/tables/volumes';
import { writeAtomically } from '../atomic';

export type Report =
  /** Facts and why they do not hold; times are milliseconds since 1970. */
  { readonly state: 'waiting'; readonly since: number; readonly reasons: readonly string[] } | { readonly state: 'started'; readonly since: number };

/** Beside the layer and the socket of the process's Pebble. */
export const reportPath = (process: string, root = ''): string => `${root}${pebbleFolder(process)}/wait.json`;

export const writeReport = (path: string, report: Report): void => {
  writeAtomically(path, JSON.stringify(report));
};

/** @returns undefined when there is none (yet) */
export function readReport(path: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report;
  } catch {
    return undefined;
  }
}
