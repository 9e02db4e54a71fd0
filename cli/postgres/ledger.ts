/** What bootstrap leaves in the database for those who wait for it. */

import type { Client } from 'pg';
import { codeOf } from '../failure';

const table = 'maas_k8s.bootstrap';

/** Undefined table, undefined schema: bootstrap has never run here. */
const absent = ['42P01', '3F000'];

/** The MAAS version that the database was migrated for, or undefined. */
export async function recordedVersion(client: Client): Promise<string | undefined> {
  try {
    const { rows } = await client.query<{ maas_version: string }>(`SELECT maas_version FROM ${table}`);
    return rows[0]?.maas_version;
  } catch (error) {
    if (absent.includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}

/** One row; the version is that of the Debian package. */
export async function recordVersion(client: Client, version: string): Promise<void> {
  await client.query(`
    CREATE SCHEMA IF NOT EXISTS maas_k8s;
    CREATE TABLE IF NOT EXISTS ${table} (
      one boolean PRIMARY KEY DEFAULT true CHECK (one),
      maas_version text NOT NULL,
      bootstrapped timestamptz NOT NULL DEFAULT now()
    );`);
  await client.query(
    `INSERT INTO ${table} (maas_version) VALUES ($1) ON CONFLICT (one) DO UPDATE SET maas_version = excluded.maas_version, bootstrapped = now()`,
    [version],
  );
}
