/** Collects what a status is made of: all that Kubernetes knows at once, then all that MAAS knows at once. */

import { get } from 'node:http';
import type { Duplex } from 'node:stream';
import { ports } from '../../charts/tables/ports';
import { usualSecrets } from '../../charts/tables/secrets';
import { answering, maasIn, type Cluster } from '../cluster/cluster';
import { enrolment, settingsIn } from '../cluster/installed';
import { componentOf } from '../cluster/names';
import { messageOf } from '../failure';
import { partOfMaas } from '../kubernetes/kubernetes';
import type { Pod } from '../kubernetes/types';
import type { Maas } from '../maas/client';
import { status, type MaasEvidence, type Reasons } from './judgement';
import type { Status } from './schema';

/** @throws Failure when the cluster does not answer */
export async function look(cluster: Cluster): Promise<Status> {
  const { kubernetes, access, namespace } = cluster;
  const list = <K extends Parameters<typeof kubernetes.list>[0]>(kind: K) => kubernetes.list(kind, partOfMaas);
  const [pods, deployments, daemonsets, statefulsets, jobs, cronjobs] = await Promise.all([
    list('pods'),
    list('deployments'),
    list('daemonsets'),
    list('statefulsets'),
    list('jobs'),
    list('cronjobs'),
  ]);
  const job = cronjobs.find((one) => componentOf(one) === 'reconcile');
  const settings = job && settingsIn(job);
  const [reasons, maas] = await Promise.all([
    reasonsOf(cluster, pods),
    ask(cluster, answering(pods.filter((pod) => componentOf(pod) === 'region')), settings?.secrets.apiKey ?? usualSecrets.apiKey),
  ]);
  const [set] = daemonsets;
  return status(
    { context: access.context, namespace, url: settings?.maasUrl ?? (set && enrolment(set).url) },
    {
      pods,
      deployments,
      daemonsets,
      statefulsets,
      jobs,
      reconciled: job?.status?.lastSuccessfulTime,
      reasons,
      maas,
      externalDatabase: settings && !settings.embedded ? `${settings.database.host}:${String(settings.database.port)}` : undefined,
    },
  );
}

/** @returns what MAAS says, or why it says nothing */
async function ask(cluster: Cluster, region: Pod | undefined, secret: string): Promise<string | MaasEvidence> {
  if (region === undefined) return 'no region is ready';
  const key = (await cluster.kubernetes.secret(secret))?.data['key'];
  if (key === undefined) return `there is no API key yet (Secret ${secret})`;
  try {
    return await evidence(maasIn(cluster, region, key));
  } catch (error) {
    return messageOf(error);
  }
}

async function evidence(maas: Maas): Promise<MaasEvidence> {
  const [{ version }, racks, fabrics, importing, resources] = await Promise.all([
    maas.version(),
    maas.rackControllers(),
    maas.fabrics(),
    maas.isImporting(),
    maas.bootResources(),
  ]);
  return { version, racks, fabrics, importing, resources: await Promise.all(resources.map(({ id }) => maas.bootResource(id))) };
}

/** Milliseconds: a status without reasons is better than none. */
const patience = 1500;

/** Asks the mux of each pod why its processes are not ready. */
async function reasonsOf({ access, namespace }: Cluster, pods: readonly Pod[]): Promise<Reasons> {
  const asked = pods.filter(
    (pod) => ['region', 'rack'].includes(componentOf(pod)) && pod.status?.containerStatuses?.some((one) => one.name === 'services' && one.ready),
  );
  const found = await Promise.all(
    asked.map(async (pod) => {
      const name = pod.metadata?.name ?? '';
      const silent = (pod.status?.containerStatuses ?? []).filter(({ ready, state }) => !ready && state?.running !== undefined).map((one) => one.name);
      const dial = (): Duplex => access.dial(namespace, name, ports.health.number);
      return [name, new Map(await Promise.all(silent.map(async (one) => [one, await reason(dial, one)] as const)))] as const;
    }),
  );
  return new Map(found.map(([pod, reasons]) => [pod, new Map([...reasons].filter((entry): entry is [string, string] => entry[1] !== undefined))]));
}

function reason(dial: () => Duplex, process: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const asked = get({ createConnection: dial, host: 'mux', path: `/ready/${process}`, signal: AbortSignal.timeout(patience) }, (answer) => {
      let text = '';
      answer.on('data', (part: Buffer) => (text += part.toString()));
      answer.on('error', () => {
        resolve(undefined);
      });
      answer.on('end', () => {
        resolve(text.trim());
      });
    });
    asked.on('error', () => {
      resolve(undefined);
    });
  });
}
