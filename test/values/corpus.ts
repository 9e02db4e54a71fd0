/** Values as users write them: each file is laid over the defaults. Every check of the output goes through all of them. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** Names of the files without their ending, and what is in them. */
export const corpus: ReadonlyMap<string, object> = new Map([
  ['defaults', {}],
  ...readdirSync(__dirname)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .map((file) => [file.replace(/\.yaml$/, ''), parse(readFileSync(join(__dirname, file), 'utf8')) as object] as const),
]);
