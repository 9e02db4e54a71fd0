/** Processes that end or hang. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Pod } from '../../../charts/tables/processes';
import { seconds } from '../../e2e/cluster';
import type { Fault } from '../fault';
import { firstPod, pidOf, podName, replaced, running, signal, steady, type Signal } from '../pods';
import { hang, liveness, restarts } from './cures';

/** Each in turn: Pebble brings it back, and it is useful, before the next one ends. */
const inTurn = (pod: Pod, name: Signal): Fault => ({
  name: `each process of a ${pod} in turn: SIG${name}`,
  cure: restarts,
  within: 60,
  make: async (world) => {
    const target = await podName(pod);
    const times: string[] = [];
    for (const { name: container } of running(pod)) {
      const old = await signal(target, container, name);
      const ended = Date.now();
      await replaced(target, container, old, 90);
      times.push(`${container} ${String(seconds(ended))} s`);
    }
    world.note(times.join(', '));
    const names = running(pod).map(({ name: container }) => container);
    return () => steady(target, names);
  },
});

const atOnce = (pod: Pod, chosen: boolean): Fault => ({
  name: `all processes of a ${pod} at once: SIGKILL`,
  ...(chosen ? { chosen } : {}),
  cure: restarts,
  within: 90,
  make: async () => {
    const target = await podName(pod);
    const old = new Map<string, string>();
    for (const { name } of running(pod)) old.set(name, await pidOf(target, name));
    await Promise.all(running(pod).map(({ name }) => signal(target, name, 'KILL')));
    return async () => {
      for (const [name, pid] of old) await replaced(target, name, pid, 15);
      await steady(target, [...old.keys()]);
    };
  },
});

const alone = (pod: Pod, container: string, name: Signal, more: Partial<Fault> = {}): Fault => ({
  name: `${pod}/${container}: SIG${name}`,
  cure: restarts,
  within: 60,
  ...more,
  make: async () => {
    const target = await podName(pod);
    const old = await signal(target, container, name);
    return async () => {
      await replaced(target, container, old, 15);
      await steady(target, [container]);
    };
  },
});

/** Stopped, and never let go on: nothing but a restart helps, which has to come within two minutes. */
const hangs = (pod: Pod, container: string): Fault => ({
  name: `${pod}/${container}: SIGSTOP, for ever`,
  cure: hang,
  within: 60,
  make: async (world) => {
    const target = await podName(pod);
    const old = await signal(target, container, 'STOP');
    const stopped = Date.now();
    await replaced(target, container, old, 120);
    world.note(`useful again after ${String(seconds(stopped))} s`);
    return () => steady(target, [container]);
  },
});

/** Stopped for a minute: whoever is restarted meanwhile is, the others go on. */
const pause = (pod: Pod, containers: readonly string[]): Fault => ({
  name: `${pod}/${containers.join(', ')}: SIGSTOP for 60 s`,
  cure: liveness,
  within: 90,
  make: async () => {
    const target = await podName(pod);
    for (const container of containers) await signal(target, container, 'STOP');
    await sleep(60_000);
    // Whoever has been restarted is not hurt by it.
    for (const container of containers) await signal(target, container, 'CONT');
  },
});

export const processFaults: readonly Fault[] = [
  inTurn('region', 'TERM'),
  inTurn('region', 'KILL'),
  inTurn('rack', 'TERM'),
  inTurn('rack', 'KILL'),
  atOnce('region', true),
  atOnce('rack', false),
  alone('region', 'regiond', 'KILL'),
  alone('region', 'temporal', 'KILL', { readyWithin: 15 }),
  alone('region', 'dns', 'TERM', { readyWithin: 15 }),
  alone('rack', 'rackd', 'KILL'),
  alone('rack', 'agent', 'KILL', { readyWithin: 15, chosen: true }),
  {
    name: 'a worker of regiond: SIGKILL',
    chosen: true,
    cure: `MAAS itself (maasserver/workers.py); ${liveness}`,
    within: 60,
    make: async (world) => {
      const pod = await firstPod('region');
      const name = pod.metadata.name as string;
      const master = await pidOf(name, 'regiond');
      // regiond has other children, too, such as those that watch interfaces.
      const kill = `for child in $(awk '/^Pid:/ {pid = $2} /^PPid:/ {if ($2 == master) print pid}' master=${master} /proc/[0-9]*/status); do
        if tr '\\0' ' ' < /proc/$child/cmdline | grep -q sbin/regiond; then kill -KILL $child && exit 0; fi
      done; exit 1`;
      await world.cluster.exec(name, 'regiond', 'sh', '-c', kill);
    },
  },
  hangs('region', 'apiserver'),
  hangs('region', 'temporal'),
  hangs('region', 'http'),
  hangs('region', 'regiond'),
  hangs('rack', 'rackd'),
  pause('region', ['temporal-worker', 'dns', 'proxy', 'syslog', 'ntp']),
  pause('rack', ['agent', 'http', 'proxy', 'syslog', 'ntp']),
];
