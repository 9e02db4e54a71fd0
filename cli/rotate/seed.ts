/**
 * The step of a rotation that needs the database (Job): the region secret's row takes the next value, then the Secret does.
 * Between the two the Secret holds both, so that it may end at any point; bootstrap finishes what was left.
 */

import type { Client } from 'pg';
import { readSeed, replaceSeed } from '../bootstrap/database';
import { checkRegionSecret } from '../bootstrap/decisions';
import { readSettings } from '../bootstrap/settings';
import { regionSecretProblem, type Environment } from '../environment';
import { Failure } from '../failure';
import { Kubernetes, type Secret } from '../kubernetes/kubernetes';
import { inCluster, type Transport } from '../kubernetes/transport';
import { log } from '../log';
import { connect } from '../postgres/client';
import { databaseConnectionProblem } from '../postgres/problem';
import { persist, type Attempt } from '../time';

/** The key of the region Secret that holds the value which comes next, while a rotation is under way. */
export const nextKey = 'next';

/**
 * @returns undefined when there is none, or when it has become the value
 * @throws Failure when the Secret's next value cannot be one
 */
export function nextOf(name: string, { data }: Secret): string | undefined {
  const next = data[nextKey];
  if (next === data['secret']) return undefined;
  const problem = next === undefined ? undefined : regionSecretProblem(next);
  if (problem !== undefined) throw new Failure(`the Secret ${name}, key "${nextKey}", ${problem}; nothing was changed`);
  return next;
}

/** What is to be done about a Secret that somebody else brings. */
export const handOver = (name: string, keeper: string): string =>
  `the database has the next value; the Secret ${name} belongs to ${keeper}: move the value of "${nextKey}" to "secret" there`;

/** The database has the next value: the Secret follows, by the hand of whoever brings it. */
export async function finish(kubernetes: Kubernetes, name: string, secret: Secret): Promise<void> {
  const { [nextKey]: next, ...rest } = secret.data;
  if (next === undefined) return;
  if (secret.keeper !== undefined) {
    log(`region secret: ${handOver(name, secret.keeper)}`);
    return;
  }
  await kubernetes.changeSecret(name, { ...rest, secret: next }, secret);
  log(`region secret: the Secret ${name} has the next value now`);
}

export async function rotateSeed(environment: Environment, { timeout }: { readonly timeout: number }, transport?: Transport): Promise<void> {
  const settings = readSettings(environment);
  const { secrets, database } = settings;
  const kubernetes = new Kubernetes(transport ?? inCluster(), settings.namespace);
  const secret = await kubernetes.secret(secrets.region);
  if (secret === undefined) throw new Failure(`there is no Secret ${secrets.region}`);
  const next = nextOf(secrets.region, secret);
  if (next === undefined) {
    log(`region secret: the Secret ${secrets.region} has no next value; nothing to do`);
    return;
  }
  const current = checkRegionSecret(secrets.region, secret.data);
  const attempt = async (): Promise<Attempt<Client>> => {
    const password = (await kubernetes.secret(secrets.database))?.data['password'];
    if (!password) return { reason: `the Secret ${secrets.database} has no password` };
    try {
      return { value: await connect(database, password, 'maas-k8s rotate') };
    } catch (error) {
      return { reason: databaseConnectionProblem(error, database, `Secret ${secrets.database}, key password,`) };
    }
  };
  const client = await persist(attempt, { what: `the database ${database.name}`, timeout, log });
  try {
    if (await replaceSeed(client, current, next)) log('region secret: the database has the next value now');
    else if ((await readSeed(client)) !== next)
      throw new Failure(`the database holds neither the value that the Secret ${secrets.region} has nor the next one; nothing was changed`);
  } finally {
    await client.end().catch(() => undefined);
  }
  await finish(kubernetes, secrets.region, secret);
}
