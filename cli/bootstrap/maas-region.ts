/** `maas-region`, MAAS's own administrative program. Each run costs seconds of CPU before it does anything. */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Failure, messageOf } from '../failure';

export interface Run {
  readonly code: number;
  readonly output: readonly string[];
}

/**
 * @param input what is written to its standard input
 * @param tell called for each line of output
 * @throws Failure when it cannot be started or takes longer than `timeout` milliseconds
 */
export function maasRegion(
  argv: readonly string[],
  { input, timeout, tell }: { readonly input?: string; readonly timeout: number; readonly tell?: (line: string) => void },
): Promise<Run> {
  return new Promise((resolve, reject) => {
    // A session of its own has no terminal, so that passwords are asked for on standard input (Python's getpass).
    const child = spawn('maas-region', argv, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    const output: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        output.push(line);
        tell?.(line);
      });
    }
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Failure(`maas-region ${argv[0] ?? ''} did not end within ${String(timeout / 1000)} s; it said last: ${output.at(-1) ?? 'nothing'}`));
    }, timeout);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(new Failure(`maas-region cannot be run: ${messageOf(error)}`));
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code: code ?? 1, output });
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(input ?? '');
  });
}
