/** A pod of the suite, and what can be done in it. */

import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../e2e/cluster';
import type { Result } from '../e2e/command';
import { attempt } from '../e2e/command';

/** Each of Jest's workers has pods of its own. */
export const namespaceOf = (worker: number): string => `maas-contract-${String(worker)}`;
export const ownNamespace = namespaceOf(Number(process.env.JEST_WORKER_ID ?? 1));

/** Seconds for a command that should be quick. */
const patience = 60;

/** What kubectl says when it has not come as far as the pod, or has lost it. */
const noCluster =
  /^(Unable to connect to the server|The connection to the server|Error from server|error: (Internal error|cannot exec|error reading|unable to upgrade|lost connection|timed out)|error: pod)|websocket: close/m;

export interface Stat {
  /** As in 0640. */
  readonly mode: string;
  readonly owner: string;
  readonly group: string;
  readonly kind: string;
  readonly size: number;
}

export class Pod {
  constructor(
    readonly name: string,
    readonly namespace = ownNamespace,
  ) {}

  /** Runs a command, whatever its exit code (124 when it was ended because it took too long); fails when it could not be run at all. */
  async try(script: string, options: { readonly args?: readonly string[]; readonly input?: string; readonly limit?: number } = {}): Promise<Result> {
    const { args = [], input, limit = patience } = options;
    const command = ['timeout', '--kill-after=2', String(limit), 'bash', '-c', script, 'contract', ...args];
    const result = await attempt('kubectl', ['-n', this.namespace, 'exec', ...(input === undefined ? [] : ['-i']), this.name, '--', ...command], { input });
    // Otherwise whoever expects a command to fail would be content with a cluster that is away.
    if (result.code !== 0 && noCluster.test(result.stderr)) throw new Error(`the pod ${this.name} cannot be asked: ${result.stderr}`);
    return result;
  }

  /** Runs a shell script and gives its output; fails with everything it said. */
  async sh(script: string, options: { readonly args?: readonly string[]; readonly input?: string; readonly limit?: number } = {}): Promise<string> {
    const { code, stdout, stderr } = await this.try(script, options);
    if (code !== 0) throw new Error(`${this.name}: ${script} ${(options.args ?? []).join(' ')}: exit code ${String(code)}\n${stdout}${stderr}`);
    return stdout.trimEnd();
  }

  read(path: string): Promise<string> {
    return this.sh('cat "$1"', { args: [path] });
  }

  async write(path: string, content: string): Promise<void> {
    await this.sh('mkdir -p "$(dirname "$1")" && cat > "$1"', { args: [path], input: content });
  }

  async exists(path: string): Promise<boolean> {
    return (await this.try('test -e "$1"', { args: [path] })).code === 0;
  }

  /** Several at once; a path that is not there is left out. */
  async stat(...paths: string[]): Promise<Map<string, Stat>> {
    const { stdout } = await this.try('stat -c "%a|%U|%G|%F|%s|%n" "$@" 2>/dev/null', { args: paths });
    return new Map(
      stdout
        .trim()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => {
          const [mode = '', owner = '', group = '', kind = '', size = '', ...name] = line.split('|');
          return [name.join('|'), { mode: mode.padStart(4, '0'), owner, group, kind, size: Number(size) }];
        }),
    );
  }

  /** Until all of them are there. */
  async appear(paths: readonly string[], limitSeconds: number): Promise<void> {
    await until(`${this.name}: ${paths.join(', ')}`, limitSeconds, async () => {
      const { stdout } = await this.try('for path; do [ -e "$path" ] || echo "$path"; done', { args: paths });
      if (stdout !== '') throw new Error(`missing: ${stdout.trim().split('\n').join(', ')}`);
      return true;
    });
  }

  /** Ends everything in the pod but its first process. */
  async sweep(): Promise<void> {
    // kill(-1) spares the first process and the caller; whoever started the caller is gone with the rest.
    await attempt('kubectl', ['-n', this.namespace, 'exec', this.name, '--', 'bash', '-c', 'kill -KILL -- -1']);
    await until(`${this.name}: nothing runs any more`, 10, async () => {
      const names = await this.sh('cat /proc/[0-9]*/comm 2>/dev/null | grep -vxE "pebble|bash|timeout|cat|grep" || true');
      if (names !== '') throw new Error(names.split('\n').join(', '));
      return true;
    });
  }
}

/** Seconds that something takes, with its result. */
export async function timed<T>(work: Promise<T>): Promise<{ readonly seconds: number; readonly result: T }> {
  const started = Date.now();
  const result = await work;
  return { seconds: (Date.now() - started) / 1000, result };
}

/** Looks again and again that something stays as it is. */
export async function staysTrue(what: string, seconds: number, ask: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (Date.now() < deadline) {
    if (!(await ask())) throw new Error(`${what}: not any more`);
    await sleep(500);
  }
}
