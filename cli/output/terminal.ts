/** How things look. Colours only on a terminal, and never against NO_COLOR (no-color.org). */

import { isatty } from 'node:tty';
import pc from 'picocolors';

export type Colours = ReturnType<typeof pc.createColors>;

/** Whether a stream is a terminal that understands more than lines. */
export const isTerminal = ({ fd }: NodeJS.WriteStream & { readonly fd?: number }): boolean => fd !== undefined && isatty(fd) && process.env['TERM'] !== 'dumb';

export const colours = (stream: NodeJS.WriteStream = process.stdout): Colours =>
  pc.createColors(!process.env['NO_COLOR'] && (Boolean(process.env['FORCE_COLOR']) || isTerminal(stream)));

/** What people read; data goes to standard output alone, so that it can be piped. */
export const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

/** @param seconds 75 → 1 m; 4000 → 1 h; as kubectl prints ages, in one unit */
export function age(seconds: number): string {
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
  ] as const;
  const found = units.find(([, size]) => seconds >= size * 2) ?? (['s', 1] as const);
  return `${String(Math.max(0, Math.floor(seconds / found[1])))} ${found[0]}`;
}

export const ageSince = (time: string | undefined | null): string => (time ? age((Date.now() - Date.parse(time)) / 1000) : '');
