/** Jobs that are ended at each of their steps and run again. */

import { spawn } from 'node:child_process';
import { Cluster, synthesize, type KubernetesObject } from '../../e2e/cluster';
import { kubectl } from '../../e2e/command';
import { takeAway } from '../database';
import type { Fault } from '../fault';
import { hasLab, onNode } from '../lab';
import { atMost, until } from '../limit';

interface Step {
  /** What bootstrap says when it is there. */
  readonly says: RegExp;
  /** A table that it needs next, locked, so that it cannot go on before it is struck. */
  readonly locked?: string;
}

/** In their order. */
const steps: readonly Step[] = [
  { says: /database password: made up/ },
  { says: /waiting for the database/ },
  { says: /region secret: (made up|found)/ },
  { says: /database: migrating/ },
  { says: /dbupgrade: / },
  { says: /database: now at MAAS/ },
  { says: /region secret: (seeded|already)/, locked: 'auth_user' },
  { says: /administrator: password made up/ },
  { says: /administrator: admin (made|already)/ },
  { says: /administrator: admin already/, locked: 'piston3_token' },
];

const registrationSteps = [
  { says: /region secret: found/, locked: 'maasserver_node' },
  { says: /MAAS .* answers at/, locked: 'maasserver_node' },
  { says: /rack default/, locked: 'maasserver_bootresource' },
];

/** The pod of a Job, once there is a container with a log. */
const runningJob = (cluster: Cluster, component: string): Promise<KubernetesObject> =>
  until(`Job ${component} runs`, 60, async () => {
    const pods = (await cluster.pods(component)).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    return pods.find(({ status }) => (status?.containerStatuses as KubernetesObject[] | undefined)?.some(({ containerID }) => containerID !== undefined));
  });

const inDatabase = async (cluster: Cluster, statement: string): Promise<string> => (await cluster.sql(statement)).trim();

