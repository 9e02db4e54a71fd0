/** A cluster on this machine, to try MAAS out: kind or k3d, which must be installed. */

import { stringify } from 'yaml';
import { ports, type Port, type Protocol } from '../../charts/tables/ports';
import { processesOf } from '../../charts/tables/processes';
import { failed, run, succeed, type Running } from '../command';
import { Failure, messageOf } from '../failure';
import type { Kubernetes } from '../kubernetes/kubernetes';
import type { Node } from '../kubernetes/types';
import { interruptible, wholly } from '../output/interrupt';
import { say } from '../output/terminal';
import { storage, type StorageClass } from '../preflight/findings';
import { listening } from '../probe/probe';
import { sleep } from '../time';

export type LocalTool = 'kind' | 'k3d';

/** The cluster's name; its context is kind-maas or k3d-maas. */
const name = 'maas';
const contextOf = (tool: LocalTool): string => `${tool}-${name}`;

/** The tool whose cluster a context is, if it is one of ours. */
export const ourTool = (context: string): LocalTool | undefined => (['kind', 'k3d'] as const).find((tool) => contextOf(tool) === context);

interface Published {
  readonly number: number;
  readonly protocol: Protocol;
}

/** What racks offer to machines, but for DHCP: broadcasts do not get into a container. */
export const published = (): Published[] =>
  [...new Set<Port>(processesOf('rack').flatMap(({ listens }) => [...listens]))]
    .filter(({ callers, number }) => callers.includes('machines') && number !== ports.dhcp.number && number !== ports.dhcp6.number)
    .flatMap(({ number, protocols }) => protocols.map((protocol) => ({ number, protocol })));

const written = ({ number, protocol }: Published): string => `${String(number)}/${protocol.toLowerCase()}`;

interface Commands {
  /** Prints a line per cluster that begins with its name. */
  readonly list: readonly string[];
  readonly make: (open: readonly Published[]) => { readonly args: readonly string[]; readonly input?: string };
  /** For one that is there: starts it where that can be done, and writes its context into the kubeconfig once more. */
  readonly revive: readonly (readonly string[])[];
  readonly remove: readonly string[];
}

/** Both take away what they have made when making it fails. */
const commands: Readonly<Record<LocalTool, Commands>> = {
  kind: {
    list: ['get', 'clusters'],
    make: (open) => ({
      args: ['create', 'cluster', '--name', name, '--wait', '120s', '--config', '-'],
      input: stringify({
        kind: 'Cluster',
        apiVersion: 'kind.x-k8s.io/v1alpha4',
        nodes: [
          {
            role: 'control-plane',
            extraPortMappings: open.map(({ number, protocol }) => ({ containerPort: number, hostPort: number, protocol })),
          },
        ],
      }),
    }),
    revive: [['export', 'kubeconfig', '--name', name]],
    remove: ['delete', 'cluster', '--name', name],
  },
  k3d: {
    list: ['cluster', 'list', '--no-headers'],
    make: (open) => ({
      args: ['cluster', 'create', name, '--wait', ...open.flatMap((port) => ['--port', `${String(port.number)}:${written(port)}@server:0:direct`])],
    }),
    revive: [
      ['cluster', 'start', name],
      ['kubeconfig', 'merge', name, '--kubeconfig-merge-default'],
    ],
    remove: ['cluster', 'delete', name],
  },
};

/** What helps when docker or podman says something. */
const cures: readonly (readonly [said: RegExp, cure: string])[] = [
  [
    /address already in use|port is already allocated/,
    'something on this machine has one of these ports (ss -lntup, or docker ps, tells what); end it, and run this again',
  ],
  [
    /cannot expose privileged port/,
    `docker or podman runs without root here: sudo sysctl net.ipv4.ip_unprivileged_port_start=${String(Math.min(...published().map(({ number }) => number)))} lets it have these ports; then run this again`,
  ],
];

