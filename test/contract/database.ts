/** The database server of the suite, and databases in it. */

import { until } from '../e2e/cluster';
import { Pod } from './pod';

export const server = new Pod('database');
export const role = { name: 'maas', password: 'a-password-of-the-contract' };

/** Put into the pod in front of the image's own entry point: the server can be stopped, and started again, for real. */
export const serverCommand = [
  'bash',
  '-c',
  'while :; do docker-entrypoint.sh postgres -c max_connections=250 -c fsync=off & wait $!; while [ -e /tmp/off ]; do sleep 0.1; done; done',
];

/** Runs SQL as the server's administrator; rows as lines, columns with | between them. */
export async function sql(database: string, statement: string, pod = server): Promise<string[]> {
  const output = await pod.sh('psql -X -q -A -t -v ON_ERROR_STOP=1 -U postgres -d "$1" -f -', { args: [database], input: statement });
  return output === '' ? [] : output.split('\n');
}

export async function value(database: string, statement: string): Promise<string> {
  return (await sql(database, statement))[0] ?? '';
}

export async function drop(name: string): Promise<void> {
  await sql('postgres', `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}

/** A database of the role, empty or a copy of another. */
export async function create(name: string, template = 'template1'): Promise<string> {
  await drop(name);
  if (template !== 'template1') await sql('postgres', `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${template}'`);
  await sql('postgres', `CREATE DATABASE ${name} OWNER ${role.name} TEMPLATE ${template}`);
  return name;
}

export const exists = async (name: string): Promise<boolean> => (await value('postgres', `SELECT count(*) FROM pg_database WHERE datname = '${name}'`)) === '1';

export const ready = (pod = server): Promise<boolean> =>
  until('the database server answers', 60, async () => ((await pod.try('pg_isready -q -h 127.0.0.1')).code === 0 ? true : undefined));

/** Nobody can connect, and whoever was is thrown out. */
export async function stopServer(): Promise<void> {
  await server.sh('touch /tmp/off; pg_ctl -D "$PGDATA" -m fast -w -t 20 stop');
}

export async function startServer(): Promise<void> {
  await server.sh('rm -f /tmp/off');
  await ready();
}
