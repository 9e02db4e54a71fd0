import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Options {
  readonly input?: string;
  readonly environment?: NodeJS.ProcessEnv;
}

/** Runs a command to its end, whatever its exit code. */
export async function attempt(command: string, args: readonly string[], options: Options = {}): Promise<Result> {
  const running = execute(command, args, { maxBuffer: 256 * 1024 * 1024, env: { ...process.env, ...options.environment } });
  // Who does not read what it is given may have ended before it is.
  running.child.stdin?.on('error', () => undefined).end(options.input ?? '');
  try {
    return { code: 0, ...(await running) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string };
    if (typeof code !== 'number') throw error;
    return { code, stdout, stderr };
  }
}

/** Runs a command and gives its output; fails with everything it said. */
export async function run(command: string, args: readonly string[], options: Options = {}): Promise<string> {
  const { code, stdout, stderr } = await attempt(command, args, options);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: exit code ${String(code)}\n${stdout}${stderr}`);
  return stdout;
}

/** Runs a command with its output on ours. */
export async function stream(command: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...environment } });
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', resolve);
  });
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: exit code ${String(code)}`);
}

export const kubectl = (...args: string[]): Promise<string> => run('kubectl', args);
