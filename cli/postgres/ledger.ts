/** What bootstrap leaves in the database for those who wait for it. */

import type { Client } from 'pg';
import { codeOf } from '../failure';

const table = 'maas_k8s.bootstrap';

/** Undefined table, undefined schema: bootstrap has never run here. */
const absent = ['42P01', '3F000'];

export interface Ledger {
  /** The MAAS version that the database was migrated for. */
  readonly version: string;
  /** The one that it is being migrated to: neither version may run now. */
  readonly migrating: string | undefined;
}

/** @returns undefined where bootstrap has never come to its end */
export async function readLedger(client: Client): Promise<Ledger | undefined> {
  try {
    const { rows } = await client.query<{ maas_version: string; migrating: string | null }>(`SELECT maas_version, migrating FROM ${table}`);
    return rows[0] && { version: rows[0].maas_version, migrating: rows[0].migrating ?? undefined };
  } catch (error) {
    if (absent.includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}

/** Before an existing database is changed: from here on no region starts with it until the version is recorded. */
export async function recordMigration(client: Client, version: string): Promise<void> {
  await client.query(`UPDATE ${table} SET migrating = $1`, [version]);
}

/** One row; the version is that of the Debian package. */
export async function recordVersion(client: Client, version: string): Promise<void> {
  await client.query(`
    CREATE SCHEMA IF NOT EXISTS maas_k8s;
    CREATE TABLE IF NOT EXISTS ${table} (
      one boolean PRIMARY KEY DEFAULT true CHECK (one),
      maas_version text NOT NULL,
      migrating text,
      bootstrapped timestamptz NOT NULL DEFAULT now()
    );`);
  await client.query(
    `INSERT INTO ${table} (maas_version) VALUES ($1) ON CONFLICT (one) DO UPDATE SET maas_version = excluded.maas_version, migrating = NULL, bootstrapped = now()`,
    [version],
  );
}
