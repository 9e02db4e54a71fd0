/** What MAAS runs on fails: nodes, API server, DNS. */

import { setTimeout as sleep } from 'node:timers/promises';
import { Api, Cluster, synthesize, type KubernetesObject } from '../../e2e/cluster';
import { kubectl } from '../../e2e/command';
import { ask } from '../../e2e/members';
import type { Fault, World } from '../fault';
import { powerOff, powerOn, stopApiServer } from '../lab';
import { firstPod, podName, signal, waitsOn } from '../pods';
import { until } from '../limit';

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
  cure: 'cli/wait/prepare.ts, cli/mux/mux.ts: what an earlier start has left goes, before each start',
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
    cure: 'cli/wait/database.ts: a name that is not found is waited for, in one process',
    within: 120,
    make: async (world) => {
      const scale = (replicas: number): Promise<string> => kubectl('-n', 'kube-system', 'scale', 'deployment/coredns', `--replicas=${String(replicas)}`);
      world.undo(() => scale(1));
      await scale(0);
      await sleep(5000);
      const region = await podName('region');
      for (const container of ['regiond', 'apiserver']) await signal(region, container, 'KILL');
      await signal(await podName('rack'), 'rackd', 'KILL');
      await waitsOn(region, ['regiond', 'apiserver'], 60);
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
  {
    name: 'power failure of a node with one of two region members',
    lab: true,
    wide: true,
    cure: 'charts/region.ts: members on different nodes, one Service, a claim for the images of each',
    within: 240,
    replaces: ['region', 'rack', 'database'],
    restarts: 'any',
    make: async (world) => {
      const other = new Cluster('maas-members');
      await other.remove();
      world.undo(() => other.remove());
      await kubectl('apply', '-f', await synthesize('test/e2e/members.values.yaml', 'build/e2e/members'));
      const pods = await other.allReady('region', 2, 240);
      await other.jobComplete('bootstrap', 120);
      const nodeOf = ({ spec }: KubernetesObject): string => spec.nodeName as string;
      // A database that is lost is another fault.
      const databaseNode = nodeOf(await other.get('pod', 'maas-database-0'));
      const lost = pods.find((pod) => nodeOf(pod) !== databaseNode);
      const left = pods.find((pod) => nodeOf(pod) === databaseNode);
      if (lost === undefined || left === undefined) throw new Error(`both members are on ${pods.map(nodeOf).join(' and ')}`);
      const controllers = async (): Promise<string> =>
        JSON.stringify([...(await new Api(other, await other.secret('maas-api-key', 'key')).controllers('region'))].sort());
      const before = await controllers();
      // The folder itself: MAAS removes files that it does not know.
      const images = (pod: KubernetesObject): Promise<string> =>
        other.exec(pod.metadata.name as string, 'regiond', 'stat', '-c', '%i', '/var/lib/maas/image-storage');
      const imagesBefore = await images(lost);

      world.undo(() => powerOn(nodeOf(lost)));
      // By address: the cluster's DNS may have been on that node, too.
      const address = (await other.get('service', 'maas-region')).spec.clusterIP as string;
      const asking = ask(other, left, address, 60);
      await sleep(3000);
      await powerOff(nodeOf(lost));
      const counts = await asking;
      const asked = Object.values(counts).reduce((sum, count) => sum + count, 0);
      const failed = asked - (counts['200'] ?? 0);
      const lateCounts = await ask(other, left, address, 10);
      world.note(
        `${String(failed)} of ${String(asked)} requests failed in the minute of the failure: ${JSON.stringify(counts)}; then ${JSON.stringify(lateCounts)}`,
      );
      if (Object.keys(lateCounts).join() !== '200') throw new Error(`a minute after the failure: ${JSON.stringify(lateCounts)}`);
      await powerOn(nodeOf(lost));
      await nodeReady(nodeOf(lost), 'True');
      return async () => {
        const [again] = (await other.allReady('region', 2, 240)).filter((pod) => nodeOf(pod) === nodeOf(lost));
        if ((await images(again!)) !== imagesBefore) throw new Error('it has lost its images');
        const after = await controllers();
        if (after !== before) throw new Error(`region controllers were ${before}, are ${after}`);
      };
    },
  },
];
