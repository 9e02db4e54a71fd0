/** Processes and containers, and how to end them. */

import { setTimeout as sleep } from 'node:timers/promises';
import { ports } from '../../charts/tables/ports';
import { processesOf, type Pod, type Process } from '../../charts/tables/processes';
import { muxSocket } from '../../charts/tables/volumes';
import type { KubernetesObject } from '../e2e/cluster';
import { attempt } from '../e2e/command';
import { hasLab, onNode } from './lab';
import { cluster } from './start';
import { until } from './limit';

export type Signal = 'TERM' | 'KILL' | 'STOP' | 'CONT';

export const living = async (component: string): Promise<KubernetesObject[]> =>
  (await cluster.pods(component)).filter(({ metadata }) => metadata.deletionTimestamp === undefined);

export async function firstPod(component: string): Promise<KubernetesObject> {
  const [pod] = await living(component);
  if (pod === undefined) throw new Error(`there is no pod of ${component}`);
  return pod;
}

export const podName = async (component: string): Promise<string> => (await firstPod(component)).metadata.name as string;

/** What runs from the start on: DHCP is off until somebody declares what to serve. */
export const running = (pod: Pod): readonly Process[] => processesOf(pod).filter(({ startedBy }) => startedBy === 'pebble');

/** The process that Pebble has started: a child of PID 1 that leads its group. */
const serviceProcess = `awk '/^Pid:/ {pid = $2} /^PPid:/ {parent = $2} /^NSpgid:/ {if (parent == 1 && $NF == pid) print pid}' /proc/[0-9]*/status 2>/dev/null`;

export const pidOf = async (pod: string, container: string): Promise<string> => (await cluster.exec(pod, container, 'sh', '-c', serviceProcess)).trim();

/**
 * Ends the process that Pebble has started, or stops it with all that it has started itself. MAAS may be restarting it just then: there is one soon.
 *
 * @returns the process id, from which a new process can be told
 */
export const signal = (pod: string, container: string, name: Signal): Promise<string> =>
  until(`a process in ${pod}/${container} for SIG${name}`, 15, async () => {
    const group = name === 'STOP' || name === 'CONT' ? '-' : '';
    const pid = (await cluster.exec(pod, container, 'sh', '-c', `pid=$(${serviceProcess}) && kill -s ${name} -- ${group}$pid && echo $pid`)).trim();
    if (!/^\d+$/.test(pid)) throw new Error(`found the processes "${pid}"`);
    return pid;
  });

/** Asks the mux itself, for the kubelet looks only every few seconds. */
export async function usable(pod: string, ...containers: string[]): Promise<string | undefined> {
  const asked = ['-n', cluster.namespace, 'exec', pod, '-c', 'services', '--', 'env', `PEBBLE_SOCKET=${muxSocket}`];
  const { code, stdout, stderr } = await attempt('kubectl', [...asked, 'pebble', 'health', '--level', 'ready', ...containers]);
  return code === 0 ? undefined : `${pod}: ${`${stdout}${stderr}`.trim()}`;
}

/**
 * Whether a machine that boots from this rack would get the region's files: rack's nginx, agent, region's nginx, which says that there is no such file.
 *
 * @returns why not, or undefined
 */
export async function passesOn(rack: string): Promise<string | undefined> {
  const url = `http://127.0.0.1:${String(ports.rackHttp.number)}/images/no/such/file`;
  const ask = ['curl', '--silent', '--show-error', '--max-time', '5', '--output', '/dev/null', '--write-out', '%{http_code}', url];
  const { stdout, stderr } = await attempt('kubectl', ['-n', cluster.namespace, 'exec', rack, '-c', 'services', '--', ...ask]);
  return stdout === '404' ? undefined : `${rack}: no boot files from the region: HTTP ${stdout} ${stderr.trim()}`.trim();
}

/** A process other than the one with this id runs, and is useful. */
export const replaced = (pod: string, container: string, old: string, limitSeconds: number): Promise<boolean> =>
  until(`another process in ${pod}/${container}`, limitSeconds, async () => {
    const pid = await pidOf(pod, container);
    if (pid === '' || pid === old) throw new Error(`process ${pid || 'none'}, before ${old}`);
    const problem = await usable(pod, container);
    if (problem !== undefined) throw new Error(problem);
    return true;
  });

/** The kubelet looks at once at a pod that has changed, and so for changed Secrets, else every minute or so. */
export const lookAtOnce = (): Promise<string> =>
  cluster.kubectl('annotate', 'pods', '-l', 'app.kubernetes.io/component in (region, rack)', `faults=${String(Date.now())}`, '--overwrite');

/** @returns which processes are others than some seconds ago, or do not run */
async function changed(pod: string, containers: readonly string[], seconds: number): Promise<string | undefined> {
  const pids = (): Promise<string[]> => Promise.all(containers.map(async (container) => `${container} ${await pidOf(pod, container)}`));
  const before = await pids();
  await sleep(seconds * 1000);
  const others = (await pids()).filter((now, index) => now !== before[index] || now.endsWith(' '));
  return others.length > 0 ? `${others.join(', ')}, ${String(seconds)} s ago ${before.join(', ')}` : undefined;
}

/** For a while the same processes run: a gate waits and does not end, or Pebble would start it less and less often. */
export async function waitsOn(pod: string, containers: readonly string[], seconds: number): Promise<void> {
  // The one that was killed is replaced first.
  await sleep(5000);
  const found = await changed(pod, containers, seconds - 5);
  if (found !== undefined) throw new Error(`${pod}: gates that do not wait: ${found}`);
}

/**
 * The same processes still run after a few seconds: one that cannot have its port is up for a moment, too, and then Pebble waits before it starts it again.
 * MAAS may restart one meanwhile, which it tries again 30 s after it could not; one that goes on ending is not found running twice.
 */
export async function steady(pod: string, containers: readonly string[]): Promise<void> {
  await until(`${pod} stays up`, 30, async () => {
    const found = await changed(pod, containers, 8);
    if (found !== undefined) throw new Error(found);
    return true;
  });
}

/** Ends a container's first process at once, which nothing inside the container can. */
export async function killContainer(pod: KubernetesObject, container: string): Promise<void> {
  const statuses = pod.status.containerStatuses as KubernetesObject[];
  const id = (statuses.find(({ name }) => name === container)?.containerID as string).replace('containerd://', '');
  if (hasLab()) await onNode(pod.spec.nodeName as string, 'ctr', '--namespace', 'k8s.io', 'task', 'kill', '--signal', 'SIGKILL', id);
  else await cluster.exec(pod.metadata.name as string, container, 'sh', '-c', 'kill 1');
}

/** The log of a container as the kubelet has it. */
export const logOf = async (pod: string, container: string, ...flags: string[]): Promise<string> => cluster.kubectl('logs', pod, '-c', container, ...flags);

export const says = (pod: string, container: string, pattern: RegExp, limitSeconds: number, ...flags: string[]): Promise<boolean> =>
  until(`${pod}/${container} says ${String(pattern)}`, limitSeconds, async () => {
    const log = await logOf(pod, container, ...flags);
    if (!pattern.test(log)) throw new Error(log.slice(-500));
    return true;
  });

export const gone = (component: string, limitSeconds: number): Promise<boolean> =>
  until(`no pod of ${component}`, limitSeconds, async () => {
    const pods = await cluster.pods(component);
    if (pods.length > 0) throw new Error(pods.map(({ metadata }) => metadata.name as string).join(', '));
    return true;
  });
