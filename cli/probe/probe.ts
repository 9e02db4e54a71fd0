/** `maas-k8s probe`: looks at a node, or at a region from a node. One line of JSON; changes nothing. For the pods that `pods.ts` makes. */

import { lookup } from 'node:dns/promises';
import { existsSync, readFileSync } from 'node:fs';
import { ports } from '../../charts/tables/ports';
import { messageOf } from '../failure';
import { Maas } from '../maas/client';
import { authenticate } from '../maas/rpc';
import { rejection } from '../postgres/client';
import type { Database } from '../postgres/problem';
import { dhcpServers } from './dhcp';

/** What a node says about a region. */
export interface RegionView {
  /** Of MAAS, or why there is none. */
  readonly version?: string;
  readonly problem?: string;
  /** The region's proof that it knows the secret, in hex, or why there is none. */
  readonly proof?: { readonly digest: string; readonly salt: string };
  readonly rpcProblem?: string;
}

/** What a node says about itself. */
export interface NodeView {
  /** Protocol and number of what listens in the node's network: tcp/53. */
  readonly listening: readonly string[];
  readonly ipv6: boolean;
  /** Capabilities of the process as the kernel has them: a mask in hex. */
  readonly capabilities: string;
  /** Why a name of the cluster cannot be resolved. */
  readonly dnsProblem?: string;
  /** DHCP servers that have answered: address and interface. */
  readonly dhcpServers?: readonly string[];
  /** Why the database does not let anybody in from here; empty when it does. */
  readonly database?: string;
}

interface Wishes {
  /** role@host:port/name */
  readonly database?: string;
  readonly dhcp?: boolean;
}

export const noEventLoops = 'the region has no event loops yet';

/** Milliseconds. */
const patience = 5000;

/** @param message what the region shall sign, in hex */
export async function probeRegion(url: string, message: string): Promise<RegionView> {
  const maas = new Maas(url, undefined, 0, undefined, patience);
  let version: string;
  try {
    ({ version } = await maas.version());
  } catch (error) {
    return { problem: messageOf(error) };
  }
  const problems: string[] = [];
  try {
    for (const [host, port] of Object.values(await maas.eventLoops()).flat()) {
      try {
        const { digest, salt } = await authenticate(host, port, Buffer.from(message, 'hex'), patience);
        return { version, proof: { digest: digest.toString('hex'), salt: salt.toString('hex') } };
      } catch (error) {
        problems.push(messageOf(error));
      }
    }
  } catch (error) {
    problems.push(messageOf(error));
  }
  return { version, rpcProblem: problems.join('; ') || noEventLoops };
}

/** @returns nothing where there is no such file */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Protocol and number of what listens here, as tcp/53; none where the system is not Linux. */
export const listening = (): string[] =>
  [
    ...new Set(
      ['', '6'].flatMap((family) => [...sockets(read(`/proc/net/tcp${family}`), 'tcp', '0A'), ...sockets(read(`/proc/net/udp${family}`), 'udp', '07')]),
    ),
  ].sort();

export async function probeNode({ database, dhcp }: Wishes = {}): Promise<NodeView> {
  let dnsProblem: string | undefined;
  try {
    await lookup('kubernetes.default.svc');
  } catch (error) {
    dnsProblem = messageOf(error);
  }
  return {
    listening: listening(),
    ipv6: existsSync('/proc/net/if_inet6'),
    capabilities: /^CapEff:\s*([0-9a-f]+)/m.exec(read('/proc/self/status'))?.[1] ?? '0',
    dnsProblem,
    ...(dhcp ? { dhcpServers: await dhcpServers() } : {}),
    ...(database === undefined ? {} : { database: await databaseProblem(database) }),
  };
}

/** A database as an argument of the probe: role@host:port/name. */
export const databaseArgument = ({ user, host, port, name }: Database): string => `${user}@${host}:${String(port)}/${name}`;

async function databaseProblem(address: string): Promise<string> {
  const [, user, host, port, name] = /^(.+?)@(.+):(\d+)\/(.+)$/.exec(address) ?? [];
  if (user === undefined || host === undefined || name === undefined) return `${address} is not role@host:port/name`;
  return (await rejection({ user, host, port: Number(port), name })) ?? '';
}

/**
 * Ports of one of /proc/net's tables, of sockets in a state (net/tcp_states.h: 0A listens, 07 is an unconnected UDP socket). DNS on the loopback
 * addresses, as systemd-resolved has it, is in nobody's way: maas-agent listens on the others, each by itself (maasagent/internal/resolver/service.go).
 */
export const sockets = (content: string, protocol: 'tcp' | 'udp', state: string): string[] =>
  content
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === state)
    .map((fields) => fields[1]?.split(':') ?? [])
    .map(([address = '', port = '0']) => ({ address, port: parseInt(port, 16) }))
    .filter(({ address, port }) => port !== ports.dns.number || !isLoopback(address))
    .map(({ port }) => `${protocol}/${String(port)}`);

/** As /proc/net has them: words of the machine's byte order. 127.0.0.0/8, ::1, and the first of them in the second's form. */
const isLoopback = (address: string): boolean => /^(0{16}F{4}0{4})?[0-9A-F]{6}7F$|^0{24}01000000$/i.test(address);