export interface LocalOptions {
  /** Where the tool writes the context; else to where it wants. */
  readonly kubeconfig?: string;
  readonly dryRun?: boolean;
}

const running = ({ kubeconfig }: LocalOptions): Running => (kubeconfig === undefined ? {} : { environment: { KUBECONFIG: kubeconfig } });
const called = (tool: LocalTool, args: readonly string[]): string => [tool, ...args].join(' ');

/** What helps where one is there and cannot be used. */
export const removal = (tool: LocalTool): string => `${called(tool, commands[tool].remove)} removes it, and maas-k8s up --${tool} makes another`;

/**
 * Makes it unless it is there.
 *
 * @returns its context; undefined where that is only what would be done
 */
export async function makeCluster(tool: LocalTool, options: LocalOptions): Promise<string | undefined> {
  const { list, make, revive, remove } = commands[tool];
  const { stdout } = await succeed(called(tool, list), [tool, ...list], running(options));
  const there = stdout.split('\n').some((line) => line.trim().split(/\s+/)[0] === name);
  if (there) {
    say(`the ${tool} cluster ${name} is there`);
    if (options.dryRun) return contextOf(tool);
    try {
      for (const args of revive) await succeed(called(tool, args), [tool, ...args], running(options));
    } catch (error) {
      throw new Failure(`${messageOf(error)}\nit cannot be used as it is; ${removal(tool)}`);
    }
    return contextOf(tool);
  }

  const taken = new Set(listening());
  const isTaken = ({ number, protocol }: Published): boolean => taken.has(`${protocol.toLowerCase()}/${String(number)}`);
  const open = published().filter((port) => !isTaken(port));
  const left = published().filter(isTaken);
  say(`${options.dryRun ? 'would make' : 'making'} the ${tool} cluster ${name}, with this machine’s ports ${open.map(written).join(', ')}`);
  if (left.length > 0)
    say(
      `without ${left.map(written).join(', ')}, which something on this machine has already: machines do not reach these of the rack (free them first if that matters)`,
    );
  if (options.dryRun) return undefined;

  interruptible(`what there is of the ${tool} cluster is being removed`);
  const ended = new AbortController();
  const undo = async (): Promise<void> => {
    ended.abort();
    await run([tool, ...remove], running(options));
  };
  const { args, input } = make(open);
  const outcome = await wholly(undo, () => run([tool, ...args], { ...running(options), input, verbose: true, signal: ended.signal }));
  if (outcome.code !== 0) {
    const { message } = failed(called(tool, args.slice(0, 2)), [tool], outcome, true);
    throw new Failure([message, ...cures.filter(([said]) => said.test(outcome.output)).map(([, cure]) => cure)].join('\n'));
  }
  say(`maas-k8s down --purge --context ${contextOf(tool)} removes it`);
  return contextOf(tool);
}

/** Milliseconds. */
const patience = 120_000;

/** Until what every cluster has is there: its tool may be done before its node has registered. */
export async function settled(kubernetes: Kubernetes, limit = patience): Promise<void> {
  const started = Date.now();
  for (;;) {
    const [{ items: nodes }, classes] = await Promise.all([
      kubernetes.send<{ items: Node[] }>('GET', '/api/v1/nodes', 'list nodes'),
      kubernetes.find<{ items: StorageClass[] }>('/apis/storage.k8s.io/v1/storageclasses', 'list storage classes'),
    ]);
    const ready = nodes.some(({ status }) => status?.conditions?.some(({ type, status: holds }) => type === 'Ready' && holds === 'True'));
    if (ready && storage(classes?.items ?? [], ['']).every(({ level }) => level === 'pass')) return;
    // What is amiss is found, and said, by whoever goes on.
    if (Date.now() - started > limit) return;
    await sleep(500);
  }
}

export async function removeCluster(tool: LocalTool, options: LocalOptions): Promise<void> {
  const { remove } = commands[tool];
  await succeed(called(tool, remove), [tool, ...remove], running(options));
}
