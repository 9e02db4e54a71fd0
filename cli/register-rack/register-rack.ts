/** `maas-k8s register-rack`: links racks of this cluster to a region anywhere. Everything is checked before anything is changed. */

import { randomBytes } from 'node:crypto';
import { cluster, type Cluster, type ClusterOptions } from '../cluster/cluster';
import { reconciler } from '../cluster/installed';
import { rules } from '../environment';
import { Failure, messageOf, Misuse, TimedOut, Unreachable } from '../failure';
import { Applier } from '../kubernetes/apply';
import { ApiRefusal, partOfMaas, type Kubernetes, type Secret } from '../kubernetes/kubernetes';
import type { Node } from '../kubernetes/types';
import { Maas } from '../maas/client';
import { digestOf } from '../maas/rpc';
import { confirmed } from '../output/ask';
import { interruptible } from '../output/interrupt';
import { progress as makeProgress } from '../output/progress';
import { say } from '../output/terminal';
import { nameOfNode, noRackNode, rackNodeCure, rackNodes } from '../probe/nodes';
import { probe, type Views } from '../probe/pods';
import { noEventLoops, type RegionView } from '../probe/probe';
import { toolbox } from '../probe/toolbox';
import { rejection } from '../register/rack-state';
import { manifests, type Manifests } from '../up/manifests';
import { bringUp } from '../up/up';
import { regionSecret, type SecretInput } from './secret-input';

export interface RegisterRackOptions extends ClusterOptions, SecretInput {
  readonly url?: string;
  readonly values?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly forceConflicts?: boolean;
  /** Whether pods look at the region from the nodes first. */
  readonly probe: boolean;
  readonly wait: boolean;
  readonly import?: string;
  /** Milliseconds. */
  readonly timeout: number;
}

/** People write it as they read it in a browser. @throws Misuse */
export function maasUrl(written: string | undefined): string {
  if (written === undefined || written === '') throw new Misuse('which region? --url http://HOST:5240/MAAS names it');
  const url = written.replace(/\/+$/, '').replace(/(\/MAAS)\/.*$/, '$1');
  const whole = /\/MAAS$/.test(url) ? url : `${url}/MAAS`;
  if (!rules.maasUrl.pattern.test(whole)) throw new Misuse(`--url is "${written}"; it must be ${rules.maasUrl.form}`);
  return whole;
}

export async function registerRack(options: RegisterRackOptions): Promise<void> {
  interruptible('what was applied goes on by itself; run it again to go on');
  const url = maasUrl(options.url);
  const secret = await regionSecret(options);
  const made = manifests('racks of another region', options.values, (values) => ({
    ...values,
    namespace: options.namespace ?? values.namespace,
    maasUrl: url,
  }));
  if (made.values.rack.pools.length === 0) throw new Misuse('the values have no rack pool (rack.pools); add one');
  const place = await cluster({ ...options, namespace: made.values.namespace });
  if ((await reconciler(place.kubernetes)) !== undefined)
    throw new Failure(
      `namespace ${place.namespace} has a region of its own, which its racks enrol with by themselves; name another namespace with -n for racks of the region at ${url}`,
    );
  await check(place, made, url, secret, options);

  const name = made.values.secrets.region;
  const found = await place.kubernetes.secret(name);
  const change = found === undefined ? 'made' : found.data['secret'] === secret ? undefined : 'changed';
  if (change === 'changed' && found?.keeper !== undefined)
    throw new Failure(
      `the Secret ${name} has another secret than the region, and belongs to ${found.keeper}, which would put it back; give it the region’s there (key "secret"), and run this again. Nothing was changed`,
    );
  say(change === undefined ? `Secret ${name}: as it should be` : `will be ${change}: Secret ${name}, in namespace ${place.namespace}`);
  if (options.dryRun) {
    await bringUp(place, made, 'racks of another region', options);
    return;
  }
  if (change === 'changed' && !(await confirmed(`Racks in namespace ${place.namespace} have another region secret now. Change it?`, options.yes))) {
    say('nothing was changed');
    return;
  }
  await writeSecret(place.kubernetes, made, name, secret, found);
  try {
    await bringUp(place, made, 'racks of another region', options);
  } catch (error) {
    throw error instanceof TimedOut ? new TimedOut(await withRejections(place, error.message)) : error;
  }
  if (options.wait) await listed(url);
}

