/** A cluster on this machine, to try MAAS out: kind or k3d, which must be installed. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { ports, type Port } from '../../charts/tables/ports';
import { processesOf } from '../../charts/tables/processes';
import { codeOf, Failure, messageOf } from '../failure';
import { say } from '../output/terminal';

export type LocalTool = 'kind' | 'k3d';

/** The cluster's name; its context is kind-maas or k3d-maas. */
const name = 'maas';
export const contextOf = (tool: LocalTool): string => `${tool}-${name}`;

/** The tool whose cluster a context is, if it is one of ours. */
export const ourTool = (context: string): LocalTool | undefined => (['kind', 'k3d'] as const).find((tool) => contextOf(tool) === context);

/** What racks offer to machines, but for DHCP: broadcasts do not get into a container. */
export const published = (): Port[] =>
  [...new Set<Port>(processesOf('rack').flatMap(({ listens }) => [...listens]))].filter(
    ({ callers, number }) => callers.includes('machines') && number !== ports.dhcp.number && number !== ports.dhcp6.number,
  );

/** The commands that make and remove it. */
export const commands: Readonly<
  Record<LocalTool, { readonly list: string[]; readonly make: string[]; readonly remove: string[]; readonly input: () => string }>
> = {
  kind: {
    list: ['get', 'clusters'],
    make: ['create', 'cluster', '--name', name, '--wait', '120s', '--config', '-'],
    remove: ['delete', 'cluster', '--name', name],
    input: () =>
      stringify({
        kind: 'Cluster',
        apiVersion: 'kind.x-k8s.io/v1alpha4',
        nodes: [
          {
            role: 'control-plane',
            extraPortMappings: published().flatMap(({ number, protocols }) =>
              protocols.map((protocol) => ({ containerPort: number, hostPort: number, protocol })),
            ),
          },
        ],
      }),
  },
  k3d: {
    list: ['cluster', 'list', '--no-headers'],
    make: [
      'cluster',
      'create',
      name,
      '--wait',
      ...published().flatMap(({ number, protocols }) =>
        protocols.flatMap((protocol) => ['--port', `${String(number)}:${String(number)}/${protocol.toLowerCase()}@server:0:direct`]),
      ),
    ],
    remove: ['cluster', 'delete', name],
    input: () => '',
  },
};

async function run(tool: LocalTool, args: readonly string[], input = ''): Promise<string> {
  try {
    const running = promisify(execFile)(tool, [...args]);
    running.child.stdin?.on('error', () => undefined).end(input);
    return (await running).stdout;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw new Failure(`${tool} is not installed (or not in PATH)`);
    throw new Failure(`${tool} ${args.slice(0, 2).join(' ')}: ${(error as { stderr?: string }).stderr?.trim() || messageOf(error)}`);
  }
}

/** Makes it unless it is there. @returns its context */
export async function makeCluster(tool: LocalTool, dryRun: boolean): Promise<{ readonly context: string }> {
  const there = (await run(tool, commands[tool].list)).split('\n').some((line) => line.trim().split(/\s+/)[0] === name);
  if (there) say(`the ${tool} cluster ${name} is there`);
  else if (dryRun)
    throw new Failure(
      `would make the ${tool} cluster ${name}, with the ports ${published()
        .map(({ number }) => String(number))
        .join(', ')}; what comes after cannot be told before there is one`,
    );
  else {
    say(`making the ${tool} cluster ${name}; maas-k8s down --purge removes it`);
    await run(tool, commands[tool].make, commands[tool].input());
  }
  return { context: contextOf(tool) };
}

export const removeCluster = (tool: LocalTool): Promise<string> => run(tool, commands[tool].remove);
