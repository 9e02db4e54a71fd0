/** Programs of this machine, run to their end. */

import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import { codeOf, Failure } from './failure';

export interface Running {
  /** Whether its output is shown as it comes. */
  readonly verbose?: boolean;
  readonly folder?: string;
  readonly input?: string;
  /** Beside the environment that there is. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

export interface Outcome {
  readonly code: number;
  /** Of both outputs, as it came. */
  readonly output: string;
  readonly stdout: string;
}

/** @throws Failure when there is no such program */
export function run([command = '', ...args]: readonly string[], { verbose, folder, input, environment, signal }: Running = {}): Promise<Outcome> {
  return new Promise((settle, fail) => {
    const child = spawn(command, args, {
      cwd: folder,
      env: { ...process.env, ...environment },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    signal?.addEventListener('abort', () => {
      child.kill();
    });
    const all: Buffer[] = [];
    const standard: Buffer[] = [];
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on('data', (chunk: Buffer) => {
        all.push(chunk);
        if (stream === child.stdout) standard.push(chunk);
        if (verbose) process.stderr.write(chunk);
      });
    }
    // Who does not read what it is given may have ended before it is.
    child.stdin?.on('error', () => undefined).end(input);
    child.on('error', (error) => {
      fail(new Failure(codeOf(error) === 'ENOENT' ? `${command} is not installed (or not in PATH)` : `${command}: ${error.message}`));
    });
    child.on('close', (code, ending) => {
      settle({
        code: code ?? 1,
        output: Buffer.concat(all).toString() + (ending ? `\nended by ${ending}` : ''),
        stdout: Buffer.concat(standard).toString(),
      });
    });
  });
}

const lastLines = (output: string): string => output.trimEnd().split('\n').slice(-20).join('\n');

/** What went wrong, with the last lines of output unless they were shown. */
export const failed = (
  what: string,
  [command = '']: readonly string[],
  { code, output }: Outcome,
  verbose?: boolean,
  how = `ended with exit code ${String(code)}`,
): Failure => new Failure(`${what}: ${basename(command)} ${how}${verbose ? '' : `\n${lastLines(output)}`}`);

/** @throws Failure */
export async function succeed(what: string, command: readonly string[], running: Running = {}): Promise<Outcome> {
  const outcome = await run(command, running);
  if (outcome.code !== 0) throw failed(what, command, outcome, running.verbose);
  return outcome;
}
