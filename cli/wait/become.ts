import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { constants as system } from 'node:os';
import { Failure } from '../failure';

/**
 * Node ignores SIGPIPE and SIGXFSZ, and what is ignored stays ignored across exec; env sets them back.
 * Caught signals become default by exec itself, and Node's own files are closed by it. SIGHUP is ignored until the daemon
 * has its own way with it: MAAS may send it right after a start (maas-run.md 6.5).
 */
const resetting = ['/usr/bin/env', '--default-signal=PIPE,XFSZ', '--ignore-signal=HUP'];

/** @throws Failure when nothing executable has that name */
export function executablePath(name: string, searched = process.env['PATH'] ?? ''): string {
  const candidates = name.includes('/') ? [name] : searched.split(':').map((folder) => `${folder || '.'}/${name}`);
  const found = candidates.find((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Failure(`${name}: no such command (looked for ${candidates.join(', ')})`);
  return found;
}

/** Becomes a command, with the same process id. Where Node is too old for that, the command is a child and signals are passed on. */
export function become([name = '', ...rest]: readonly string[]): Promise<never> {
  const [program = '', ...argv] = [...resetting, executablePath(name), ...rest];
  if ('execve' in process) {
    (process as unknown as { execve: (file: string, argv: string[], environment: NodeJS.ProcessEnv) => never }).execve(
      program,
      [program, ...argv],
      process.env,
    );
  }
  return accompany(program, argv);
}

function accompany(program: string, argv: readonly string[]): Promise<never> {
  return new Promise((_, reject) => {
    const child = spawn(program, argv, { stdio: 'inherit' });
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const) {
      process.removeAllListeners(signal);
      process.on(signal, () => child.kill(signal));
    }
    child.once('error', reject);
    child.once('exit', (code, signal) => process.exit(code ?? 128 + system.signals[signal ?? 'SIGKILL']));
  });
}
