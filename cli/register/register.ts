/** `maas-k8s register`: sees every rack of every pool connected to the region. */

import { poolLabel } from '../../charts/tables/labels';
import { checkRegionSecret } from '../bootstrap/decisions';
import { rules, Variables, type Environment } from '../environment';
import { Failure, messageOf, TimedOut } from '../failure';
import { Kubernetes } from '../kubernetes/kubernetes';
import { inCluster, type Transport } from '../kubernetes/transport';
import type { DaemonSet, Pod } from '../kubernetes/types';
import { log } from '../log';
import { Maas, MaasRefusal } from '../maas/client';
import type { RackController } from '../maas/types';
import { rackHostName } from '../rack-host-name';
import { persist, printSeconds, sleep } from '../time';
import { rackState, rejection, type RackState } from './rack-state';

export const rackLabels = 'app.kubernetes.io/part-of=maas,app.kubernetes.io/component=rack';

/** Milliseconds between two looks. */
const interval = 2000;
const reminder = 30_000;

export interface RegisterOptions {
  /** Milliseconds. */
  readonly timeout: number;
}

/** @throws TimedOut with the reason of each rack that is not connected in time; the Job has failed by that (charts/registration.ts) */
export async function register(environment: Environment, { timeout }: RegisterOptions, transport?: Transport): Promise<void> {
  const started = Date.now();
  const variables = new Variables(environment);
  const namespace = variables.text('NAMESPACE', rules.label);
  const url = variables.text('MAAS_URL', rules.maasUrl);
  const secrets = { region: variables.text('SECRET_REGION', rules.subdomain), apiKey: variables.text('SECRET_API_KEY', rules.subdomain) };
  variables.finish();
  const kubernetes = new Kubernetes(transport ?? inCluster(), namespace);
  const waiting = { timeout, started, interval, log };

  await persist(
    async () => {
      const secret = await kubernetes.secret(secrets.region);
      if (secret === undefined) return { reason: 'bootstrap has not made it yet' };
      checkRegionSecret(secrets.region, secret.data);
      return { value: true };
    },
    { ...waiting, what: `the Secret ${secrets.region}` },
  );
  log(`region secret: found in the Secret ${secrets.region}`);

  const anonymous = new Maas(url, undefined, 0);
  const { version } = await persist(async () => attempt(() => anonymous.version()), { ...waiting, what: `the MAAS API at ${url}` });
  log(`MAAS ${version} answers at ${url}`);

  const maas = await persist(
    async () => {
      const key = (await kubernetes.secret(secrets.apiKey))?.data['key'];
      if (!key) return { reason: 'bootstrap has not made it yet' };
      const candidate = new Maas(url, key, 0);
      return attempt(async () => {
        await candidate.rackControllers();
        return candidate;
      });
    },
    { ...waiting, what: `the API key in the Secret ${secrets.apiKey}` },
  );

  const count = await seeRacks(kubernetes, maas, timeout, started);
  await sayImages(maas);
  log(`registration: ${String(count)} of ${String(count)} racks connected, after ${printSeconds(Date.now() - started)}`);
}

async function attempt<T>(call: () => Promise<T>): Promise<{ value: T } | { reason: string }> {
  try {
    return { value: await call() };
  } catch (error) {
    if (error instanceof Failure) return { reason: messageOf(error) };
    throw error;
  }
}

interface Look {
  /** By pool/node. */
  readonly racks: ReadonlyMap<string, RackState & { readonly pod: string }>;
  /** What is missing apart from them. */
  readonly missing: string | undefined;
}

