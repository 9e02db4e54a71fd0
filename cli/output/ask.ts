/** Questions to a person. Where nobody can answer, the question is an error that names the option which answers it. */

import { Misuse } from '../failure';
import { libraries } from '../kubernetes/access';
import { say } from './terminal';

const someoneIsThere = (): boolean => process.stdin.isTTY && process.stderr.isTTY;

/** @param yes the answer, where an option gives it */
export async function confirmed(question: string, yes: boolean | undefined): Promise<boolean> {
  if (yes) return true;
  if (!someoneIsThere()) throw new Misuse(`${question} There is no terminal to answer on; --yes answers it`);
  const { confirm } = await libraries();
  // A question is no data.
  return confirm({ message: question, default: false }, { output: process.stderr });
}

/** Asks for something that must not be seen. */
export async function hidden(question: string, otherwise: string): Promise<string> {
  if (!someoneIsThere()) throw new Misuse(`${question}: there is no terminal to ask on; ${otherwise}`);
  const { password } = await libraries();
  return password({ message: question, mask: '•' }, { output: process.stderr });
}

/** What is on standard input, without the newline at its end. */
export async function standardInput(): Promise<string> {
  if (process.stdin.isTTY) say('reading from standard input; end it with Ctrl-D');
  const parts: Buffer[] = [];
  for await (const part of process.stdin as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts)
    .toString()
    .replace(/\r?\n$/, '');
}
