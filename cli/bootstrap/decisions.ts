/** What bootstrap decides, apart from how it finds out and what it does. */

import { regionSecretProblem } from '../environment';
import { Failure } from '../failure';
import type { Pod } from '../kubernetes/types';
import type { Ledger } from '../postgres/ledger';

export type SeedDecision =
  /** Both places agree. */
  | { readonly kind: 'keep'; readonly secret: string }
  /** The database has one, the cluster has not. */
  | { readonly kind: 'adopt'; readonly secret: string }
  /** The cluster has one, the database has not. */
  | { readonly kind: 'seed'; readonly secret: string }
  /** Nobody has one. */
  | { readonly kind: 'generate' };

export const seededAt = 'maasserver_secret, path global/rpc-shared';

/**
 * @param name of the region Secret, for messages
 * @param given the region Secret's value, already of good form
 * @param seeded what MAAS has in its database
 * @throws Failure when they contradict each other; neither is printed
 */
export function decideSeed(name: string, given: string | undefined, seeded: string | undefined): SeedDecision {
  // MAAS compares bytes (maasserver/security.py), and everything that it writes itself is in lower case.
  const known = seeded?.trim().toLowerCase();
  if (known !== undefined) {
    const problem = regionSecretProblem(known);
    if (problem !== undefined) throw new Failure(`the region secret in the database (${seededAt}) ${problem}`);
  }
  if (given === undefined) return known === undefined ? { kind: 'generate' } : { kind: 'adopt', secret: known };
  if (known === undefined) return { kind: 'seed', secret: given };
  if (known === given) return { kind: 'keep', secret: given };
  throw new Failure(
    `the Secret ${name} and the database (${seededAt}) hold different region secrets; nothing was changed. ` +
      `To go on with the database's, delete the Secret ${name} and run this again; to change it for good, follow the rotation of the region secret`,
  );
}

/** @throws Failure for what is not a region secret */
export function checkRegionSecret(name: string, data: Readonly<Record<string, string>>): string {
  const value = data['secret'];
  if (value === undefined)
    throw new Failure(
      `the Secret ${name} has no key "secret" (it has ${Object.keys(data).join(', ') || 'none'}); it must hold exactly 32 lower-case hex characters`,
    );
  const problem = regionSecretProblem(value);
  if (problem !== undefined) throw new Failure(`the Secret ${name}, key "secret", ${problem}; nothing was changed`);
  return value;
}

/**
 * @param ledger what earlier bootstraps have recorded
 * @param isNewer compares two versions
 * @param temporalFindsSchema whether the database has the name that it was migrated under
 * @returns whether to migrate
 * @throws Failure for a downgrade, which MAAS cannot do
 */
export function decideMigration(
  ledger: Ledger | undefined,
  installed: string,
  isNewer: (left: string, right: string) => boolean,
  temporalFindsSchema: boolean,
): boolean {
  if (ledger === undefined) return true;
  for (const version of [ledger.version, ledger.migrating]) {
    if (version !== undefined && version !== installed && isNewer(version, installed))
      throw new Failure(
        `the database is at MAAS ${version}, this is ${installed}: MAAS cannot go back; install ${version} or restore a backup. Nothing was changed`,
      );
  }
  return ledger.version !== installed || ledger.migrating !== undefined || !temporalFindsSchema;
}

/**
 * Regions that run another image than ours, by pod and image. They must be gone before the schema changes under them.
 *
 * @param own name of the pod that this runs in: what rewrites images when pods are made (mirrors, digests) has rewritten its image, too
 * @param configured our image as it is written in the charts
 */
export function otherRegions(pods: readonly Pod[], own: string | undefined, configured: string): readonly string[] {
  const ours = pods.find(({ metadata }) => metadata?.name === own)?.spec?.containers.find(({ name }) => name === 'bootstrap')?.image;
  return pods.flatMap(({ metadata, spec, status }) => {
    const runs = spec?.containers.find(({ name }) => name === 'regiond')?.image;
    const over = status?.phase === 'Succeeded' || status?.phase === 'Failed';
    return runs === undefined || runs === ours || runs === configured || over ? [] : [`${metadata?.name ?? ''} (${runs})`];
  });
}
