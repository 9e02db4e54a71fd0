/** The embedded database, from its own pod. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { World } from './fault';
import { gone } from './pods';
import { cluster } from './start';

export const sql = (statement: string, database?: string): Promise<string> => cluster.sql(statement, database);

const scale = (replicas: number): Promise<string> => cluster.kubectl('scale', 'statefulset/maas-database', `--replicas=${String(replicas)}`);

/** Takes the database away; gives what brings it back. */
export async function takeAway(world: World): Promise<() => Promise<unknown>> {
  world.undo(() => scale(1));
  await scale(0);
  await gone('database', 150);
  return () => scale(1);
}

export async function away(world: World, seconds: number): Promise<void> {
  const back = await takeAway(world);
  await sleep(seconds * 1000);
  await back();
}

/** Every connection but this one. */
export const cutConnections = (): Promise<string> => sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = 'maasdb'", 'postgres');