/** @throws Failure: nothing has been changed then */
async function check(place: Cluster, made: Manifests, url: string, secret: string, options: RegisterRackOptions): Promise<void> {
  const progress = await makeProgress();
  try {
    progress.step(`asking ${url}`);
    const here = await versionAt(url);
    if (here.problem !== undefined && !here.unreachable) throw new Failure(`${url} is no MAAS: ${here.problem}; nothing was changed`);
    if (!options.probe) {
      if (here.problem !== undefined) throw new Unreachable(`${url} does not answer here: ${here.problem}; nothing was changed`);
      progress.done(`region: MAAS ${here.version ?? ''} answers here (the nodes were not asked: --no-probe)`);
      return;
    }
    const nodes = await nodesOfRacks(place.kubernetes, made);
    progress.step(`asking it from ${nodes.join(', ')}`);
    const message = randomBytes(16);
    let views: Views<RegionView>;
    try {
      views = await probe<RegionView>(place.access, nodes, {
        ...(await toolbox(place.kubernetes, made.values)),
        args: ['region', '--url', url, '--message', message.toString('hex')],
      });
    } catch (error) {
      if (!(error instanceof ApiRefusal)) throw error;
      throw new Failure(`whether the nodes reach the region cannot be found out: ${error.message}; --no-probe does without`);
    }
    judge(url, secret, message, views);
    progress.done(`region: MAAS ${here.version ?? ''} answers on ${nodes.join(', ')}, and knows the secret`);
  } finally {
    progress.end();
  }
}

/** maasserver/ipc.py: a region tells racks the addresses that its pod has, and can be told no others. */
const routes =
  'Racks open connections to the addresses of the region’s pods, for which no Service can stand in: route them to the nodes here (a pod network that announces its addresses, as by BGP), or put the racks on the region’s cluster';

/** @throws Failure that names what each node has met */
export function judge(url: string, secret: string, message: Buffer, views: Views<RegionView>): void {
  const problems: string[] = [];
  let cure = '';
  for (const [node, found] of views) {
    if ('problem' in found) {
      problems.push(`node ${node}: ${found.problem}`);
      continue;
    }
    const { problem, proof, rpcProblem } = found.view;
    if (problem !== undefined) problems.push(`node ${node} does not reach it: ${problem}`);
    else if (rpcProblem === noEventLoops) problems.push(`node ${node} reaches its API; ${rpcProblem}`);
    else if (proof === undefined) {
      problems.push(`node ${node} reaches its API, but not its RPC ports, which racks need: ${rpcProblem ?? ''}`);
      cure = `. ${routes}`;
    } else if (!digestOf(secret, message, Buffer.from(proof.salt, 'hex')).equals(Buffer.from(proof.digest, 'hex')))
      throw new Failure(`the region at ${url} has another secret; nothing was changed. Its own: maas-k8s secret, or make get_region_secret, where it runs`);
  }
  if (problems.length > 0) throw new Unreachable(`the region at ${url}: ${problems.join('; ')}; nothing was changed${cure}`);
}

interface Answer {
  readonly version?: string;
  readonly problem?: string;
  readonly unreachable?: boolean;
}

async function versionAt(url: string): Promise<Answer> {
  try {
    return { version: (await new Maas(url, undefined, 0, undefined, 5000).version()).version };
  } catch (error) {
    const problem = messageOf(error).replace(`${url}: `, '');
    return { problem, unreachable: error instanceof Unreachable && !/not JSON/.test(problem) };
  }
}

/** @throws Failure when there are none */
async function nodesOfRacks(kubernetes: Kubernetes, { values }: Manifests): Promise<string[]> {
  const { items } = await kubernetes.send<{ items: Node[] }>('GET', '/api/v1/nodes', 'list nodes');
  const nodes = rackNodes(items, values.rack);
  if (nodes.length === 0) throw new Failure(`${noRackNode(values.rack)}; ${rackNodeCure}`);
  return nodes.map(nameOfNode).sort();
}

async function writeSecret(kubernetes: Kubernetes, { objects }: Manifests, name: string, secret: string, found: Secret | undefined): Promise<void> {
  // The namespace has to be there first.
  await new Applier(kubernetes).apply(objects.filter(({ kind }) => kind === 'Namespace'));
  if (found === undefined) {
    const { made, secret: theirs } = await kubernetes.createSecret(name, { secret });
    if (!made && theirs.data['secret'] !== secret) throw new Failure(`somebody has made the Secret ${name} meanwhile, with another content; run this again`);
  } else if (found.data['secret'] !== secret) await kubernetes.changeSecret(name, { ...found.data, secret }, found);
}

/** Only a rack's own log tells that the region has turned it away. */
async function withRejections({ kubernetes }: Cluster, message: string): Promise<string> {
  const pods = await kubernetes.list('pods', `${partOfMaas},app.kubernetes.io/component=rack`);
  const reasons = await Promise.all(
    pods.map(async ({ metadata, spec }) => rejection(spec?.nodeName ?? '', await kubernetes.logTail(metadata?.name ?? '', 'rackd'))),
  );
  return [message, ...reasons.filter((reason) => reason !== undefined)].join('; ');
}

/** What the region itself says, for whoever has a key of it. */
async function listed(url: string): Promise<void> {
  const key = process.env['MAAS_API_KEY'];
  if (!key) {
    say(`the racks have registered; at the region, maas-k8s status lists them (with MAAS_API_KEY set, this verb does)`);
    return;
  }
  const racks = await new Maas(url, key, 10_000).rackControllers();
  say(`the region lists ${String(racks.length)} racks: ${racks.map(({ hostname }) => hostname).join(', ')}`);
}