/** Holds a table until the returned function is called. */
async function lock(cluster: Cluster, table: string): Promise<() => Promise<unknown>> {
  const held = inDatabase(cluster, `BEGIN; SET application_name = 'faults'; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(90)`).catch(() => '');
  const mine = "application_name = 'faults' AND pid <> pg_backend_pid()";
  await until(`${table} is locked`, 60, async () => {
    const locks = await inDatabase(
      cluster,
      `SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE ${mine} AND granted AND relation = '${table}'::regclass`,
    );
    return locks === '1' ? true : undefined;
  });
  return async () => {
    await inDatabase(cluster, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${mine}`);
    await held;
  };
}

/**
 * Ends the container as soon as it has said this.
 *
 * @returns whether it said it before it ended by itself
 */
async function killAt(cluster: Cluster, pod: KubernetesObject, pattern: RegExp): Promise<boolean> {
  const name = pod.metadata.name as string;
  const node = pod.spec.nodeName as string;
  const id = (pod.status.containerStatuses as KubernetesObject[])[0]!.containerID as string;
  const kill = (): Promise<string> =>
    hasLab()
      ? onNode(node, 'ctr', '--namespace', 'k8s.io', 'task', 'kill', '--signal', 'SIGKILL', id.replace('containerd://', ''))
      : cluster.kubectl('delete', 'pod', name, '--grace-period=1', '--wait=false');
  const child = spawn('kubectl', ['-n', cluster.namespace, 'logs', '-f', name], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    return await new Promise<boolean>((resolve, reject) => {
      let log = '';
      child.stdout.on('data', (text: Buffer) => {
        log += text.toString();
        if (!pattern.test(log)) return;
        child.stdout.removeAllListeners('data');
        kill().then(
          () => {
            resolve(true);
          },
          // It was quicker than we.
          () => {
            resolve(false);
          },
        );
      });
      child.on('error', reject);
      child.on('exit', () => {
        resolve(false);
      });
    });
  } finally {
    child.kill();
  }
}

/** The last line that says one of these. */
const lastSaid = async (cluster: Cluster, component: string, pattern: RegExp): Promise<string | undefined> =>
  (await cluster.jobLog(component))
    .split('\n')
    .map((line) => pattern.exec(line)?.[0])
    .filter((said) => said !== undefined)
    .at(-1);

/** Runs a Job anew; a table is locked in between, for a Job that goes on after its container was killed would stand there, too, and keep the next one out. */
const again = async (cluster: Cluster, component: string, manifests: string, locked?: string): Promise<() => Promise<unknown>> => {
  await cluster.kubectl('delete', 'job', '-l', `app.kubernetes.io/component=${component}`, '--cascade=foreground', '--wait=true', '--ignore-not-found');
  const unlock = locked === undefined ? () => Promise.resolve() : await lock(cluster, locked);
  await kubectl('apply', '-f', manifests);
  return unlock;
};

export const jobFaults: readonly Fault[] = [
  {
    name: 'bootstrap killed at each of its steps, and run again',
    cure: 'cli/bootstrap/bootstrap.ts: reads before it writes, never changes what is there',
    within: 30,
    make: async (world) => {
      const other = new Cluster('maas-faults');
      await other.remove();
      world.undo(() => other.remove());
      const manifests = await synthesize('test/faults/values.yaml', 'build/faults/dist');
      const struck: string[] = [];
      for (const [index, { locked }] of steps.entries()) {
        const unlock = await again(other, 'bootstrap', manifests, locked);
        // A step that is over before anybody looks is passed by: at the next one then.
        const later = new RegExp(
          steps
            .slice(index)
            .map(({ says }) => says.source)
            .join('|'),
        );
        if (await killAt(other, await runningJob(other, 'bootstrap'), later)) struck.push((await lastSaid(other, 'bootstrap', later)) ?? '?');
        await unlock();
      }
      await again(other, 'bootstrap', manifests);
      await other.jobComplete('bootstrap', atMost(180));
      const [region] = await other.allReady('region', 1, atMost(180));
      const restarted = (region!.status.containerStatuses as KubernetesObject[]).filter(({ restartCount }) => restartCount > 0);
      if (restarted.length > 0) throw new Error(`restarted: ${restarted.map(({ name }) => name as string).join(', ')}`);
      const seed = await inDatabase(other, "SELECT value->>'secret' FROM maasserver_secret WHERE path = 'global/rpc-shared'");
      if (seed !== (await other.secret('maas-region-secret', 'secret'))) throw new Error('Secret and seed differ');
      const users = await inDatabase(
        other,
        "SELECT string_agg(username, ' ') FROM auth_user WHERE is_superuser AND username NOT IN ('MAAS', 'maas-init-node')",
      );
      if (users !== 'admin') throw new Error(`administrators: ${users}`);
      const [, , key] = (await other.secret('maas-api-key', 'key')).split(':');
      if ((await inDatabase(other, `SELECT count(*) FROM piston3_token WHERE secret = '${key!}'`)) !== '1') throw new Error('MAAS does not know the API key');
      world.note(`struck at ${struck.join(', ')}`);
      // The last ones may be over before anybody can strike; more would mean that the list is old.
      if (struck.length < steps.length - 2) throw new Error(`bootstrap was struck only at ${struck.join(', ')}`);
    },
  },
  {
    name: 'bootstrap’s container killed; the Job goes on by itself, on what is there',
    chosen: true,
    cure: 'charts/job.ts: restartPolicy OnFailure',
    within: 30,
    make: async (world) => {
      const unlock = await again(world.cluster, 'bootstrap', world.manifests, 'auth_user');
      const struck = await killAt(world.cluster, await runningJob(world.cluster, 'bootstrap'), /region secret: already/);
      await unlock();
      if (!struck) throw new Error('bootstrap ended before it was struck');
      await world.cluster.jobComplete('bootstrap', atMost(120));
    },
  },
  {
    name: 'database away while bootstrap runs again',
    cure: 'cli/bootstrap/bootstrap.ts: #database waits',
    within: 120,
    replaces: ['database'],
    make: async (world) => {
      const back = await takeAway(world);
      await again(world.cluster, 'bootstrap', world.manifests);
      // The manifests bring the database back, too.
      await world.cluster.kubectl('scale', 'statefulset/maas-database', '--replicas=0');
      await until('bootstrap says that it waits', 90, async () =>
        /waiting for the database/.test(await world.cluster.jobLog('bootstrap')) ? true : undefined,
      );
      await back();
      await world.cluster.jobComplete('bootstrap', atMost(120));
    },
  },
  {
    name: 'registration killed at each of its steps; the Job goes on by itself',
    cure: 'charts/job.ts: backoffLimit, and only giving up is the end',
    within: 30,
    make: async (world) => {
      const said: string[] = [];
      for (const { says, locked } of registrationSteps) {
        const unlock = await again(world.cluster, 'registration', world.manifests, locked);
        if (await killAt(world.cluster, await runningJob(world.cluster, 'registration'), says)) said.push(String(says));
        await unlock();
        await world.cluster.jobComplete('registration', atMost(180));
      }
      if (said.length < registrationSteps.length) throw new Error(`registration was struck only at ${said.join(' ')}`);
      world.note(`killed at ${said.join(' ')}`);
    },
  },
];
