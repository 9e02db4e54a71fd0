/** `maas-k8s up`: applies a MAAS, or its region or its racks, and stays until it runs. */

import { buildImages } from '../build';
import { cluster, type Cluster, type ClusterOptions } from '../cluster/cluster';
import { Failure, messageOf, Misuse, Unhealthy, Unreachable } from '../failure';
import { loaderFor } from '../images/loader';
import { imagesOf, missing } from '../images/presence';
import { Applier, type Planned } from '../kubernetes/apply';
import { nameOf, type Node } from '../kubernetes/types';
import { interruptible } from '../output/interrupt';
import { progress as makeProgress, type Progress } from '../output/progress';
import { colours, say } from '../output/terminal';
import { ofCluster } from '../preflight/preflight';
import type { Status } from '../status/schema';
import { clear, lookAtJobs, removeSuperseded, sayJobs } from './jobs';
import { sayLeftovers } from './leftovers';
import { makeCluster, removal, settled, type LocalTool } from './local-cluster';
import { manifests, type Manifests, type Part } from './manifests';
import { awaitAll, milestones } from './progress';

export interface UpOptions extends ClusterOptions {
  readonly values?: string;
  readonly dryRun?: boolean;
  readonly forceConflicts?: boolean;
  /** A command that takes an image archive into the cluster. */
  readonly import?: string;
  /** Whether the cluster is looked at first; unless it is false. */
  readonly preflight?: boolean;
  readonly wait: boolean;
  readonly kind?: boolean;
  readonly k3d?: boolean;
  /** Milliseconds. */
  readonly timeout: number;
}

export async function up(part: Extract<Part, 'all' | 'region' | 'rack'>, options: UpOptions): Promise<void> {
  const made = manifests(part, options.values, (values) => ({ ...values, namespace: options.namespace ?? values.namespace }));
  if (part === 'rack' && made.values.rack.pools.length === 0) throw new Misuse('the values have no rack pool (rack.pools); add one');
  const way = await reachable(options);
  if (way === undefined) {
    say('nothing was changed (--dry-run); what comes after cannot be told before there is a cluster');
    return;
  }
  interruptible('what was applied goes on by itself; run it again to watch, maas-k8s down takes it away');
  const target = await cluster({ ...way, namespace: made.values.namespace });
  say(`values: ${made.source}; context ${target.access.context} (${target.access.server}), namespace ${target.namespace}`);
  if (options.preflight !== false) await fit(target, made);
  await bringUp(target, made, part, options);
}

/** What the API server alone can tell; maas-k8s preflight looks at the nodes, too. @throws Unhealthy with the cures */
async function fit(target: Cluster, made: Manifests): Promise<void> {
  // Images are seen to below, and nodes cannot be listed by everybody.
  const open = (await ofCluster(target, made, [])).filter(({ level, check }) => level !== 'pass' && check !== 'images');
  for (const { level, where, check, text, cure } of open.filter((one) => one.level === 'warn')) say(`${level}: ${where}, ${check}: ${text}; ${cure ?? ''}`);
  const failed = open.filter(({ level }) => level === 'fail');
  if (failed.length > 0)
    throw new Unhealthy(
      [
        'the cluster is not fit for MAAS; nothing was changed (--no-preflight goes on nevertheless):',
        ...failed.map(({ check, text, cure }) => `  ${check}: ${text}; ${cure ?? ''}`),
      ].join('\n'),
    );
}

/**
 * The cluster that there is, or the one that is made for it.
 *
 * @returns undefined where it would have to be made first
 */
async function reachable(options: UpOptions): Promise<UpOptions | undefined> {
  if (options.kind && options.k3d) throw new Misuse('--kind and --k3d: choose one');
  const tool: LocalTool | undefined = options.kind ? 'kind' : options.k3d ? 'k3d' : undefined;
  if (tool !== undefined && options.context !== undefined) throw new Misuse(`--${tool} and --context: choose one; the context of its cluster is its own`);
  const context = tool === undefined ? options.context : await makeCluster(tool, options);
  if (tool !== undefined && context === undefined) return undefined;
  const way = { ...options, context };
  try {
    const { kubernetes } = await cluster(way);
    await kubernetes.send('GET', '/version', 'ask for the version of the cluster');
    if (tool !== undefined && !options.dryRun) await settled(kubernetes);
    return way;
  } catch (error) {
    if (tool !== undefined) throw new Unreachable(`${messageOf(error)}\n${removal(tool)}`);
    if (!(error instanceof Unreachable) && !/there is no (current context|kubeconfig)|no such file/.test(messageOf(error))) throw error;
    throw new Unreachable(`${messageOf(error)}\nmaas-k8s up --kind, or --k3d, makes a cluster on this machine to try MAAS out`);
  }
}

