import { Client } from 'pg';
import { databaseConnectionProblem, isPassing, type Database } from './problem';

/**
 * Never over TLS: MAAS cannot (problem.ts), and what it cannot use is not to look fit.
 *
 * @param password or what is asked for it when the server wants one
 * @throws what pg throws, when it cannot log in within five seconds
 */
export async function connect(database: Database, password: string | (() => string), application: string): Promise<Client> {
  const client = new Client({
    host: database.host,
    port: database.port,
    // Else PGSSLMODE would count.
    ssl: false,
    database: database.name,
    user: database.user,
    password,
    application_name: application,
    connectionTimeoutMillis: 5000,
    keepAlive: true,
  });
  // A connection that breaks while nobody asks anything must not end the program; the next query says so.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    void client.end().catch(() => undefined);
    throw error;
  }
  return client;
}

class PasswordWanted extends Error {}

/**
 * Whether the server would let the role in from here. It decides that (pg_hba.conf) before it asks for a password, so none is needed.
 *
 * @returns why not, or undefined
 */
export async function rejection(database: Database): Promise<string | undefined> {
  const none = (): never => {
    throw new PasswordWanted();
  };
  try {
    await (await connect(database, none, 'maas-k8s probe')).end();
    return undefined;
  } catch (error) {
    return error instanceof PasswordWanted || isPassing(error) ? undefined : databaseConnectionProblem(error, database, 'no password');
  }
}
