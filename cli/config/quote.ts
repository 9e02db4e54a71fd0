/** A command line as Pebble reads it (canonical/x-go strutil/shlex; internals/plan/plan.go: ParseCommand), and a shell does. */

import { Failure } from '../failure';

const plain = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** @throws Failure for an argument that Pebble would take for a group of optional arguments */
export function quoteCommand(argv: readonly string[]): string {
  return argv
    .map((argument) => {
      if (argument === '[' || argument === ']') throw new Failure(`Pebble cannot pass on an argument that is just "${argument}": ${argv.join(' ')}`);
      return plain.test(argument) ? argument : `'${argument.replaceAll("'", `'"'"'`)}'`;
    })
    .join(' ');
}
