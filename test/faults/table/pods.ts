/** Containers and pods that end. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Pod } from '../../../charts/tables/processes';
import { muxSocket } from '../../../charts/tables/volumes';
import { attempt, kubectl } from '../../e2e/command';
import type { Fault } from '../fault';
import { firstPod, killContainer, podName, running, signal, steady } from '../pods';
import { until } from '../limit';
import { identity, moved } from './cures';

const containers = (pod: Pod, chosen: boolean): Fault => ({
  name: `each container of a ${pod}: SIGKILL`,
  ...(chosen ? { chosen } : {}),
  lab: true,
  cure: 'cli/wait/prepare.ts: what an earlier start has left goes, before each start',
  within: 120,
  restarts: [...running(pod).map(({ name }) => `${pod}/${name}`), `${pod}/dhcpd`, `${pod}/dhcpd6`, `${pod}/services`],
  make: async () => {
    const target = await firstPod(pod);
    const names = running(pod).map(({ name }) => name);
    await Promise.all(names.map((name) => killContainer(target, name)));
    return () => steady(target.metadata.name as string, names);
  },
});

const mux = (pod: Pod, chosen: boolean): Fault => ({
  name: `container ${pod}/services: SIGKILL`,
  ...(chosen ? { chosen } : {}),
  lab: true,
  cure: 'cli/mux/mux.ts: the old socket goes',
  within: 90,
  restarts: [`${pod}/services`],
  make: async () => {
    await killContainer(await firstPod(pod), 'services');
  },
});

const pebble = async (pod: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  attempt('kubectl', ['-n', 'maas', 'exec', pod, '-c', 'services', '--', 'env', `PEBBLE_SOCKET=${muxSocket}`, 'pebble', ...args]);

/** Pods that are deleted, with what their controllers make of it. */
const deleted = (name: string, components: readonly string[], within: number, flags: readonly string[] = []): Fault => ({
  name,
  cure: components.includes('region') ? `${identity}; ${moved}` : identity,
  within,
  replaces: components,
  make: async ({ cluster }) => {
    const names = await Promise.all(components.map(podName));
    await cluster.kubectl('delete', 'pod', ...names, '--wait=false', ...flags);
  },
});

export const podFaults: readonly Fault[] = [
  containers('region', true),
  containers('rack', false),
  mux('region', false),
  mux('rack', true),
  {
    name: 'the mux is killed while a change is under way',
    chosen: true,
    lab: true,
    cure: 'cli/mux/changes.ts: ids of changes need no memory',
    within: 90,
    restarts: ['region/services'],
    make: async (world) => {
      const pod = await firstPod('region');
      const name = pod.metadata.name as string;
      // Squid takes more than five seconds to stop.
      const { stdout, stderr } = await pebble(name, 'restart', '--no-wait', 'proxy');
      const change = stdout.trim();
      if (!/^\w+$/.test(change)) throw new Error(`no change: ${stdout}${stderr}`);
      await killContainer(pod, 'services');
      return async () => {
        const { stdout: tasks, stderr: problem } = await pebble(name, 'tasks', change);
        if (!/Done/.test(tasks)) throw new Error(`change ${change} after the mux came back: ${tasks}${problem}`);
        world.note(`change ${change} ended`);
      };
    },
  },
  {
    name: 'the mux is away while regiond starts',
    lab: true,
    cure: 'cli/mux/mux.ts: the old socket goes; MAAS asks again every 30 s',
    within: 120,
    restarts: ['region/services'],
    make: async () => {
      const pod = await firstPod('region');
      await signal(pod.metadata.name as string, 'regiond', 'KILL');
      await sleep(2000);
      await killContainer(pod, 'services');
    },
  },
  deleted('region pod deleted', ['region'], 150),
  deleted('region pod deleted without grace', ['region'], 150, ['--grace-period=0', '--force']),
  deleted('a rack pod deleted', ['rack'], 120),
  deleted('region pod and a rack pod deleted, without grace', ['region', 'rack'], 180, ['--grace-period=0', '--force']),
  { ...deleted('database pod deleted', ['database'], 120), chosen: true, cure: 'charts/database.ts: its data on a claim' },
  {
    name: 'all pods deleted at once',
    cure: `${identity}; everything waits for facts`,
    within: 210,
    replaces: ['region', 'rack', 'database'],
    make: async ({ cluster }) => {
      await cluster.kubectl('delete', 'pods', '--all', '--wait=false');
      await sleep(1000);
    },
  },
  {
    name: 'rolling restart of everything',
    cure: identity,
    within: 240,
    replaces: ['region', 'rack', 'database'],
    make: async ({ cluster }) => {
      await cluster.kubectl('rollout', 'restart', 'deployment,daemonset,statefulset');
      await sleep(2000);
    },
  },
  {
    name: 'kubectl apply -f dist, again and again',
    chosen: true,
    cure: 'charts: nothing that the server changes (accounts.ts: RoleBinding; database.ts: the claim)',
    within: 10,
    make: async (world) => {
      // The CronJob makes its own every ten minutes.
      const things = async (): Promise<string> =>
        (await world.cluster.kubectl('get', 'replicasets,jobs,pods,controllerrevisions', '-l', 'app.kubernetes.io/component!=reconcile', '-o', 'name')).trim();
      const before = await things();
      const times = world.full ? 50 : 5;
      for (let time = 1; time <= times; time++) {
        const output = await kubectl('apply', '-f', world.manifests);
        const changed = output.split('\n').filter((line) => line !== '' && !line.endsWith(' unchanged'));
        if (changed.length > 0) throw new Error(`apply ${String(time)} changed ${changed.join(', ')}`);
      }
      world.note(`${String(times)} times`);
      return async () => {
        await until('the same objects', 5, async () => {
          const after = await things();
          if (after !== before) throw new Error(`before:\n${before}\nafter:\n${after}`);
          return true;
        });
      };
    },
  },
];
