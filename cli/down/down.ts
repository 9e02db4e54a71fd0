/** `maas-k8s down`: takes away what runs and keeps what holds data; --purge takes that, too. */

import { cluster, type Cluster, type ClusterOptions } from '../cluster/cluster';
import { Failure, TimedOut } from '../failure';
import { partOfMaas, type Kubernetes } from '../kubernetes/kubernetes';
import { kubectlName, type Kinds, type KubernetesObject } from '../kubernetes/types';
import { confirmed } from '../output/ask';
import { interruptible } from '../output/interrupt';
import { progress as makeProgress } from '../output/progress';
import { say } from '../output/terminal';
import { sleep } from '../time';
import { ourTool, removeCluster, type LocalTool } from '../up/local-cluster';

export interface DownOptions extends ClusterOptions {
  readonly purge?: boolean;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  /** Milliseconds. */
  readonly timeout: number;
}

/** What runs, in the order in which it is taken away: first whoever would make others again. */
export const running = [
  'cronjobs',
  'jobs',
  'daemonsets',
  'deployments',
  'statefulsets',
  'poddisruptionbudgets',
  'services',
  'rolebindings',
  'roles',
  'serviceaccounts',
  'networkpolicies',
] as const satisfies readonly (keyof Kinds)[];

interface Found {
  readonly path: string;
  readonly name: string;
}

export async function down(options: DownOptions): Promise<void> {
  interruptible('run it again to go on');
  const place = await cluster(options);
  const { kubernetes, namespace } = place;
  // It was made for MAAS; who names a namespace means that alone.
  const tool = ourTool(place.access.context);
  if (options.purge && tool !== undefined && options.namespace === undefined) {
    await purgeCluster(tool, place, options);
    return;
  }
  const [objects, rules, space] = await Promise.all([
    found(kubernetes),
    policies(kubernetes),
    kubernetes.find<KubernetesObject>(`/api/v1/namespaces/${namespace}`, `look at the namespace ${namespace}`),
  ]);
  // Helm and Argo CD would take it for drift, and bring it back or lose track.
  const owner = objects.managers.find((one) => one !== undefined && one !== 'maas-k8s');
  if (owner !== undefined) throw new Failure(`the objects in namespace ${namespace} are managed by ${owner}; take them away with it (helm uninstall)`);
  const nothing = objects.all.length + rules.length === 0 && !(options.purge && space !== undefined);
  if (nothing) {
    say(
      `there is no MAAS in namespace ${namespace}${space === undefined ? '' : ', but what earlier ones have left may be there; --purge takes the namespace away'}`,
    );
    return;
  }
  if (options.purge && space !== undefined && space.metadata.labels?.['app.kubernetes.io/part-of'] !== 'maas')
    throw new Failure(
      `the namespace ${namespace} was not made for MAAS (it lacks the label app.kubernetes.io/part-of=maas), so it is not removed; without --purge what runs is taken away`,
    );

  say(`context ${place.access.context}, namespace ${namespace}`);
  if (objects.all.length + rules.length > 0) say(`will be removed: ${[...objects.all, ...rules].map(({ name }) => name).join(', ')}`);
  const claims = (await kubernetes.list('persistentvolumeclaims', partOfMaas)).map(({ metadata }) => metadata?.name ?? '');
  if (options.purge)
    say(
      `and the namespace ${namespace} with ALL DATA in it: ${claims.map((claim) => `persistentvolumeclaim/${claim}`).join(', ') || 'no claims'}, and every Secret`,
    );
  else
    say(
      `will stay: ${claims.map((claim) => `persistentvolumeclaim/${claim}`).join(', ') || 'no claims'}, the Secrets, and the namespace; maas-k8s up goes on with them`,
    );
  say('on the nodes, DHCP leases stay in the folder of rack.leasesPath');
  if (options.dryRun) {
    say('nothing was changed (--dry-run)');
    return;
  }
  if (
    !(await confirmed(options.purge ? `Remove MAAS and all its data from namespace ${namespace}?` : `Take MAAS in namespace ${namespace} down?`, options.yes))
  ) {
    say('nothing was changed');
    return;
  }
  await remove(place, [...objects.all, ...rules], options);
}

