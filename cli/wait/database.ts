/** The facts about the database of regiond.conf. Loaded only by those who wait for them. */

import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Client } from 'pg';
import { installedVersion, isNewer } from '../debian';
import { codeOf, messageOf } from '../failure';
import { connect } from '../postgres/client';
import { readLedger } from '../postgres/ledger';
import { databaseConnectionProblem, type Database } from '../postgres/problem';

/** maasserver/config.py */
interface RegiondConf {
  readonly database_host?: string;
  readonly database_port?: number;
  readonly database_name?: string;
  readonly database_user?: string;
  readonly database_pass?: string | number;
}

async function inDatabase(ask: (client: Client) => Promise<string | undefined>): Promise<string | undefined> {
  const path = process.env['MAAS_REGION_CONFIG'] || '/etc/maas/regiond.conf';
  let conf: RegiondConf;
  try {
    conf = (parse(readFileSync(path, 'utf8')) as RegiondConf | null) ?? {};
  } catch (error) {
    return `${path}: ${codeOf(error) === 'ENOENT' ? 'does not exist' : messageOf(error)}`;
  }
  const missing = (['database_host', 'database_port', 'database_name', 'database_user'] as const).filter((key) => conf[key] === undefined);
  // MAAS would take defaults, which are a database on this machine.
  if (missing.length > 0) return `${path}: does not say ${missing.join(', ')}; maas-k8s config writes all of it`;
  const database: Database = { host: conf.database_host!, port: conf.database_port!, name: conf.database_name!, user: conf.database_user! };
  let client: Client | undefined;
  try {
    client = await connect(database, String(conf.database_pass ?? ''), 'maas-k8s wait');
    return await ask(client);
  } catch (error) {
    return databaseConnectionProblem(error, database, `database_pass of ${path}`);
  } finally {
    void client?.end().catch(() => undefined);
  }
}

export const databaseProblem = (): Promise<string | undefined> => inDatabase(() => Promise.resolve(undefined));

let installed: string | undefined;

export const bootstrapProblem = (): Promise<string | undefined> =>
  inDatabase(async (client) => {
    installed ??= installedVersion();
    const ledger = await readLedger(client);
    if (ledger === undefined) return 'bootstrap has not run in this database';
    if (ledger.migrating !== undefined) return `the database is being migrated to MAAS ${ledger.migrating}; the bootstrap Job of that version has not finished`;
    if (ledger.version === installed) return undefined;
    if (isNewer(ledger.version, installed)) return `the database is at MAAS ${ledger.version}, installed here is ${installed}: MAAS cannot go back`;
    return `the database is at MAAS ${ledger.version}, installed here is ${installed}; the bootstrap Job of this version has not finished`;
  });
