/** Processes that the suite starts itself, without a supervisor: how they begin and how they end is what is looked at. */

import { processesOf, type Pod as Kind, type Process } from '../../charts/tables/processes';
import { until } from '../e2e/cluster';
import type { Pod } from './pod';

const folder = '/contract/run';

/** Exit code of the script that waits for an end which did not come. */
const late = 3;

/** Put into each pod: starts a command in a session of its own, with its log, its PID and, one day, its exit code in files. */
export const startScript = `#!/bin/bash
set -eu
d=${folder}/$1
shift
rm -rf "$d"
mkdir -p "$d"
setsid bash -c 'd=$1; shift
  code=0
  bash -c '"'"'echo $$ > "$0/pid"; exec "$@"'"'"' "$d" "$@" > "$d/log" 2>&1 < /dev/null || code=$?
  echo "$code" > "$d/exit.new"; mv "$d/exit.new" "$d/exit"' contract "$d" "$@" > /dev/null 2>&1 < /dev/null &
until [ -s "$d/pid" ]; do sleep 0.02; done
`;

/** How a process ended: its exit code, or 128 and the number of the signal. */
export interface End {
  readonly code: number;
  readonly seconds: number;
  readonly log: string;
}

/** It was not gone in time. */
class Late extends Error {}

export class Running {
  constructor(
    private readonly pod: Pod,
    readonly name: string,
  ) {}

  log(): Promise<string> {
    return this.pod.read(`${folder}/${this.name}/log`);
  }

  async pid(): Promise<number> {
    return Number(await this.pod.read(`${folder}/${this.name}/pid`));
  }

  async runs(): Promise<boolean> {
    return (await this.pod.try('[ ! -e "$1/exit" ] && kill -0 "$(cat "$1/pid")"', { args: [`${folder}/${this.name}`] })).code === 0;
  }

  /** Its log, once it says something. */
  says(pattern: RegExp, limitSeconds: number): Promise<string> {
    return until(`${this.name} says ${String(pattern)}`, limitSeconds, async () => {
      const log = await this.log();
      if (!pattern.test(log)) throw new Error(`it said ${log.slice(-2000)}`);
      return log;
    });
  }

  /** Waits for its end. */
  async ends(limitSeconds: number): Promise<End> {
    return this.wait('', limitSeconds);
  }

  /** Sends a signal and waits for the end; what is not gone in time is killed, and that is an error. */
  async kill(signal: 'TERM' | 'KILL', limitSeconds: number): Promise<End> {
    return this.wait(`kill -${signal} "$(cat "$1/pid")"`, limitSeconds);
  }

  /** As Pebble does it: SIGTERM, and SIGKILL for what is not gone in time. */
  async end(stopSeconds: number): Promise<void> {
    await this.kill('TERM', stopSeconds).catch((error: unknown) => {
      if (!(error instanceof Late)) throw error;
    });
    await this.ends(5);
  }

  private async wait(first: string, limitSeconds: number): Promise<End> {
    const script = `${first}
      begin=\${EPOCHREALTIME/[.,]/}
      until [ -e "$1/exit" ]; do
        [ $(( \${EPOCHREALTIME/[.,]/} - begin )) -lt $(( $2 * 1000000 )) ] || { tail -c 2000 "$1/log" >&2; kill -KILL "$(cat "$1/pid")"; exit ${String(late)}; }
        sleep 0.05
      done
      echo "$(cat "$1/exit") $(( \${EPOCHREALTIME/[.,]/} - begin ))"; cat "$1/log"`;
    const { code, stdout, stderr } = await this.pod.try(script, { args: [`${folder}/${this.name}`, String(limitSeconds)], limit: limitSeconds + 30 });
    if (code === late) throw new Late(`${this.name}: not gone within ${String(limitSeconds)} s; it said ${stderr}`);
    const [head = '', ...log] = stdout.split('\n');
    const [, exit, microseconds] = /^(\d+) (\d+)$/.exec(head) ?? [];
    if (code !== 0 || exit === undefined)
      throw new Error(`${this.name}: nobody could be asked whether it is gone: exit code ${String(code)} ${stdout}${stderr}`);
    return { code: Number(exit), seconds: Number(microseconds) / 1e6, log: log.join('\n') };
  }
}

export const processOf = (kind: Kind, name: string): Process => processesOf(kind).find((process) => process.name === name)!;

/** A command with a process's own capabilities and no others: those of the pod are of all its processes. */
export const confined = ({ capabilities, command }: Pick<Process, 'capabilities' | 'command'>): string[] => [
  'setpriv',
  `--bounding-set=${['-all', ...capabilities.map((capability) => `+${capability.toLowerCase()}`)].join(',')}`,
  ...command,
];

/** @param name of its log; a process of the same name that still runs is forgotten */
export async function start(pod: Pod, name: string, command: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Running> {
  const variables = Object.entries(environment).map(([variable, value]) => `${variable}=${value}`);
  await pod.sh('/contract/start "$@"', { args: [name, 'env', ...variables, ...command] });
  return new Running(pod, name);
}