/** Asks the cluster nothing: it may be half made, or stopped. */
async function purgeCluster(tool: LocalTool, { access }: Cluster, options: DownOptions): Promise<void> {
  say(`will be removed: the ${tool} cluster of the context ${access.context}, with ALL DATA in it, MAAS's and others'`);
  if (options.dryRun) {
    say('nothing was changed (--dry-run)');
    return;
  }
  if (!(await confirmed(`Remove the ${tool} cluster of the context ${access.context}?`, options.yes))) {
    say('nothing was changed');
    return;
  }
  await removeCluster(tool, options);
  say(`the ${tool} cluster is removed`);
}

async function remove({ kubernetes, namespace }: Cluster, objects: readonly Found[], { purge, timeout }: DownOptions): Promise<void> {
  const progress = await makeProgress();
  try {
    for (const { path, name } of objects) {
      progress.step(`removing ${name}`);
      await kubernetes.remove(path, name, 'Foreground');
    }
    const space = `/api/v1/namespaces/${namespace}`;
    if (purge) await kubernetes.remove(space, `the namespace ${namespace}`, 'Foreground');
    const started = Date.now();
    for (;;) {
      const pods = (await kubernetes.list('pods', partOfMaas)).map(({ metadata }) => metadata?.name ?? '');
      const left =
        pods.length > 0
          ? pods
          : purge && (await kubernetes.find(space, `look at the namespace ${namespace}`)) !== undefined
            ? [`the namespace ${namespace}`]
            : [];
      if (left.length === 0) break;
      if (Date.now() - started > timeout) throw new TimedOut(`still there: ${left.join(', ')}; run it again to go on waiting`);
      progress.step(`waiting for ${left.join(', ')} to end`);
      await sleep(1000);
    }
    progress.done(purge ? `MAAS and its data are gone from namespace ${namespace}` : `MAAS is down; its data is kept`);
  } finally {
    progress.end();
  }
}

async function found(kubernetes: Kubernetes): Promise<{ readonly all: Found[]; readonly managers: (string | undefined)[] }> {
  const lists = await Promise.all(
    running.map(async (kind) => {
      const objects = (await kubernetes.list(kind, partOfMaas)) as readonly {
        metadata?: { name?: string; labels?: Record<string, string>; ownerReferences?: unknown[] };
      }[];
      // What a CronJob has made goes with it.
      return objects
        .filter(({ metadata }) => (metadata?.ownerReferences ?? []).length === 0)
        .map(({ metadata }) => ({ kind, name: metadata?.name ?? '', manager: metadata?.labels?.['app.kubernetes.io/managed-by'] }));
    }),
  );
  const all = lists.flat();
  return {
    all: all.map(({ kind, name }) => ({ path: kubernetes.path(kind, name), name: kubectlName(kind, name) })),
    managers: all.map(({ manager }) => manager),
  };
}

/** The rule of admission belongs to the namespace, but is not in it (charts/namespace.ts). */
async function policies(kubernetes: Kubernetes): Promise<Found[]> {
  const name = `${kubernetes.namespace}-host-network`;
  const kinds = ['validatingadmissionpolicybindings', 'validatingadmissionpolicies'];
  const there = await Promise.all(
    kinds.map(async (kind) => {
      const path = `/apis/admissionregistration.k8s.io/v1/${kind}/${name}`;
      return (await kubernetes.find(path, `look at ${kind}`)) === undefined
        ? []
        : [{ path, name: `${kind.replace('ies', 'y').replace('ings', 'ing')}/${name}` }];
    }),
  );
  return there.flat();
}
