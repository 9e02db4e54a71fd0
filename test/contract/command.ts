/** Commands on the machine that runs the suite. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Result } from '../e2e/command';

const execute = promisify(execFile);

/** Runs a command to its end, whatever its exit code. */
export async function attempt(command: string, args: readonly string[], input = ''): Promise<Result> {
  const running = execute(command, args, { maxBuffer: 256 * 1024 * 1024 });
  // Who does not read what it is given may have ended before it is.
  running.child.stdin?.on('error', () => undefined).end(input);
  try {
    return { code: 0, ...(await running) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string };
    if (typeof code !== 'number') throw error;
    return { code, stdout, stderr };
  }
}

/** Runs a command and gives its output; fails with everything it said. */
export async function run(command: string, args: readonly string[], input = ''): Promise<string> {
  const { code, stdout, stderr } = await attempt(command, args, input);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: exit code ${String(code)}\n${stdout}${stderr}`);
  return stdout;
}

export const kubectl = (...args: string[]): Promise<string> => run('kubectl', args);
