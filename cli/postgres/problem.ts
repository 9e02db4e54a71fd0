/** Why PostgreSQL did not let us in, in words that name the cure. */

import { connectionProblem } from '../connect';
import { codeOf, messageOf } from '../failure';

export interface Database {
  readonly host: string;
  readonly port: number;
  readonly name: string;
  readonly user: string;
}

export const wrongPassword = '28P01';

/**
 * PostgreSQL documentation, appendix A: error codes.
 *
 * MAAS 3.7.3 gives Temporal no TLS (maasserver/templates/temporal/production.yaml.template has none under sql), and Temporal then demands that there be none.
 */
const sqlStates: Readonly<Record<string, (database: Database, passwordFrom: string, said: string) => string>> = {
  [wrongPassword]: ({ user }, passwordFrom) =>
    `password authentication failed for user ${user}: ${passwordFrom} is not the password of role ${user}, or there is no such role`,
  '28000': ({ user }, _passwordFrom, said) =>
    said.includes('no encryption')
      ? `role ${user} may not log in without TLS from here, and MAAS has no TLS to its database; let the server accept connections from the cluster without it (pg_hba.conf: host, not hostssl; Amazon RDS: rds.force_ssl=0; Azure: require_secure_transport=off). The server says: ${said}`
      : `role ${user} may not log in from here (or does not exist). The server says: ${said}`,
  '3D000': ({ name }) => `database ${name} does not exist; create it with its role as owner`,
  '42501': ({ user }) => `permission denied for role ${user}`,
  '57P03': () => 'the database is starting up',
  '57P01': () => 'the database is shutting down',
  '53300': () => 'the database has no free connections (max_connections); maas-k8s preflight says how many are needed',
};

/** @param passwordFrom where the password was read, as `Secret maas-database, key password,` */
export function databaseConnectionProblem(error: unknown, database: Database, passwordFrom: string): string {
  const known = sqlStates[codeOf(error) ?? ''];
  // Nothing of the password is in it.
  if (known) return known(database, passwordFrom, messageOf(error));
  const timedOut = /timeout/i.test(messageOf(error)) ? 'no answer' : connectionProblem(error);
  return `${database.host}:${String(database.port)}: ${timedOut}`;
}

/** What the server says while it starts, stops or is full. */
const passing = ['57P01', '57P03', '53300'];

export const isPassing = (error: unknown): boolean => passing.includes(codeOf(error) ?? '');

/** Whether PostgreSQL itself has answered, if only to say no: its codes have five characters, and none begins with E, as those of the system do. */
export const hasAnswered = (error: unknown): boolean => /^[0-9A-DF-Z][0-9A-Z]{4}$/.test(codeOf(error) ?? '');

/** Whether it has said a no that will last. */
export const isRefusal = (error: unknown): boolean => hasAnswered(error) && !isPassing(error);
