/** The database goes, comes, and refuses. */

import { setTimeout as sleep } from 'node:timers/promises';
import { away, cutConnections, sql, takeAway } from '../database';
import type { Fault, World } from '../fault';
import { living, lookAtOnce, podName, says, signal, usable, waitsOn } from '../pods';
import { until } from '../limit';
import { itself, liveness, restarts } from './cures';

const password = (world: World): Promise<string> => world.cluster.secret('maas-database', 'password');
const setRole = (value: string): Promise<string> => sql(`ALTER ROLE maas PASSWORD '${value.replaceAll("'", "''")}'`, 'postgres');

const awayFor = (seconds: number): Fault => ({
  name: `database away for ${String(seconds)} s`,
  cure: liveness,
  within: 120,
  replaces: ['database'],
  make: (world) => away(world, seconds),
});

/** A setting of the whole server, for a while. */
const setting = (name: string, value: string, seconds: number, what: string, chosen = false): Fault => ({
  name: what,
  ...(chosen ? { chosen } : {}),
  cure: itself,
  within: 90,
  make: async (world) => {
    const reset = async (): Promise<void> => {
      await sql(`ALTER SYSTEM RESET ${name}`, 'postgres');
      await sql('SELECT pg_reload_conf()', 'postgres');
    };
    world.undo(reset);
    await sql(`ALTER SYSTEM SET ${name} = ${value}`, 'postgres');
    await sql('SELECT pg_reload_conf()', 'postgres');
    await sleep(seconds * 1000);
    await reset();
  },
});

export const databaseFaults: readonly Fault[] = [
  awayFor(30),
  awayFor(300),
  {
    name: 'database away while the region starts',
    cure: 'cli/wait/database.ts: the gate bootstrapped',
    within: 150,
    replaces: ['database', 'region'],
    make: async (world) => {
      const back = await takeAway(world);
      await world.cluster.kubectl('delete', 'pod', await podName('region'));
      await until('another region pod', 60, async () => ((await living('region')).length === 1 ? true : undefined));
      const region = await podName('region');
      await says(region, 'regiond', /waiting for bootstrapped/, 90);
      await waitsOn(region, ['regiond'], 20);
      await back();
    },
  },
  {
    name: 'database away, and the processes that need it are killed meanwhile',
    cure: `charts/tables/processes.ts: waitsFor database; ${restarts}`,
    within: 120,
    replaces: ['database'],
    make: async (world) => {
      const back = await takeAway(world);
      const region = await podName('region');
      const killed = ['regiond', 'apiserver', 'temporal', 'temporal-worker'];
      for (const container of killed) await signal(region, container, 'KILL');
      await waitsOn(region, killed, 40);
      await back();
    },
  },
  {
    name: 'all connections to the database cut',
    chosen: true,
    cure: itself,
    within: 60,
    make: async () => {
      await cutConnections();
    },
  },
  setting('default_transaction_read_only', 'on', 20, 'database full: it refuses every write for 20 s', true),
  {
    name: 'database refuses new connections for 60 s, old ones cut',
    cure: liveness,
    within: 120,
    make: async (world) => {
      const allow = (yes: boolean): Promise<string> => sql(`ALTER DATABASE maasdb ALLOW_CONNECTIONS ${String(yes)}`, 'postgres');
      world.undo(() => allow(true));
      await allow(false);
      await cutConnections();
      await sleep(60_000);
      await allow(true);
    },
  },
  {
    name: 'wrong database credentials for 60 s, then right ones',
    cure: 'cli/wait/database.ts: a refused login is waited for, too, in one process',
    within: 120,
    make: async (world) => {
      const right = await password(world);
      world.undo(() => setRole(right));
      await setRole('something else');
      await cutConnections();
      const region = await podName('region');
      for (const container of ['apiserver', 'temporal']) await signal(region, container, 'KILL');
      await until('the gate says that the password is wrong', 60, async () => {
        const problem = await usable(region, 'apiserver');
        return problem !== undefined && /password authentication failed/.test(await world.cluster.kubectl('logs', region, '-c', 'apiserver', '--tail=20'))
          ? true
          : undefined;
      });
      await waitsOn(region, ['apiserver', 'temporal'], 40);
      await setRole(right);
    },
  },
  {
    name: 'database password changed in role and Secret, and changed back',
    cure: 'cli/mux/renewal.ts; charts/tables/processes.ts: restartsOn regiond.conf',
    within: 180,
    make: async (world) => {
      const right = await password(world);
      const change = async (value: string): Promise<void> => {
        await setRole(value);
        await world.cluster.kubectl('patch', 'secret', 'maas-database', '-p', JSON.stringify({ stringData: { password: value } }));
        await lookAtOnce();
      };
      world.undo(() => change(right));
      const region = await podName('region');
      await change('a-password-of-the-faults');
      await cutConnections();
      await until('regiond.conf has the new password', 150, async () =>
        (await world.cluster.exec(region, 'regiond', 'cat', '/etc/maas/regiond.conf')).includes('a-password-of-the-faults') ? true : undefined,
      );
      await until('the region is useful with it', 150, async () => {
        const problem = await usable(region);
        if (problem !== undefined) throw new Error(problem);
        return true;
      });
      await change(right);
      await cutConnections();
      await until('regiond.conf has the old password', 150, async () =>
        (await world.cluster.exec(region, 'regiond', 'cat', '/etc/maas/regiond.conf')).includes('a-password-of-the-faults') ? undefined : true,
      );
    },
  },
];
