/** What is to be said about a MAAS, from what Kubernetes and MAAS know. Nothing here asks anybody. */

import { memberLabel, poolLabel } from '../../charts/tables/labels';
import { processesOf, type Pod as PodKind } from '../../charts/tables/processes';
import { isReady } from '../cluster/cluster';
import { conditionOf, currentJobs } from '../cluster/jobs';
import { componentOf } from '../cluster/names';
import type { DaemonSet, Deployment, Job, Pod, StatefulSet } from '../kubernetes/types';
import type { BootResourceDetail, Fabric, RackController } from '../maas/types';
import { rackHostName } from '../rack-host-name';
import { podProblem } from '../register/rack-state';
import { judge } from '../register/register';
import type { Status } from './schema';

/** Why processes are not ready, as the pod's mux says: by pod, then by container. */
export type Reasons = ReadonlyMap<string, ReadonlyMap<string, string>>;

export interface Evidence {
  readonly pods: readonly Pod[];
  readonly deployments: readonly Deployment[];
  readonly daemonsets: readonly DaemonSet[];
  readonly statefulsets: readonly StatefulSet[];
  readonly jobs: readonly Job[];
  /** When bootstrap's CronJob has last ended well. */
  readonly reconciled?: string;
  /** host:port where the database is somebody else's. */
  readonly externalDatabase: string | undefined;
  readonly reasons: Reasons;
  /** What MAAS says; a text where it does not answer. */
  readonly maas: string | MaasEvidence;
}

export interface MaasEvidence {
  readonly version: string;
  readonly racks: readonly RackController[];
  readonly fabrics: readonly Fabric[];
  readonly importing: boolean;
  readonly resources: readonly BootResourceDetail[];
}

const order = new Map((['region', 'rack'] as const).flatMap((pod: PodKind) => processesOf(pod).map(({ name }, index) => [`${pod}/${name}`, index] as const)));

function processes(pod: Pod, kind: PodKind, reasons: Reasons): Status['regions'][number]['processes'] {
  const name = pod.metadata?.name ?? '';
  return (pod.status?.containerStatuses ?? [])
    .map((one) => ({ name: one.name, ready: one.ready, reason: one.ready ? null : (reasons.get(name)?.get(one.name) ?? containerReason(one)) }))
    .sort((left, right) => (order.get(`${kind}/${left.name}`) ?? 99) - (order.get(`${kind}/${right.name}`) ?? 99));
}

const containerReason = ({ state }: NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number]): string | null =>
  state?.waiting?.reason ?? state?.terminated?.reason ?? null;

/** Why a pod that is ready does not count: it is not what was applied last. */
function replacement({ metadata, spec, status }: Deployment | StatefulSet): string | undefined {
  if ((status?.observedGeneration ?? 0) < (metadata?.generation ?? 0)) return 'Kubernetes has not looked at what was applied yet';
  return (status?.updatedReplicas ?? 0) < (spec?.replicas ?? 1) ? 'its pod is not yet the one that was applied last' : undefined;
}

/** As above, for the racks of a pool. */
function replacements(sets: readonly DaemonSet[]): string | null {
  const behind = sets.flatMap(({ metadata, status }) => {
    const wanted = status?.desiredNumberScheduled ?? 0;
    const updated = status?.updatedNumberScheduled ?? 0;
    return updated < wanted ? [`pool ${metadata?.labels?.[poolLabel] ?? ''} has ${String(updated)} of ${String(wanted)} pods as they were applied last`] : [];
  });
  return behind.length > 0 ? behind.join(', ') : null;
}

function region(deployment: Deployment, pods: readonly Pod[], reasons: Reasons): Status['regions'][number] {
  const member = deployment.metadata?.labels?.[memberLabel] ?? deployment.metadata?.name ?? '';
  const pod = pods.find((one) => one.metadata?.labels?.[memberLabel] === member && one.metadata.deletionTimestamp === undefined);
  if (pod === undefined) {
    const failed = deployment.status?.conditions?.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
    return {
      member,
      node: null,
      pod: null,
      ready: false,
      text: deployment.spec?.replicas === 0 ? 'scaled to nothing' : (failed?.message ?? 'no pod yet'),
      processes: [],
      since: null,
    };
  }
  const known = processes(pod, 'region', reasons);
  const problem = replacement(deployment) ?? podProblem(pod);
  const first = known.find(({ ready, reason }) => !ready && reason !== null);
  return {
    member,
    node: pod.spec?.nodeName ?? null,
    pod: pod.metadata?.name ?? null,
    ready: isReady(pod) && problem === undefined,
    text: problem === undefined ? `${String(known.length - 1)} processes ready` : first === undefined ? problem : `${first.name}: ${first.reason ?? ''}`,
    processes: known,
    since: pod.status?.startTime ?? null,
  };
}

