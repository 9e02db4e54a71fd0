/** A status as people read it. */

import { ageSince, type Colours } from '../output/terminal';
import { table } from '../output/table';
import type { Status } from './schema';

/**
 * What Kubernetes has from a registry is many times as long as a line, and would make the column so wide: how it begins and how it ends says enough.
 * `-o json` has it whole.
 */
const shortened = (text: string): string => (text.length > 120 ? `${text.slice(0, 70)} … ${text.slice(-47)}` : text);

export async function page(status: Status, colour: Colours): Promise<string> {
  const mark = (good: boolean, text: string): string => (good ? colour.green : colour.yellow)(shortened(text));
  const { regions, racks, database, images, jobs } = status;
  const rows: string[][] = [];
  if (database !== null) rows.push(['database', database.name, mark(database.ready, database.text), '']);
  for (const { member, node, ready, text, since, processes } of regions) {
    rows.push(['region', `${member}${node === null ? '' : ` on ${node}`}`, mark(ready, text), ageSince(since)]);
    for (const { name, reason } of processes.filter((one) => !one.ready)) rows.push(['', `  ${name}`, mark(false, reason ?? 'not ready'), '']);
  }
  for (const { pool, node, connected, text, dhcp, since } of racks) {
    const served = dhcp.map(({ vlan, role }) => `DHCP ${vlan} ${role}`);
    rows.push(['rack', `${pool}/${node}`, [mark(connected, text), ...served].join('; '), ageSince(since)]);
  }
  if (status.missingRacks !== null) rows.push(['rack', '', mark(false, status.missingRacks), '']);
  for (const { name, architecture, complete, percent } of images?.resources ?? [])
    rows.push(['image', `${name} ${architecture}`, mark(complete, complete ? 'complete' : `${String(percent)} %`), '']);
  if (images !== null && images.resources.length === 0) rows.push(['image', '', images.importing ? 'being imported' : 'none', '']);
  for (const { name, state, text } of jobs)
    rows.push([
      'job',
      name,
      state === 'past'
        ? text
        : state === 'failed'
          ? colour.red(shortened(`failed: ${text}`))
          : mark(state === 'complete', `${state}${text ? `, ${text}` : ''}`),
      '',
    ]);
  const head =
    status.version === null
      ? `MAAS in namespace ${status.namespace} (context ${status.context})`
      : `MAAS ${status.version} in namespace ${status.namespace} (context ${status.context})`;
  return [
    colour.bold(head),
    ...(status.url === null ? [] : [status.url]),
    '',
    ...(rows.length > 0 ? [await table(rows), ''] : []),
    status.next === null ? colour.green('All is well.') : `${colour.bold('Next:')} ${status.next}`,
  ].join('\n');
}
