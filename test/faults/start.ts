/** The MAAS that the faults happen to: the one that the cluster tests have left, or a new one. */

import { existsSync } from 'node:fs';
import { Cluster, seconds, synthesize } from '../e2e/cluster';
import { attempt, kubectl } from '../e2e/command';

export const cluster = new Cluster('maas');

/** Its manifests, as those of the cluster tests. */
export const manifests = 'build/e2e/dist';

const succeeded = async (component: string): Promise<boolean> => {
  const selector = `app.kubernetes.io/component=${component}`;
  const { stdout } = await attempt('kubectl', ['-n', cluster.namespace, 'get', 'jobs', '-l', selector, '-o', 'jsonpath={.items[*].status.succeeded}']);
  return /^1( 1)*$/.test(stdout.trim());
};

export const isRunning = async (): Promise<boolean> => existsSync(manifests) && (await succeeded('bootstrap')) && (await succeeded('registration'));

export async function start(): Promise<void> {
  if (await isRunning()) return;
  const started = Date.now();
  await cluster.remove();
  await synthesize('test/e2e/values.yaml', manifests);
  await kubectl('apply', '-f', manifests);
  await cluster.jobComplete('registration', 420);
  console.log(`apply → registered: ${String(seconds(started))} s`);
}
