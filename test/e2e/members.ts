/** Requests to a region of several members, counted. */

import type { Cluster, KubernetesObject } from './cluster';

export const member = async (cluster: Cluster, name: string): Promise<KubernetesObject> =>
  (await cluster.list('pods', `maas-k8s.io/member=${name}`)).find(({ metadata }) => metadata.deletionTimestamp === undefined)!;

/**
 * Asks a MAAS from inside a pod, ten times a second, each time on a new connection.
 *
 * @param host of the region's Service
 * @returns numbers of answers by status or error
 */
export async function ask(cluster: Cluster, pod: KubernetesObject, host: string, seconds: number): Promise<Record<string, number>> {
  const script = `
    const counts = {};
    const end = Date.now() + ${String(seconds * 1000)};
    const count = (outcome) => { counts[outcome] = (counts[outcome] ?? 0) + 1; };
    (async () => {
      while (Date.now() < end) {
        await fetch('http://${host}:5240/MAAS/api/2.0/version/', { headers: { connection: 'close' }, signal: AbortSignal.timeout(3000) }).then(({ status }) => count(status), ({ cause, name }) => count(cause?.code ?? name));
        await new Promise((done) => setTimeout(done, 100));
      }
      console.log(JSON.stringify(counts));
    })();`;
  return JSON.parse(await cluster.exec(pod.metadata.name as string, 'services', '/opt/maas-k8s/bin/node', '-e', script)) as Record<string, number>;
}
