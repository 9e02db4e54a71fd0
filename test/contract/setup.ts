/** Before the cases: the namespace, the three pods, the role. With CONTRACT_KEEP set they are taken as an earlier run has left them. */

import { until } from '../e2e/cluster';
import { attempt, kubectl, run } from '../e2e/command';
import { askScript } from './http';
import { namespace } from './pod';
import { manifests, rack, region } from './pods';
import { ready, role, sql } from './database';
import { startScript } from './process';

interface Status {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status: { readonly phase: string; readonly containerStatuses?: readonly { readonly state: object }[] };
  }[];
}

const running = (): Promise<boolean> =>
  until('the pods run', 120, async () => {
    const { items } = JSON.parse(await kubectl('-n', namespace, 'get', 'pods', '-o', 'json')) as Status;
    const waiting = items.filter(({ status }) => status.phase !== 'Running');
    if (items.length !== manifests.length || waiting.length > 0)
      throw new Error(
        waiting.map(({ metadata, status }) => `${metadata.name}: ${JSON.stringify(status.containerStatuses?.map(({ state }) => state))}`).join('; '),
      );
    return true;
  });

export default async function setup(): Promise<void> {
  if (!process.env.CONTRACT_KEEP) await kubectl('delete', 'namespace', namespace, '--ignore-not-found', '--wait=true');
  await attempt('kubectl', ['create', 'namespace', namespace]);
  for (const manifest of manifests) await run('kubectl', ['-n', namespace, 'apply', '-f', '-'], { input: JSON.stringify(manifest) });
  await running();
  await ready();
  await sql('postgres', `DO $$ BEGIN CREATE ROLE ${role.name} LOGIN NOSUPERUSER PASSWORD '${role.password}'; EXCEPTION WHEN duplicate_object THEN END $$`);
  for (const pod of [region, rack]) {
    await pod.write('/contract/start', startScript);
    await pod.write('/contract/ask.js', askScript);
    await pod.sh('chmod 755 /contract/start; [ "$(cat /contract/live 2>/dev/null)" = runs ] || rm -f /contract/live');
  }
}