/** @returns how many racks there are */
async function seeRacks(kubernetes: Kubernetes, maas: Maas, timeout: number, started: number): Promise<number> {
  const said = new Map<string, string>();
  let reminded = Date.now();
  for (;;) {
    const look = await lookAtRacks(kubernetes, maas);
    const pending = [...look.racks].filter(([, { done }]) => !done);
    for (const [rack, { text }] of look.racks) {
      if (said.get(rack) !== text) log(`rack ${rack}: ${text}`);
      said.set(rack, text);
    }
    if (pending.length === 0 && look.missing === undefined) return look.racks.size;
    const summary = [...(look.missing === undefined ? [] : [look.missing]), ...pending.map(([rack, { text }]) => `rack ${rack}: ${text}`)].join('; ');
    if (Date.now() - started + interval > timeout) {
      const rejections = await Promise.all(pending.map(async ([rack, { pod }]) => rejection(rack, await kubernetes.logTail(pod, 'rackd'))));
      const reasons = [summary, ...rejections.filter((reason) => reason !== undefined)].join('; ');
      throw new TimedOut(`${String(look.racks.size - pending.length)} racks connected after ${printSeconds(Date.now() - started)}, but ${reasons}`);
    }
    if ((said.get('') ?? '') !== (look.missing ?? '') || Date.now() - reminded >= reminder) {
      log(`${String(look.racks.size - pending.length)} racks connected; waiting for: ${summary}`);
      reminded = Date.now();
      said.set('', look.missing ?? '');
    }
    await sleep(interval);
  }
}

async function lookAtRacks(kubernetes: Kubernetes, maas: Maas): Promise<Look> {
  const [sets, pods, known] = await Promise.all([
    kubernetes.list('daemonsets', rackLabels),
    kubernetes.list('pods', rackLabels),
    attempt(() => maas.rackControllers()),
  ]);
  if ('reason' in known) return { racks: new Map(), missing: `MAAS does not answer (${known.reason})` };
  return judge(sets, pods, known.value);
}

/** Everything that is known about the racks at one moment. */
export function judge(sets: readonly DaemonSet[], pods: readonly Pod[], controllers: readonly RackController[]): Look {
  const living = pods.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
  const racks = new Map(
    living.map((pod) => {
      const pool = pod.metadata?.labels?.[poolLabel] ?? '';
      const node = nodeOf(pod);
      const name = rackHostName(node, pool);
      const twin = living.find((other) => other !== pod && rackHostName(nodeOf(other), other.metadata?.labels?.[poolLabel] ?? '') === name);
      const state =
        twin === undefined
          ? rackState(
              pod,
              controllers.find(({ hostname }) => hostname === name),
            )
          : { done: false, text: `has the host name ${name}, as has the pod ${twin.metadata?.name ?? ''}; MAAS would take them for one rack. Rename the pool` };
      return [`${pool}/${node}`, { ...state, pod: pod.metadata?.name ?? '' }] as const;
    }),
  );
  return { racks, missing: missingPods(sets, living) };
}

/** A DaemonSet's pod names its node before it is scheduled in its affinity only. */
const nodeOf = ({ spec, metadata }: Pod): string => {
  const terms = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const named = terms.flatMap(({ matchFields }) => matchFields ?? []).find(({ key }) => key === 'metadata.name')?.values?.[0];
  return spec?.nodeName ?? named ?? metadata?.name ?? '';
};

function missingPods(sets: readonly DaemonSet[], pods: readonly Pod[]): string | undefined {
  if (sets.length === 0) return 'there is no DaemonSet of racks yet';
  const late = sets.find(({ metadata, status }) => (status?.observedGeneration ?? 0) < (metadata?.generation ?? 0));
  if (late !== undefined) return `the DaemonSet ${late.metadata?.name ?? ''} has not been looked at by Kubernetes yet`;
  const missing = sets.flatMap(({ metadata, status }) => {
    const pool = metadata?.labels?.[poolLabel];
    const wanted = status?.desiredNumberScheduled ?? 0;
    const found = pods.filter((pod) => pod.metadata?.labels?.[poolLabel] === pool).length;
    return found < wanted ? [`pool ${pool ?? ''} has ${String(found)} of ${String(wanted)} pods`] : [];
  });
  return missing.length > 0 ? missing.join(', ') : undefined;
}

/** Once, for information: images are no condition. */
async function sayImages(maas: Maas): Promise<void> {
  try {
    const [importing, resources] = [await maas.isImporting(), await maas.bootResources()];
    const names = resources.map(({ name, architecture }) => `${name} ${architecture}`);
    log(`images: ${importing ? 'being imported' : 'no import at work'}; ${names.length > 0 ? names.join(', ') : 'none yet'}`);
  } catch (error) {
    log(`images: not known (${error instanceof MaasRefusal ? error.message : messageOf(error)})`);
  }
}
