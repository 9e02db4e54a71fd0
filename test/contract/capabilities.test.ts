/** What MAAS starts beside its processes, with the capabilities of their containers: it takes the group maas, and would end without a way to. */

import type { Process } from '../../charts/tables/processes';
import { staysTrue, type Pod } from './pod';
import { rack, region } from './pods';
import { confined, processOf, start } from './process';

const common = '/usr/lib/maas/maas-common';

const cases: readonly (readonly [what: string, pod: Pod, process: Process, command: readonly string[]])[] = [
  ['rackd observes beacons', rack, processOf('rack', 'rackd'), [common, 'observe-beacons', 'eth0']],
  ['regiond observes beacons', region, processOf('region', 'regiond'), [common, 'observe-beacons', 'eth0']],
  ['regiond observes mDNS', region, processOf('region', 'regiond'), [common, 'observe-mdns']],
];

describe.each(cases)('%s', (what, pod, { capabilities }, command) => {
  const name = what.replaceAll(' ', '-');

  test('and goes on', async () => {
    const observer = await start(pod, name, confined({ capabilities, command }));
    await staysTrue(what, 8, () => observer.runs());
    await observer.kill('KILL', 5);
  });

  test('without SETGID it ends', async () => {
    const less = capabilities.filter((capability) => capability !== 'SETGID');
    const { code, log } = await (await start(pod, name, confined({ capabilities: less, command }))).ends(30);
    expect([code === 0, log]).toEqual([false, expect.stringContaining('Operation not permitted')]);
  });
});

test.each([
  ['regiond', region, processOf('region', 'regiond'), ['maas-region', 'local_config_get']],
  ['rackd', rack, processOf('rack', 'rackd'), [common, 'scan-network', '--help']],
] as const)('administrators’ commands work where %s runs', async (_name, pod, { capabilities }, command) => {
  const { code, stdout, stderr } = await pod.try('"$@"', { args: confined({ capabilities, command }) });
  expect({ code, stderr: code === 0 ? '' : `${stdout}${stderr}` }).toEqual({ code: 0, stderr: '' });
});
