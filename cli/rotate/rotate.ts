/**
 * `maas-k8s rotate secret`: another secret for regions and racks. Where a rotation stands is read from the Secret and from the pods' own
 * files, so that it may be ended at any point and run again.
 */

import { createHash, randomBytes } from 'node:crypto';
import { regionSecretFile } from '../../charts/tables/processes';
import { cluster, isReady, type Cluster, type ClusterOptions } from '../cluster/cluster';
import { reconciler, settingsIn } from '../cluster/installed';
import { conditionOf } from '../cluster/jobs';
import { componentOf } from '../cluster/names';
import { Failure, messageOf, TimedOut } from '../failure';
import { ApiRefusal, ownLabels, partOfMaas, type Secret } from '../kubernetes/kubernetes';
import type { CronJob, Job, Pod } from '../kubernetes/types';
import { confirmed } from '../output/ask';
import { interruptible } from '../output/interrupt';
import { progress as makeProgress, type Progress } from '../output/progress';
import { say } from '../output/terminal';
import { regionSecret, type SecretInput, variable } from '../register-rack/secret-input';
import { parse, pebble, withMux } from '../services/services';
import { printSeconds, sleep } from '../time';
import { handOver, nextKey, nextOf } from './seed';

export interface RotateOptions extends ClusterOptions, SecretInput {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  /** Milliseconds. */
  readonly timeout: number;
  /** Milliseconds between two looks. */
  readonly interval?: number;
}

/** What has to be restarted after regiond has written its copy; their keepers do it (restartsOn in the process table). */
const followers = { region: ['apiserver', 'temporal-worker'], rack: ['rackd'] } as const;

export async function rotateSecret(options: RotateOptions): Promise<void> {
  interruptible('run it again: it goes on where it was');
  const place = await cluster(options);
  const job = await reconciler(place.kubernetes);
  const name = job && settingsIn(job)?.secrets.region;
  if (job === undefined || name === undefined)
    throw new Failure(
      `there is no region in namespace ${place.namespace}; the secret is rotated where the region is, then maas-k8s register-rack gives it to racks elsewhere`,
    );
  const secret = await place.kubernetes.secret(name);
  if (secret?.data['secret'] === undefined) throw new Failure(`there is no region secret yet (Secret ${name})`);

  if (secret.keeper !== undefined && secret.data[nextKey] === undefined)
    throw new Failure(
      `the Secret ${name} belongs to ${secret.keeper}, which would put back what is changed here; add the new secret there, under the key "${nextKey}" beside "secret", and run this again. Nothing was changed`,
    );

  const pods = await podsOf(place);
  const behind = nextOf(name, secret) === undefined ? await thoseBehind(place, pods, secret.data['secret']) : [];
  const under =
    nextOf(name, secret) !== undefined
      ? 'a rotation has begun and goes on'
      : behind.length > 0
        ? `a rotation has not got everywhere yet (${behind.map(nameOf).join(', ')}) and goes on`
        : undefined;
  const regions = pods.filter((pod) => componentOf(pod) === 'region').map(nameOf);
  say(under ?? `will be changed: the Secret ${name}, and the region secret in the database`);
  say(
    `will be restarted through their service managers: regiond, apiserver and temporal-worker in ${regions.join(', ') || 'no pod'}, one pod after the other; then rackd of each rack`,
  );
  say('racks outside of this namespace must be given the new secret: maas-k8s register-rack');
  if (options.dryRun) {
    say('nothing was changed (--dry-run)');
    return;
  }
  if (under === undefined) {
    const next = options.secretFile === undefined && !process.env[variable] ? randomBytes(16).toString('hex') : await regionSecret(options);
    if (next === secret.data['secret']) throw new Failure('the new secret is the old one; nothing was changed');
    if (!(await confirmed('Change the region secret?', options.yes))) {
      say('nothing was changed');
      return;
    }
    await place.kubernetes.changeSecret(name, { ...secret.data, [nextKey]: next }, secret);
  }
  const progress = await makeProgress();
  const started = Date.now();
  const pace = { deadline: started + options.timeout, interval: options.interval ?? 2000, progress };
  try {
    const current = await seedNext(place, job, name, pace);
    await spread(place, current, pace);
    progress.note(`the region secret is another one, everywhere in namespace ${place.namespace}, after ${printSeconds(Date.now() - started)}`);
  } finally {
    progress.end();
  }
}

interface Pace {
  /** Point in time, milliseconds. */
  readonly deadline: number;
  /** Milliseconds. */
  readonly interval: number;
  readonly progress: Progress;
}

const nameOf = ({ metadata }: Pod): string => metadata?.name ?? '';

const podsOf = async ({ kubernetes }: Cluster): Promise<Pod[]> => withMux(await kubernetes.list('pods', partOfMaas));

