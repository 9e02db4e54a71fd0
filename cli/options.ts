/** Options that more than one verb has. */

import { InvalidArgumentError, Option } from 'commander';
import { messageOf } from './failure';
import { parseDuration } from './time';

const collect = (value: string, previous: readonly string[]): readonly string[] => [...previous, value];

export const repeatable = (flags: string, description: string): Option => new Option(flags, description).argParser(collect).default([]);

/** Commander takes only its own errors for mistakes on the command line. */
export const asArgument =
  <T>(parse: (written: string) => T) =>
  (written: string): T => {
    try {
      return parse(written);
    } catch (error) {
      throw new InvalidArgumentError(messageOf(error));
    }
  };

export const duration = (flags: string, description: string): Option => new Option(flags, description).argParser(asArgument(parseDuration));

/** In milliseconds. */
export const timeout = (fallback: string): Option => duration('--timeout <duration>', 'how long to wait at most').default(parseDuration(fallback), fallback);

export const dryRun = (): Option => new Option('--dry-run', 'say what would be done, and do nothing');
export const yes = (): Option => new Option('-y, --yes', 'answer the question with yes');

export const count = (flags: string, description: string): Option =>
  new Option(flags, description).argParser(
    asArgument((written) => {
      if (!/^\d+$/.test(written)) throw new Error(`"${written}" is not a whole number`);
      return Number(written);
    }),
  );
