/** Whether a fact holds. */

import { readFileSync, statSync } from 'node:fs';
import { parse } from 'yaml';
import { ports } from '../../charts/tables/ports';
import type { Fact } from '../../charts/tables/facts';
import { accepts } from '../connect';
import { codeOf, messageOf } from '../failure';

/** Milliseconds for one try. */
const patience = 2000;

/** @returns why it does not hold, or undefined */
export async function probe(fact: Fact): Promise<string | undefined> {
  switch (fact.kind) {
    case 'file':
      return fileProblem(fact.path);
    case 'socket':
      return accepts({ path: fact.path }, patience);
    case 'tcp':
      return accepts({ host: fact.host, port: fact.port }, patience);
    case 'database':
      return (await import('./database.js')).databaseProblem();
    case 'bootstrapped':
      return (await import('./database.js')).bootstrapProblem();
    case 'temporal':
      return temporalProblem();
  }
}

function fileProblem(path: string): string | undefined {
  try {
    return statSync(path).isDirectory() ? 'is a folder' : undefined;
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? 'does not exist' : messageOf(error);
  }
}

/** maasagent/cmd/maas-agent/main.go: the agent talks to the host of the first controller only. */
async function temporalProblem(): Promise<string | undefined> {
  const path = process.env['MAAS_CLUSTER_CONFIG'] || '/etc/maas/rackd.conf';
  let host: string;
  try {
    host = firstHost(readFileSync(path, 'utf8'));
  } catch (error) {
    return `${path}: ${codeOf(error) === 'ENOENT' ? 'does not exist' : messageOf(error)}`;
  }
  const problem = await accepts({ host, port: ports.temporal.number }, patience);
  return problem === undefined ? undefined : `${host}:${String(ports.temporal.number)}: ${problem}`;
}

/** @param rackdConf provisioningserver/config.py: maas_url is a URL or a list of them */
export function firstHost(rackdConf: string): string {
  const written = (parse(rackdConf) as { maas_url?: string | string[] } | null)?.maas_url;
  const url = Array.isArray(written) ? written[0] : written;
  if (!url) throw new Error('has no maas_url');
  return new URL(url).hostname.replace(/^\[(.*)\]$/, '$1');
}
