/** Regions of the suite: laid out by the image's own `maas-k8s config`, then either process by process or as the chart's pod runs them. */

import type { Client } from 'pg';
import { ports } from '../../charts/tables/ports';
import { processesOf } from '../../charts/tables/processes';
import { recordVersion } from '../../cli/postgres/ledger';
import { until } from '../e2e/cluster';
import { create, exists, role, sql, value } from './database';
import { get } from './http';
import { startSupervisor } from './mux';
import { emptied, region } from './pods';
import { ownNamespace, type Pod } from './pod';
import { confined, processOf, start, type Running } from './process';
import { kubectl } from '../e2e/command';

export const secret = '0123456789abcdef0123456789abcdef';
export const state = '/var/lib/maas';
export const certificates = ['cluster.key', 'cluster.pem', 'cacerts.pem'].map((name) => `${state}/certificates/${name}`);

/** A migrated database, made once and copied for each user. */
export async function migrated(name: string): Promise<string> {
  if (!(await exists('migrated'))) {
    await create('being_migrated');
    await writeConfiguration('being_migrated');
    await region.sh('maas-region dbupgrade', { limit: 120 });
    await sql('postgres', 'ALTER DATABASE being_migrated RENAME TO migrated');
  }
  const made = await create(name, 'migrated');
  // Temporal looks for its schema under the name of the database (dbupgrade.py).
  for (const schema of ['temporal', 'temporal_visibility']) await sql(name, `UPDATE ${schema}.schema_version SET db_name = current_database()`);
  return made;
}

export const seedPath = 'global/rpc-shared';

export async function seed(database: string, secret: string): Promise<void> {
  await sql(
    database,
    `INSERT INTO maasserver_secret (path, created, updated, value) VALUES ('${seedPath}', now(), now(), jsonb_build_object('secret', '${secret}'))
     ON CONFLICT (path) DO UPDATE SET value = excluded.value, updated = now()`,
  );
}

export const seeded = (database: string): Promise<string> => value(database, `SELECT value->>'secret' FROM maasserver_secret WHERE path = '${seedPath}'`);

export const podAddress = (name: string): Promise<string> => kubectl('-n', ownNamespace, 'get', 'pod', name, '-o', 'jsonpath={.status.podIP}');

/** What `maas-k8s config region` wants to know. */
async function settings(database: string, workers: number): Promise<string[]> {
  const [own, server] = await Promise.all([podAddress('region'), podAddress('database')]);
  return [
    `MAAS_URL=http://${own}:5240/MAAS`,
    `DATABASE_HOST=${server}`,
    `DATABASE_PORT=${String(ports.postgres.number)}`,
    `DATABASE_NAME=${database}`,
    `DATABASE_USER=${role.name}`,
    'DATABASE_PASSWORD_FILE=/contract/password',
    `REGION_WORKERS=${String(workers)}`,
  ];
}

/** Lays out the pod as the chart does. */
export async function writeConfiguration(database: string, workers = 1): Promise<void> {
  await region.sh('printf %s "$1" > /contract/password && env "${@:2}" maas-k8s config region', {
    args: [role.password, ...(await settings(database, workers))],
  });
}

/** A regiond.conf for another database, to be put where MAAS_REGION_CONFIG says. */
export async function configurationFor(database: string): Promise<string> {
  const path = '/contract/elsewhere';
  await region.sh('printf %s "$1" > /contract/password && env "${@:3}" maas-k8s config region --root "$2"', {
    args: [role.password, path, ...(await settings(database, 1))],
  });
  return region.read(`${path}/etc/maas/regiond.conf`);
}

/** An empty pod: nothing runs, and the shared folders are as a new pod's. */
export async function begin(database: string, workers = 1): Promise<void> {
  await region.sweep();
  await region.sh('for folder; do find "$folder" -mindepth 1 -delete; done', { args: emptied('region') });
  await writeConfiguration(database, workers);
}

/** Once per pod start, before named and regiond (maas-run.md 6.4). */
export async function setUpDns(): Promise<void> {
  await region.sh('MAAS_DNS_DEFAULT_CONTROLS=0 /usr/lib/maas/maas-common setup-dns');
}

/** A process of the region as the table has it, without its gate and without a supervisor. */
export async function startProcess(name: string, environment: Readonly<Record<string, string>> = {}): Promise<Running> {
  const process = processOf('region', name);
  for (const { kind, path } of process.prepare) if (kind !== 'remove' && kind !== 'unlink') await region.sh('mkdir -p -m 750 "$1"', { args: [path] });
  return start(region, name, confined(process), { ...process.environment, ...environment });
}

export const rpcUrl = 'http://127.0.0.1:5240/MAAS/rpc/';
export const webapp = `${state}/maas-regiond-webapp.sock.0`;

interface Eventloops {
  readonly eventloops?: Readonly<Record<string, readonly (readonly [string, number])[]>>;
}

/** What a region says about its event loops, on its first web application or through nginx. */
export async function eventloops(
  through: 'socket' | 'nginx' = 'nginx',
  pod: Pod = region,
): Promise<{ status: number; loops: Record<string, readonly (readonly [string, number])[]> }> {
  const { status, body } = await (through === 'nginx' ? get(pod, rpcUrl) : get(pod, '/MAAS/rpc/', webapp));
  return { status, loops: status === 200 ? { ...((JSON.parse(body) as Eventloops).eventloops ?? {}) } : {} };
}

export const serves = (through: 'socket' | 'nginx', limitSeconds: number): Promise<string[]> =>
  until(`the region has event loops (${through})`, limitSeconds, async () => {
    const { status, loops } = await eventloops(through);
    const names = Object.keys(loops);
    if (names.length === 0) throw new Error(`HTTP ${String(status)}, no event loops`);
    return names;
  });

/** What bootstrap leaves for the gates, by its own hand. */
async function recordBootstrap(database: string): Promise<void> {
  const version = await region.sh("dpkg-query -W -f '${Version}' maas-region-api");
  const query = async (text: string, values: readonly string[] = []): Promise<void> => {
    await sql(database, `SET ROLE ${role.name}; ${values.reduce((filled, value, index) => filled.replaceAll(`$${String(index + 1)}`, `'${value}'`), text)}`);
  };
  await recordVersion({ query } as unknown as Client, version);
}

/** Every process of a pod behind a Pebble of its own, with the mux in front, as in the chart's pod. */
export async function startAll(pod: Pod, kind: 'region' | 'rack'): Promise<void> {
  for (const { name } of processesOf(kind)) await startSupervisor(pod, name);
  await start(pod, 'mux', ['maas-k8s', 'mux', kind]);
}

export const live = 'live';
export const liveWorkers = 2;

/** Says whether the live region runs, or that it could not be started: then nobody tries that again. */
const marker = '/contract/live';

/** The region that several files look at; started by the first of them. */
export async function liveRegion(): Promise<void> {
  const { stdout } = await region.try('cat "$1" 2>/dev/null', { args: [marker] });
  if (stdout === 'failed') throw new Error('the live region could not be started, see the first case that wanted it');
  if (stdout === 'runs' && (await eventloops()).status === 200) return;
  try {
    await migrated(live);
    await begin(live, liveWorkers);
    await seed(live, secret);
    await recordBootstrap(live);
    await setUpDns();
    await startAll(region, 'region');
    await serves('nginx', 120);
    await region.write(marker, 'runs');
  } catch (error) {
    await region.write(marker, 'failed');
    throw error;
  }
}

/** To be called by whoever is about to do something else in the region's pod. */
export async function endLiveRegion(): Promise<void> {
  await region.sh('rm -f "$1"', { args: [marker] });
}
