import { namedConf, processes, processesOf, rackdConf, regiondConf, regionSecretFile } from '../../charts/tables/processes';
import { ports } from '../../charts/tables/ports';
import { volumes } from '../../charts/tables/volumes';

const paths = Object.values(volumes).map((volume) => volume.path);
const inside = (path: string, folders: readonly string[]) => folders.some((folder) => path === folder || path.startsWith(`${folder}/`));

test.each(['region', 'rack'] as const)('names and service names are unique in the %s pod, and no two processes listen on one port', (pod) => {
  const those = processesOf(pod);
  expect(new Set(those.map(({ name }) => name)).size).toBe(those.length);
  expect(new Set(those.map(({ service }) => service)).size).toBe(those.length);
  const taken = those.flatMap(({ listens }) => listens.flatMap((port) => port.protocols.map((protocol) => `${String(port.number)}/${protocol}`)));
  expect(taken).toEqual([...new Set(taken)]);
});

test('every service that MAAS asks its service manager about is in the table (maasserver and provisioningserver service_monitor.py)', () => {
  expect(processesOf('region').map(({ service }) => service)).toEqual(
    expect.arrayContaining(['bind9', 'ntp', 'syslog', 'proxy', 'http', 'temporal', 'temporal-worker']),
  );
  expect(processesOf('rack').map(({ service }) => service)).toEqual(expect.arrayContaining(['http', 'dhcpd', 'dhcpd6', 'ntp', 'proxy', 'syslog', 'agent']));
});

test.each(processes.map((process) => [`${process.pod} ${process.name}`, process] as const))('%s mounts every shared folder that it names', (_name, process) => {
  const named = [
    ...process.waitsFor.flatMap((fact) => ('path' in fact ? [fact.path] : [])),
    ...process.prepare.map(({ path }) => path),
    ...[process.alive, process.relays?.through].flatMap((check) => (check?.kind === 'unixHttp' ? [check.socket] : [])),
    ...(process.ready.kind === 'file' ? [process.ready.path] : []),
    ...process.restartsOn,
    ...(process.relays ? [process.relays.to] : []),
    ...process.command
      .join(' ')
      .split(/[\s;]+/)
      .filter((word) => word.startsWith('/')),
  ].filter((path) => inside(path, paths));
  for (const path of named)
    expect([
      path,
      inside(
        path,
        process.mounts.map((volume) => volume.path),
      ),
    ]).toEqual([path, true]);
});

/** What the init containers make: `maas-k8s config`, and setup-dns on the region. */
const prepared = { region: [regiondConf, namedConf], rack: [rackdConf, regionSecretFile] };

test.each(['region', 'rack'] as const)('whatever a process of the %s pod waits for is made by something', (pod) => {
  const those = processesOf(pod);
  const made = [...prepared[pod], ...those.flatMap(({ writes }) => writes)];
  const listening = those.flatMap(({ listens }) => listens.map(({ number }) => number));
  for (const { name, waitsFor } of those) {
    for (const fact of waitsFor) {
      if ('path' in fact) expect([name, fact.path, made.includes(fact.path)]).toEqual([name, fact.path, true]);
      if (fact.kind === 'tcp') expect([name, fact.port, listening.includes(fact.port)]).toEqual([name, fact.port, true]);
    }
  }
});

test('nobody waits for something that waits for them', () => {
  for (const pod of ['region', 'rack'] as const) {
    const started = new Set<string>();
    const made = new Set<string | number>(prepared[pod]);
    for (let progress = true; progress;) {
      progress = false;
      for (const process of processesOf(pod)) {
        if (
          started.has(process.name) ||
          !process.waitsFor.every((fact) => ('path' in fact ? made.has(fact.path) : fact.kind === 'tcp' ? made.has(fact.port) : true))
        )
          continue;
        started.add(process.name);
        [...process.writes, ...process.listens.map(({ number }) => number)].forEach((thing) => made.add(thing));
        progress = true;
      }
    }
    expect([pod, ...started].sort()).toEqual([pod, ...processesOf(pod).map(({ name }) => name)].sort());
  }
});

test('ports below 1024 and raw sockets need their capability, and nothing else has it', () => {
  for (const process of processes) {
    const low = process.listens.some((port) => port.number < 1024);
    expect([process.name, process.capabilities.includes('NET_BIND_SERVICE')]).toEqual([process.name, low]);
  }
});

test('no check depends on the database', () => {
  // /MAAS/rpc/ reads the database, so it may say "not ready" but never "dead".
  for (const { name, alive } of processes) expect([name, 'path' in alive && alive.path.includes('/MAAS/rpc')]).toEqual([name, false]);
});

test('port ranges are ranges, and every number is a port', () => {
  for (const { name, number, last } of Object.values(ports) as readonly { name: string; number: number; last?: number }[]) {
    expect([name, number >= 1 && (last ?? number) >= number && (last ?? number) <= 65535]).toEqual([name, true]);
  }
});
