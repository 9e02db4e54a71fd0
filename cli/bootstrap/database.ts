/** What bootstrap asks of the database, and what it puts there. */

import type { Client } from 'pg';
import { Failure } from '../failure';
import { decideSeed, seededAt } from './decisions';

/** maasserver/security.py: the secret that regions and racks share. */
const seedPath = 'global/rpc-shared';

/** Any number will do that MAAS does not lock itself (maasserver/locks.py uses pairs). */
const lock = 0x6d6161732d6b38;

/** @param name with its schema */
async function tableExists(client: Client, name: string): Promise<boolean> {
  const { rows } = await client.query<{ found: boolean }>('SELECT to_regclass($1) IS NOT NULL AS found', [name]);
  return rows[0]?.found ?? false;
}

/**
 * Whether Temporal will find its schema. It looks for its version under the name of the database, which dbupgrade writes there
 * (maasserver/management/commands/dbupgrade.py); in a database that was restored or renamed it is the name of before.
 */
export async function temporalFindsSchema(client: Client): Promise<boolean> {
  for (const schema of ['temporal', 'temporal_visibility']) {
    if (!(await tableExists(client, `${schema}.schema_version`))) return false;
    const { rowCount } = await client.query(`SELECT FROM ${schema}.schema_version WHERE db_name = current_database()`);
    if (rowCount === 0) return false;
  }
  return true;
}

/** dbupgrade makes schemas and extensions. @returns why that would fail, or undefined */
export async function ownershipProblem(client: Client): Promise<string | undefined> {
  const { rows } = await client.query<{ owns: boolean; owner: string; user: string; name: string }>(
    `SELECT pg_has_role(current_user, datdba, 'USAGE') AS owns, pg_get_userbyid(datdba) AS owner, current_user AS user, datname AS name
     FROM pg_database WHERE datname = current_database()`,
  );
  const row = rows[0];
  if (row === undefined || row.owns) return undefined;
  return `role ${row.user} does not own the database ${row.name} (${row.owner} does); ALTER DATABASE "${row.name}" OWNER TO "${row.user}"`;
}

/** Held until the connection ends. */
export async function tryLock(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [lock]);
  return rows[0]?.locked ?? false;
}

/** @returns undefined when the database has none, or no such table yet */
export async function readSeed(client: Client): Promise<string | undefined> {
  if (!(await tableExists(client, 'public.maasserver_secret'))) return undefined;
  const { rows } = await client.query<{ value: { secret?: unknown } }>('SELECT value FROM maasserver_secret WHERE path = $1', [seedPath]);
  const row = rows[0];
  if (row === undefined) return undefined;
  if (typeof row.value.secret !== 'string') throw new Failure(`the row ${seededAt} in the database has no field "secret"`);
  return row.value.secret;
}

/**
 * Never overwrites.
 *
 * @returns whether the row was made
 * @throws Failure when the database holds another secret
 */
export async function seed(client: Client, name: string, secret: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `INSERT INTO maasserver_secret (path, created, updated, value) VALUES ($1, now(), now(), jsonb_build_object('secret', $2::text)) ON CONFLICT (path) DO NOTHING`,
    [seedPath, secret],
  );
  decideSeed(name, secret, await readSeed(client));
  return rowCount === 1;
}

/** @returns whether the row had the current value, and has the next one now */
export async function replaceSeed(client: Client, current: string, next: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `UPDATE maasserver_secret SET value = jsonb_build_object('secret', $3::text), updated = now() WHERE path = $1 AND value->>'secret' = $2`,
    [seedPath, current, next],
  );
  return rowCount === 1;
}

export async function userExists(client: Client, username: string): Promise<boolean> {
  const { rowCount } = await client.query('SELECT FROM auth_user WHERE username = $1', [username]);
  return rowCount === 1;
}

/** The API keys of a user, oldest first (maasserver/models/user.py: get_auth_tokens, get_creds_tuple). */
export async function apiKeys(client: Client, username: string): Promise<readonly string[]> {
  const access = 2; // piston3/models.py: Token.ACCESS
  const { rows } = await client.query<{ key: string }>(
    `SELECT consumer.key || ':' || token.key || ':' || token.secret AS key
     FROM piston3_token token JOIN piston3_consumer consumer ON consumer.id = token.consumer_id JOIN auth_user ON auth_user.id = token.user_id
     WHERE auth_user.username = $1 AND token.token_type = $2 AND token.is_approved ORDER BY token.id`,
    [username, access],
  );
  return rows.map(({ key }) => key);
}
