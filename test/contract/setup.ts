/** Before the cases: for each of Jest's workers a namespace with three pods, and the role. With CONTRACT_KEEP set they are taken as an earlier run has left them. */

import { until } from '../e2e/cluster';
import { attempt, kubectl, run } from '../e2e/command';
import { askScript } from './http';
import { namespaceOf, Pod } from './pod';
import { manifests, rack, region } from './pods';
import { ready, role, server, sql } from './database';
import { startScript } from './process';

interface Status {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status: { readonly phase: string; readonly containerStatuses?: readonly { readonly state: object }[] };
  }[];
}

const running = (namespace: string): Promise<boolean> =>
  until('the pods run', 120, async () => {
    const { items } = JSON.parse(await kubectl('-n', namespace, 'get', 'pods', '-o', 'json')) as Status;
    const waiting = items.filter(({ status }) => status.phase !== 'Running');
    if (items.length !== manifests.length || waiting.length > 0)
      throw new Error(
        waiting.map(({ metadata, status }) => `${metadata.name}: ${JSON.stringify(status.containerStatuses?.map(({ state }) => state))}`).join('; '),
      );
    return true;
  });

async function prepare(namespace: string): Promise<void> {
  if (!process.env.CONTRACT_KEEP) await kubectl('delete', 'namespace', namespace, '--ignore-not-found', '--wait=true');
  await attempt('kubectl', ['create', 'namespace', namespace]);
  for (const manifest of manifests) await run('kubectl', ['-n', namespace, 'apply', '-f', '-'], { input: JSON.stringify(manifest) });
  await running(namespace);
  const database = new Pod(server.name, namespace);
  await ready(database);
  await sql(
    'postgres',
    `DO $$ BEGIN CREATE ROLE ${role.name} LOGIN NOSUPERUSER PASSWORD '${role.password}'; EXCEPTION WHEN duplicate_object THEN END $$`,
    database,
  );
  for (const { name } of [region, rack]) {
    const pod = new Pod(name, namespace);
    await pod.write('/contract/start', startScript);
    await pod.write('/contract/ask.js', askScript);
    await pod.sh('chmod 755 /contract/start; [ "$(cat /contract/live 2>/dev/null)" = runs ] || rm -f /contract/live');
  }
}

export const namespaces = ({ maxWorkers }: { readonly maxWorkers: number }): string[] =>
  Array.from({ length: maxWorkers }, (_, index) => namespaceOf(index + 1));

export default async function setup(config: Parameters<typeof namespaces>[0]): Promise<void> {
  await Promise.all(namespaces(config).map(prepare));
}