/** Plans, says, applies, waits, and says what is next. */
export async function bringUp(target: Cluster, made: Manifests, part: Part, options: UpOptions): Promise<Status | undefined> {
  const progress = await makeProgress();
  try {
    progress.step('looking at what there is');
    const applier = new Applier(target.kubernetes, options.forceConflicts);
    const [planned, earlier] = await Promise.all([applier.plan(made.objects), lookAtJobs(target, made.objects)]);
    progress.end();
    sayPlan(planned);
    sayJobs(earlier);
    await sayLeftovers(target, made.all, options.kubeconfig);
    await images(target, made, options, progress);
    if (options.dryRun) {
      say('nothing was changed (--dry-run)');
      return undefined;
    }
    await clear(target, earlier);
    await applier.apply(
      planned.map(({ object }) => object),
      (object) => {
        progress.step(`applying ${nameOf(object)}`);
      },
    );
    await removeSuperseded(target, earlier, progress);
    progress.done(`applied: ${String(planned.length)} objects`);
    if (!options.wait) return undefined;
    const wanted = {
      all: [...milestones.region, ...(made.values.rack.pools.length > 0 ? milestones.rack : [])],
      region: milestones.region,
      rack: milestones.rack,
      'racks of another region': milestones.enrolled,
    }[part].filter(({ name }) => name !== 'database' || made.values.database.embedded);
    const jobs = new Set(made.objects.filter(({ kind }) => kind === 'Job').map(({ metadata }) => metadata.name));
    const status = await awaitAll(target, wanted, jobs, options.timeout, progress);
    if (part !== 'racks of another region') sayNext(status, made);
    return status;
  } finally {
    progress.end();
  }
}

function sayPlan(planned: readonly Planned[]): void {
  const of = (change: Planned['change']): Planned[] => planned.filter((one) => one.change === change);
  for (const [change, verb] of [
    ['create', 'will be made'],
    ['change', 'will be changed'],
  ] as const) {
    const names = of(change).map(({ object }) => nameOf(object));
    if (names.length > 0) say(`${verb}: ${names.join(', ')}`);
  }
  const kept = of('keep').length;
  if (kept > 0) say(`as ${kept === 1 ? 'it' : 'they'} should be: ${String(kept)} ${kept === 1 ? 'object' : 'objects'}`);
}

/** Images that no node could pull are built and loaded where that is possible, and named where it is not. */
async function images(target: Cluster, made: Manifests, options: UpOptions, progress: Progress): Promise<void> {
  let nodes: Node[];
  try {
    nodes = (await target.kubernetes.send<{ items: Node[] }>('GET', '/api/v1/nodes', 'list nodes')).items;
  } catch (error) {
    say(`whether the images are on the nodes is not known: ${messageOf(error)}`);
    return;
  }
  const lacking = missing(imagesOf(made.objects), nodes);
  if (lacking.size === 0) return;
  const names = [...lacking].map(([image, on]) => `${image} (${on.join(', ')})`).join(', ');
  const loader = loaderFor(target.access.context, nodes, options.import);
  if (loader === undefined)
    throw new Failure(
      `images that no node can pull are missing: ${names}; load them (maas-k8s build --import COMMAND, or --save FOLDER), or push them to a registry that is named in images.registry (maas-k8s build --push)`,
    );
  say(`will be built and loaded into ${loader.name}: ${names}`);
  if (options.dryRun) return;
  progress.end();
  await buildImages({ import: options.import, kubeconfig: options.kubeconfig, context: target.access.context, images: made.values.images });
}

function sayNext(status: Status, { values }: Manifests): void {
  const colour = colours(process.stderr);
  const flag = `-n ${status.namespace}`;
  say('');
  if (status.url !== null) say(`racks and machines reach MAAS at   ${colour.bold(status.url)}`);
  say(`people reach it at                 maas-k8s ip ${flag} lists the addresses`);
  say(`user and password                  in the Secret ${values.secrets.admin} (keys username, password)`);
  say(`the API key                        maas-k8s api-key ${flag}`);
  say(`${colour.bold('Next:')} ${status.next ?? 'nothing; MAAS is ready'}`);
}