/** @param since what has come about since it has failed, if it has */
function jobState(job: Job, since: string | undefined): Status['jobs'][number] {
  const { metadata, status } = job;
  const name = metadata?.name ?? '';
  const component = componentOf(job);
  const failed = conditionOf(job, 'Failed');
  const why = failed?.message ?? failed?.reason ?? 'no reason given';
  if (failed !== undefined && since !== undefined)
    return { name, component, state: 'past', text: `failed once (${why}), but ${since}; maas-k8s up runs it again, or delete it and apply again` };
  if (failed !== undefined) return { name, component, state: 'failed', text: why };
  const tries = status?.failed ?? 0;
  return status?.succeeded
    ? { name, component, state: 'complete', text: '' }
    : { name, component, state: 'at work', text: tries > 0 ? `${String(tries)} tries have failed` : '' };
}

function dhcpOf(rack: string, { racks, fabrics }: MaasEvidence): Status['racks'][number]['dhcp'] {
  const id = racks.find(({ hostname }) => hostname === rack)?.system_id;
  return fabrics.flatMap((fabric) =>
    fabric.vlans.flatMap((vlan) => {
      const role = vlan.primary_rack === id ? 'primary' : vlan.secondary_rack === id ? 'secondary' : undefined;
      return id !== undefined && vlan.dhcp_on && role !== undefined ? [{ vlan: `${fabric.name}/${vlan.name}`, role } as const] : [];
    }),
  );
}

/** The newest set counts: it is what machines are given next. */
function image({ name, architecture, sets }: BootResourceDetail): NonNullable<Status['images']>['resources'][number] {
  const newest = Object.values(sets).sort((a, b) => (a.version < b.version ? 1 : -1))[0];
  return { name, architecture, complete: newest?.complete ?? false, percent: newest?.complete ? 100 : Math.floor(newest?.progress ?? 0) };
}

export function status(place: { readonly context: string; readonly namespace: string; readonly url: string | undefined }, evidence: Evidence): Status {
  const { pods, deployments, daemonsets, statefulsets, jobs, reasons, maas, externalDatabase } = evidence;
  const of = (component: string): Pod[] => pods.filter((pod) => componentOf(pod) === component);
  const known = typeof maas === 'string' ? undefined : maas;
  const [databasePod] = of('database');
  const databaseSet = statefulsets.find((one) => componentOf(one) === 'database');
  const databaseProblem = databasePod && ((databaseSet && replacement(databaseSet)) ?? podProblem(databasePod));
  const regions = deployments.filter((one) => componentOf(one) === 'region').map((one) => region(one, of('region'), reasons));
  const sets = daemonsets.filter((one) => componentOf(one) === 'rack');
  const look = judge(sets, of('rack'), known?.racks ?? []);
  const racks = of('rack')
    .filter(({ metadata }) => metadata?.deletionTimestamp === undefined)
    .map((pod): Status['racks'][number] => {
      const pool = pod.metadata?.labels?.[poolLabel] ?? '';
      const [path, state] = [...look.racks].find(([, { pod: name }]) => name === pod.metadata?.name) ?? ['', undefined];
      const node = path.slice(pool.length + 1);
      const name = rackHostName(node, pool);
      const own = known === undefined && regions.length === 0 ? enrolled(pod) : undefined;
      return {
        pool,
        node,
        name,
        pod: pod.metadata?.name ?? '',
        connected: own?.done ?? state?.done ?? false,
        text: own?.text ?? (known === undefined ? (podProblem(pod) ?? 'its containers are ready') : (state?.text ?? '')),
        dhcp: known === undefined ? [] : dhcpOf(name, known),
        since: pod.status?.startTime ?? null,
      };
    })
    .sort((a, b) => (`${a.pool}/${a.node}` < `${b.pool}/${b.node}` ? -1 : 1));
  const missingRacks = sets.length === 0 ? null : (look.missing ?? replacements(sets));
  const found: Status = {
    apiVersion: 'maas-k8s.io/v1',
    kind: 'Status',
    ...place,
    url: place.url ?? null,
    healthy: false,
    version: known?.version ?? null,
    api: { answers: known !== undefined, text: typeof maas === 'string' ? maas : '' },
    database:
      databasePod !== undefined
        ? { name: databasePod.metadata?.name ?? '', ready: isReady(databasePod) && databaseProblem === undefined, text: databaseProblem ?? 'ready' }
        : externalDatabase === undefined
          ? null
          : { name: externalDatabase, ready: true, text: 'looked after elsewhere' },
    regions,
    racks,
    missingRacks,
    images: known === undefined ? null : { importing: known.importing, resources: known.resources.map(image) },
    jobs: currentJobs(jobs).map((job) => jobState(job, since(job, { racks, missingRacks }, evidence.reconciled))),
    next: null,
  };
  return { ...found, healthy: isHealthy(found), next: next(found) };
}

