/** Where a region secret may come from: never from an argument, which history and process lists keep. */

import { readFileSync } from 'node:fs';
import { regionSecretProblem, type Environment } from '../environment';
import { Failure, messageOf, Misuse } from '../failure';
import { hidden, standardInput } from '../output/ask';

export interface SecretInput {
  /** A file; - for standard input. */
  readonly secretFile?: string;
}

/** The variable that the make target hands it over in. */
export const variable = 'MAAS_REGION_SECRET';

/** @throws Failure without any of it when it cannot be one */
export async function regionSecret({ secretFile }: SecretInput, environment: Environment = process.env): Promise<string> {
  const [source, secret] = await read(secretFile, environment);
  const problem = secret === '' ? 'is empty' : regionSecretProblem(secret);
  if (problem !== undefined)
    throw new Failure(`the region secret (${source}) ${problem}; nothing was changed. The region's own: maas-k8s secret, or make get_region_secret`);
  return secret;
}

async function read(file: string | undefined, environment: Environment): Promise<readonly [source: string, secret: string]> {
  if (file === '-') return ['standard input', (await standardInput()).trim()];
  if (file !== undefined) {
    try {
      return [file, readFileSync(file, 'utf8').trim()];
    } catch (error) {
      throw new Misuse(`--secret-file: ${messageOf(error)}`);
    }
  }
  const given = environment[variable];
  if (given) return [variable, given.trim()];
  return ['as typed', (await hidden('The region secret', `give it with --secret-file FILE, on standard input with --secret-file -, or in ${variable}`)).trim()];
}
