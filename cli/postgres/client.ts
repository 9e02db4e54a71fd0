import { Client } from 'pg';
import type { Database } from './problem';

/** @throws what pg throws, when it cannot log in within five seconds */
export async function connect(database: Database, password: string, application: string): Promise<Client> {
  const client = new Client({
    host: database.host,
    port: database.port,
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
