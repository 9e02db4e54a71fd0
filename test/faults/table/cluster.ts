/** What MAAS runs on fails: nodes, API server, DNS. */

import { setTimeout as sleep } from 'node:timers/promises';
import { until, type KubernetesObject } from '../../e2e/cluster';
import { kubectl } from '../../e2e/command';
import type { Fault, World } from '../fault';
import { powerOff, powerOn, stopApiServer } from '../lab';
import { firstPod, podName, signal } from '../pods';

const nodeReady = (node: string, wanted: 'True' | 'Unknown'): Promise<boolean> =>
  until(`node ${node} ${wanted === 'True' ? 'ready' : 'not ready'}`, 90, async () => {
    const { status } = JSON.parse(await kubectl('get', 'node', node, '-o', 'json')) as KubernetesObject;
    const ready = (status.conditions as KubernetesObject[]).find(({ type }) => type === 'Ready')?.status as string;
    if (ready !== wanted) throw new Error(`Ready is ${ready}`);
    return true;
  });

const power = (name: string, choose: (world: World) => Promise<string>): Fault => ({
  name,
  lab: true,
  wide: true,
  cure: 'charts: hostname of a member, host name of a rack; cli/wait/prepare.ts: what an ended container has left goes',
  within: 240,
  replaces: ['region', 'rack', 'database'],
  // Every container of that node has ended with it.
  restarts: 'any',
  make: async (world) => {
    const node = await choose(world);
    world.undo(() => powerOn(node));
    await powerOff(node);
    await nodeReady(node, 'Unknown');
    await sleep(20_000);
    await powerOn(node);
    await nodeReady(node, 'True');
    world.note(node);
  },
});

const regionNode = async (): Promise<string> => (await firstPod('region')).spec.nodeName as string;

export const clusterFaults: readonly Fault[] = [
  {
    name: 'API server away for 60 s',
    lab: true,
    wide: true,
    cure: 'charts: no pod of MAAS asks the API server while it runs',
    within: 60,
    make: async (world) => {
      const address = (await world.cluster.get('service', 'maas-region')).spec.clusterIP as string;
      const goOn = await stopApiServer();
      let failed = 0;
      let asked = 0;
      try {
        for (const end = Date.now() + 60_000; Date.now() < end; asked++) {
          const answer = await fetch(`http://${address}:5240/MAAS/rpc/`, { signal: AbortSignal.timeout(10_000) }).catch(() => undefined);
          if (answer?.status !== 200) failed++;
          await sleep(1000);
        }
      } finally {
        await goOn();
      }
      world.note(`meanwhile ${String(asked - failed)} of ${String(asked)} requests to MAAS were answered`);
      if (failed > 0) throw new Error(`${String(failed)} of ${String(asked)} requests to MAAS failed while the API server was away`);
    },
  },
  {
    name: 'DNS away for 60 s, regiond and a rackd killed meanwhile',
    wide: true,
    cure: 'cli/wait/database.ts: a name that is not found is waited for',
    within: 120,
    make: async (world) => {
      const scale = (replicas: number): Promise<string> => kubectl('-n', 'kube-system', 'scale', 'deployment/coredns', `--replicas=${String(replicas)}`);
      world.undo(() => scale(1));
      await scale(0);
      await sleep(5000);
      await signal(await podName('region'), 'regiond', 'KILL');
      await signal(await podName('region'), 'apiserver', 'KILL');
      await signal(await podName('rack'), 'rackd', 'KILL');
      await sleep(60_000);
      await scale(1);
    },
  },
  power('power failure of the node with the region', regionNode),
  power('power failure of a node without the region', async () => {
    const region = await regionNode();
    const { items } = JSON.parse(await kubectl('get', 'nodes', '-o', 'json')) as { items: KubernetesObject[] };
    const other = items.map(({ metadata }) => metadata.name as string).find((name) => name !== region);
    if (other === undefined) throw new Error('the cluster has one node only');
    return other;
  }),
];
