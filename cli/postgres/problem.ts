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

/** PostgreSQL documentation, appendix A: error codes. */
const sqlStates: Readonly<Record<string, (database: Database, passwordFrom: string) => string>> = {
  [wrongPassword]: ({ user }, passwordFrom) =>
    `password authentication failed for user ${user}: ${passwordFrom} is not the password of role ${user}, or there is no such role`,
  '28000': ({ user }) => `role ${user} may not log in from here (or does not exist)`,
  '3D000': ({ name }) => `database ${name} does not exist; create it with its role as owner`,
  '42501': ({ user }) => `permission denied for role ${user}`,
  '57P03': () => 'the database is starting up',
  '57P01': () => 'the database is shutting down',
  '53300': () => 'the database has no free connections (max_connections; plan 60 per region)',
};

/** @param passwordFrom where the password was read, as `Secret maas-database, key password,` */
export function databaseConnectionProblem(error: unknown, database: Database, passwordFrom: string): string {
  const known = sqlStates[codeOf(error) ?? ''];
  if (known) return known(database, passwordFrom);
  const timedOut = /timeout/i.test(messageOf(error)) ? 'no answer' : connectionProblem(error);
  return `${database.host}:${String(database.port)}: ${timedOut}`;
}
