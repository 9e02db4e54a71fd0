/** The region Secret is deleted, changed, truncated, and put back. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesObject } from '../../e2e/cluster';
import { run } from '../../e2e/command';
import type { Fault, World } from '../fault';
import { firstPod, living, lookAtOnce, podName, says } from '../pods';
import { until } from '../limit';

const name = 'maas-region-secret';
const secretFile = '/var/lib/maas/secret';

/** Gives what puts it back as it was. */
async function keep(world: World): Promise<() => Promise<string>> {
  const { metadata, data, type } = await world.cluster.get('secret', name);
  const { namespace, labels } = metadata as KubernetesObject;
  const manifest = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: namespace as string, labels: labels as object },
    type,
    data,
  });
  const back = (): Promise<string> => run('kubectl', ['apply', '--server-side', '--force-conflicts', '-f', '-'], { input: manifest });
  world.undo(back);
  return back;
}

const set = (world: World, secret: string): Promise<string> => world.cluster.kubectl('patch', 'secret', name, '-p', JSON.stringify({ stringData: { secret } }));

const inRack = async (world: World, pod: string): Promise<string> => (await world.cluster.exec(pod, 'rackd', 'cat', secretFile)).trim();

export const secretFaults: readonly Fault[] = [
  {
    name: 'region Secret deleted, a rack pod deleted meanwhile, the Secret put back',
    chosen: true,
    cure: 'charts/container.ts: a Secret’s volume is not optional, so that a new rack pod waits for it',
    within: 120,
    replaces: ['rack'],
    make: async (world) => {
      const back = await keep(world);
      await world.cluster.kubectl('delete', 'secret', name);
      const old = await firstPod('rack');
      await world.cluster.kubectl('delete', 'pod', old.metadata.name as string, '--grace-period=0', '--force');
      await until('the new rack pod waits for the Secret', 60, async () => {
        const [pod] = (await living('rack')).filter(({ metadata, status }) => metadata.uid !== old.metadata.uid && status.phase === 'Pending');
        return pod && (await world.cluster.kubectl('get', 'events', '--field-selector', `involvedObject.name=${pod.metadata.name as string}`)).includes(name)
          ? true
          : undefined;
      });
      await back();
    },
  },
  {
    name: 'region Secret changed to another value, and back',
    cure: 'cli/mux/renewal.ts: a rack takes the changed Secret over; charts/tables/processes.ts: restartsOn of rackd',
    within: 150,
    make: async (world) => {
      const back = await keep(world);
      const pod = await podName('rack');
      const other = 'f'.repeat(32);
      await set(world, other);
      await lookAtOnce();
      await until('the rack has the other secret', 150, async () => ((await inRack(world, pod)) === other ? true : undefined));
      await until('MAAS says that the rack is not connected', 120, async () => {
        const down = (await world.system.racks()).filter(({ service_set }) =>
          (service_set as KubernetesObject[]).some(({ name: service, status }) => service === 'rackd' && status !== 'running'),
        );
        return down.length > 0 ? true : undefined;
      });
      await back();
      await lookAtOnce();
      await until('the rack has the right secret', 150, async () => ((await inRack(world, pod)) === other ? undefined : true));
    },
  },
  {
    name: 'region Secret truncated, and put back',
    cure: 'cli/environment.ts: what is no region secret is refused; cli/mux/renewal.ts: then the old copy stays',
    within: 30,
    make: async (world) => {
      const back = await keep(world);
      const pod = await podName('rack');
      const before = await inRack(world, pod);
      await set(world, before.slice(0, 16));
      await lookAtOnce();
      await says(pod, 'services', /stays as it is/, 150, '--tail=20');
      const problems = await world.system.podProblems();
      if (problems.length > 0) throw new Error(`with a truncated Secret: ${problems.join('; ')}`);
      if ((await inRack(world, pod)) !== before) throw new Error('the rack has taken a truncated secret');
      await back();
    },
  },
  {
    name: 'database Secret deleted for 60 s, and put back',
    cure: 'charts/container.ts: a Secret’s volume is not optional and stays as it was; cli/bootstrap/lost-password.ts: no password is made up while one is in use',
    within: 30,
    make: async (world) => {
      const { metadata, data, type } = await world.cluster.get('secret', 'maas-database');
      const { namespace, labels } = metadata as KubernetesObject;
      const manifest = JSON.stringify({
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'maas-database', namespace: namespace as string, labels: labels as object },
        type,
        data,
      });
      const back = (): Promise<string> => run('kubectl', ['apply', '--server-side', '--force-conflicts', '-f', '-'], { input: manifest });
      world.undo(back);
      await world.cluster.kubectl('delete', 'secret', 'maas-database');
      await lookAtOnce();
      await sleep(60_000);
      await back();
    },
  },
];