/** What has come about since a Job has failed that makes its failure history, if something has. */
function since(job: Job, { racks, missingRacks }: Pick<Status, 'racks' | 'missingRacks'>, reconciled: string | undefined): string | undefined {
  if (componentOf(job) === 'registration')
    return racks.length > 0 && missingRacks === null && racks.every(({ connected }) => connected) ? 'every rack is connected now' : undefined;
  // The CronJob does what bootstrap does.
  const failed = conditionOf(job, 'Failed')?.lastTransitionTime;
  return failed !== undefined && reconciled !== undefined && reconciled > failed ? 'maas-reconcile, which does the same, has ended well since' : undefined;
}

/** Racks of a region elsewhere: MAAS is not asked, but rackd is ready only when a region has taken it (charts/tables/processes.ts). */
function enrolled(pod: Pod): { readonly done: boolean; readonly text: string } {
  const problem = podProblem(pod);
  return problem === undefined ? { done: true, text: 'registered with its region' } : { done: false, text: problem };
}

/** What a Job is for has come about. */
export const isDone = ({ state }: Status['jobs'][number]): boolean => state === 'complete' || state === 'past';

const isHealthy = ({ database, regions, racks, api, missingRacks, jobs }: Status): boolean =>
  regions.length + racks.length > 0 &&
  (regions.length === 0 || api.answers) &&
  database?.ready !== false &&
  jobs.every(isDone) &&
  regions.every(({ ready }) => ready) &&
  racks.every(({ connected }) => connected) &&
  missingRacks === null;

/** @returns the first thing that stands in the way of what follows it */
export function next({ namespace, database, regions, racks, missingRacks, jobs, api, images }: Status): string | null {
  const bootstrap = jobs.find(({ component }) => component === 'bootstrap');
  if (regions.length + racks.length === 0 && database === null && missingRacks === null)
    return `there is no MAAS in namespace ${namespace}: maas-k8s up makes one`;
  if (database !== null && !database.ready) return `wait for the database ${database.name}: ${database.text}`;
  if (bootstrap?.state === 'failed') return `bootstrap has failed (${bootstrap.text}): maas-k8s logs bootstrap says why`;
  if (bootstrap?.state === 'at work') return `wait for bootstrap${bootstrap.text ? `, ${bootstrap.text}` : ''}: maas-k8s logs bootstrap shows its step`;
  const region = regions.find(({ ready }) => !ready);
  if (region !== undefined) return `wait for region ${region.member}: ${region.text}`;
  if (regions.length > 0 && !api.answers) return `the region's API does not answer: ${api.text}`;
  if (missingRacks !== null) return `wait for racks: ${missingRacks}`;
  const rack = racks.find(({ connected }) => !connected);
  if (rack !== undefined) return `rack ${rack.pool}/${rack.node}: ${rack.text}`;
  if (regions.length > 0 && racks.length === 0) return 'there is no rack yet: maas-k8s up rack';
  const incomplete = images?.resources.find(({ complete }) => !complete);
  if (incomplete !== undefined) return `wait for the image ${incomplete.name} ${incomplete.architecture}: ${String(incomplete.percent)} %`;
  if (images?.importing) return 'wait for the images: MAAS is importing them';
  if (images?.resources.length === 0)
    return 'there are no images: can the region reach its image source? maas-k8s logs region/syslog regiond temporal-worker says so; the UI has them under Images';
  if (regions.length > 0 && !racks.some(({ dhcp }) => dhcp.length > 0))
    return 'no rack serves DHCP: turn it on for the VLAN of your machines, in the UI under Subnets';
  return null;
}