/** Runs the Job that has the database's password, until the Secret has no next value. @returns the secret */
async function seedNext({ kubernetes }: Cluster, { spec }: CronJob, name: string, { deadline, interval, progress }: Pace): Promise<string> {
  let made: string | undefined;
  for (;;) {
    const secret = await kubernetes.secret(name);
    if (secret?.data['secret'] === undefined) throw new Failure(`the Secret ${name} is gone`);
    if (nextOf(name, secret) === undefined) {
      if (made !== undefined) progress.done('the database and the Secret have the new secret');
      return secret.data['secret'];
    }
    made ??= await startJob(kubernetes, spec, secret);
    const job = await kubernetes.find<Job>(kubernetes.path('jobs', made), `look at the Job ${made}`);
    const failed = job && conditionOf(job, 'Failed');
    const pods = (await kubernetes.list('pods', `job-name=${made}`)).map(nameOf);
    const said = pods[0] === undefined ? '' : (await kubernetes.logTail(pods[0], 'bootstrap', 1)).trim();
    if (failed !== undefined) throw new Failure(`the Job ${made} has failed: ${said || (failed.message ?? '')}; run this again once that is mended`);
    const handedOver = secret.keeper !== undefined && job?.status?.succeeded === 1 ? handOver(name, secret.keeper) : undefined;
    if (Date.now() > deadline)
      throw new TimedOut(`${handedOver ?? `the Job ${made} has not ended: ${said || 'it has said nothing'}`}; run this again to go on`);
    if (handedOver !== undefined) {
      progress.step(handedOver);
      await sleep(interval);
      continue;
    }
    progress.step(`the Job ${made} changes the database${said === '' ? '' : `: ${said.replace(/^\S+Z /, '')}`}`);
    await sleep(interval);
  }
}

/** What bootstrap has (account, image, database), with another verb. Its name follows the Secret's version, so that there is one per rotation. */
async function startJob(kubernetes: Cluster['kubernetes'], spec: CronJob['spec'], { resourceVersion = '' }: Secret): Promise<string> {
  const name = `maas-rotate-${resourceVersion}`;
  const template = spec?.jobTemplate.spec?.template;
  const [container] = template?.spec?.containers ?? [];
  const labels = { ...ownLabels, 'app.kubernetes.io/component': 'rotation' };
  const body = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, labels },
    spec: {
      backoffLimit: 6,
      ttlSecondsAfterFinished: 600,
      template: {
        metadata: { labels },
        spec: { ...template?.spec, restartPolicy: 'Never', containers: [{ ...container, command: ['maas-k8s', 'rotate-seed'], args: undefined }] },
      },
    },
  };
  try {
    await kubernetes.send('POST', kubernetes.path('jobs'), `make the Job ${name}`, { body });
  } catch (error) {
    if (!(error instanceof ApiRefusal) || error.status !== 409) throw error;
  }
  return name;
}

/** Whether MAAS's own copy in a pod is this secret, by its hash: the secret itself stays there. */
async function hasCopy({ access, namespace }: Cluster, pod: Pod, secret: string): Promise<boolean> {
  const command = ['sh', '-c', `tr -d '[:space:]' < ${regionSecretFile} | sha256sum`];
  const { code, stdout, stderr } = await access.exec(namespace, nameOf(pod), 'services', command);
  if (code !== 0) throw new Failure(stderr.trim());
  return stdout.startsWith(createHash('sha256').update(secret).digest('hex'));
}

async function thoseBehind(place: Cluster, pods: readonly Pod[], secret: string): Promise<Pod[]> {
  const judged = await Promise.all(pods.map(async (pod) => ({ pod, has: await hasCopy(place, pod, secret) })));
  return judged.filter(({ has }) => !has).map(({ pod }) => pod);
}

/** When services were started, as they say themselves, in pods that were seen with the old secret. Clocks differ, so times are only told apart. */
type Starts = Map<string, ReadonlyMap<string, string | null>>;

/** @returns what a pod still has to do to live with the secret; undefined when it does */
async function whatIsMissing(place: Cluster, pod: Pod, secret: string, seen: Starts): Promise<string | undefined> {
  const kind = componentOf(pod) === 'region' ? 'region' : 'rack';
  const name = nameOf(pod);
  try {
    const current = await hasCopy(place, pod, secret);
    const rows = parse(name, await pebble(place, name, ['services', '--abs-time']));
    if (!current) {
      if (!seen.has(name)) seen.set(name, new Map(rows.map(({ service, since }) => [service, since])));
      return kind === 'region' ? old : 'the kubelet has not brought the new secret yet';
    }
    const before = seen.get(name);
    const late = followers[kind].filter((service) => {
      const row = rows.find((one) => one.service === service);
      return row?.current !== 'active' || (before !== undefined && row.since === before.get(service));
    });
    if (late.length > 0) return `${late.join(', ')} not started with it yet`;
  } catch (error) {
    return `is not known: ${messageOf(error)}`;
  }
  return isReady(pod) ? undefined : 'not ready yet';
}

const old = 'regiond has the old secret';

/** One region after the other, then the racks, which take it over by themselves. */
async function spread(place: Cluster, secret: string, { deadline, interval, progress }: Pace): Promise<void> {
  const restarted = new Set<string>();
  const seen: Starts = new Map();
  for (const kind of ['region', 'rack'] as const) {
    for (;;) {
      const pods = (await podsOf(place)).filter((pod) => componentOf(pod) === kind);
      const missing = await Promise.all(pods.map(async (pod) => [pod, await whatIsMissing(place, pod, secret, seen)] as const));
      const [pod, what] = missing.find(([, problem]) => problem !== undefined) ?? [];
      if (pod === undefined || what === undefined) {
        if (pods.length > 0) progress.done(`${kind === 'region' ? 'regions' : 'racks'} with the new secret: ${pods.map(nameOf).join(', ')}`);
        break;
      }
      if (Date.now() > deadline) throw new TimedOut(`${nameOf(pod)}: ${what}; run this again to go on`);
      progress.step(`${nameOf(pod)}: ${what}`);
      if (kind === 'region' && what === old && !restarted.has(nameOf(pod))) {
        restarted.add(nameOf(pod));
        await pebble(place, nameOf(pod), ['restart', 'regiond'], 60_000);
      }
      await sleep(interval);
    }
  }
}
