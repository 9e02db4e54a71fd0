/** The service manager of a pod, asked as MAAS asks it, and processes as the kernel sees them. */

import type { Pod as Kind } from '../../charts/tables/processes';
import { ports } from '../../charts/tables/ports';
import { muxSocket, pebbleFolder, pebbleSocket } from '../../charts/tables/volumes';
import { until } from '../e2e/cluster';
import { ask, get, type Answer } from './http';
import type { Pod } from './pod';
import { confined, processOf, Running, start } from './process';

interface Services {
  readonly result?: readonly { readonly name: string; readonly current: string }[];
}

interface Change {
  readonly change?: string;
  readonly result?: { readonly status?: string; readonly ready?: boolean; readonly err?: string } | null;
}

export async function services(pod: Pod, names: string, socket: string = muxSocket): Promise<Map<string, string>> {
  const { status, body } = await get(pod, `/v1/services?names=${names}`, socket);
  if (status !== 200) throw new Error(`services ${names}: HTTP ${String(status)} ${body}`);
  return new Map(((JSON.parse(body) as Services).result ?? []).map(({ name, current }) => [name, current]));
}

export const stateOf = async (pod: Pod, service: string): Promise<string> => (await services(pod, service)).get(service) ?? 'unknown';

const post = (pod: Pod, path: string, body: object, socket: string): Promise<Answer[]> =>
  ask(pod, { url: path, socket, method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });

/** @returns the change's id, as whoever was asked gives it */
export async function act(pod: Pod, action: 'start' | 'stop' | 'restart', service: string, socket: string = muxSocket): Promise<string> {
  const [answer] = await post(pod, '/v1/services', { action, services: [service] }, socket);
  const change = (JSON.parse(answer!.body) as Change).change;
  if (change === undefined) throw new Error(`${action} ${service}: HTTP ${String(answer!.status)} ${answer!.body}`);
  return change;
}

/** Until it is over: its status. */
export function changed(pod: Pod, change: string, limitSeconds: number, socket: string = muxSocket): Promise<string> {
  return until(`change ${change}`, limitSeconds, async () => {
    const { result } = JSON.parse((await get(pod, `/v1/changes/${change}`, socket)).body) as Change;
    if (!result?.ready) throw new Error(JSON.stringify(result));
    return result.status ?? '';
  });
}

export async function control(pod: Pod, action: 'start' | 'stop' | 'restart', service: string, limitSeconds = 40): Promise<void> {
  const status = await changed(pod, await act(pod, action, service), limitSeconds);
  if (status !== 'Done') throw new Error(`${action} ${service}: ${status}`);
}

export async function hangUp(pod: Pod, service: string): Promise<number> {
  return (await post(pod, '/v1/signals', { signal: 'SIGHUP', services: [service] }, muxSocket))[0]!.status;
}

/** What the kubelet is told. */
export const isReady = async (pod: Pod, process: string): Promise<boolean> =>
  (await get(pod, `http://127.0.0.1:${String(ports.health.number)}/ready/${process}`)).status === 200;

export { pebbleSocket };

/** Ends a process's Pebble, and with it the process: nobody can start that, neither MAAS nor the mux. */
export async function endSupervisor(pod: Pod, name: string): Promise<void> {
  await new Running(pod, `pebble-${name}`).kill('TERM', 40);
  await pod.sh('rm -f "$1"', { args: [pebbleSocket(name)] });
}

export async function startSupervisor(pod: Pod, name: string): Promise<void> {
  const { capabilities } = processOf(pod.name as Kind, name);
  await start(pod, `pebble-${name}`, confined({ capabilities, command: ['pebble', 'run', '--verbose'] }), { PEBBLE: pebbleFolder(name) });
}

/** The processes whose command line has this in it; gates, shells and supervisors do not count. */
export async function pids(pod: Pod, text: string): Promise<number[]> {
  const script = `for process in /proc/[0-9]*; do
      line=$(tr '\\0' ' ' < $process/cmdline) 2> /dev/null || continue
      case $line in *maas-k8s* | bash* | timeout* | *pebble*) ;; *"$1"*) echo "\${process#/proc/}" ;; esac
    done 2> /dev/null; true`;
  const output = await pod.sh(script, { args: [text] });
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map(Number)
    .sort((left, right) => left - right);
}
