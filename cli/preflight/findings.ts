/** What is found before MAAS is put on a cluster, and what to do about it. Nothing here asks anybody. */

import { Type, type Static } from '@sinclair/typebox';
import { evaluate } from '../../charts/render/expression';
import { ports, type Port } from '../../charts/tables/ports';
import { processesOf, type Pod, type Process } from '../../charts/tables/processes';
import { scopeOf, type Values } from '../../charts/tables/values';
import type { Node } from '../kubernetes/types';
import type { NodeView } from '../probe/probe';

export const findingsSchema = Type.Object(
  {
    apiVersion: Type.Literal('maas-k8s.io/v1'),
    kind: Type.Literal('Preflight'),
    passed: Type.Boolean({ description: 'nothing has failed' }),
    findings: Type.Array(
      Type.Object(
        {
          level: Type.Union([Type.Literal('pass'), Type.Literal('warn'), Type.Literal('fail')]),
          check: Type.String(),
          where: Type.String({ description: 'a node, or the cluster' }),
          text: Type.String(),
          cure: Type.Union([Type.String(), Type.Null()]),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { $id: 'https://maas-k8s.io/schemas/v1/preflight.json', title: 'Preflight', additionalProperties: false },
);
export type Finding = Static<typeof findingsSchema>['findings'][number];

const cluster = 'cluster';
export const pass = (check: string, where: string, text: string): Finding => ({ level: 'pass', check, where, text, cure: null });
export const warn = (check: string, where: string, text: string, cure: string): Finding => ({ level: 'warn', check, where, text, cure });
export const fail = (check: string, where: string, text: string, cure: string): Finding => ({ level: 'fail', check, where, text, cure });

/** ValidatingAdmissionPolicy is there from this minor version on. */
const oldest = 30;

/** @param gitVersion as v1.33.1 */
export function version(gitVersion: string): Finding {
  const minor = Number(/^v1\.(\d+)/.exec(gitVersion)?.[1] ?? '0');
  return minor >= oldest
    ? pass('Kubernetes', cluster, gitVersion)
    : fail('Kubernetes', cluster, `${gitVersion} is too old`, `MAAS here needs 1.${String(oldest)} or newer; upgrade the cluster`);
}

/** Kubernetes supports kubelets three minor versions older than the API server. */
export function skew(gitVersion: string, nodes: readonly Node[]): Finding[] {
  const minorOf = (text = ''): number => Number(/^v1\.(\d+)/.exec(text)?.[1] ?? '0');
  return nodes
    .filter(({ status }) => minorOf(gitVersion) - minorOf(status?.nodeInfo?.kubeletVersion) > 3)
    .map(({ metadata, status }) =>
      warn('version skew', metadata?.name ?? '', `kubelet ${status?.nodeInfo?.kubeletVersion ?? ''} is too old for ${gitVersion}`, 'upgrade the kubelet'),
    );
}

export function nodesReady(nodes: readonly Node[]): Finding[] {
  return nodes.map(({ metadata, status }) => {
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    return ready?.status === 'True'
      ? pass('node', metadata?.name ?? '', 'ready')
      : warn('node', metadata?.name ?? '', `not ready: ${ready?.message ?? 'no reason given'}`, 'nothing will run on it; mend it or take it out');
  });
}

export interface StorageClass {
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
}

/** @param wanted names in the values; empty for the default class */
export function storage(classes: readonly StorageClass[], wanted: readonly string[]): Finding[] {
  const names = classes.map(({ metadata }) => metadata.name);
  return [...new Set(wanted)].map((name) => {
    if (name !== '')
      return names.includes(name)
        ? pass('storage', cluster, `class ${name}`)
        : fail('storage', cluster, `there is no StorageClass ${name}; there are ${names.join(', ') || 'none'}`, 'name another in storageClassName');
    const standard = classes.find(({ metadata }) => metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true');
    return standard !== undefined
      ? pass('storage', cluster, `default class ${standard.metadata.name}`)
      : fail(
          'storage',
          cluster,
          `no StorageClass is the default; there are ${names.join(', ') || 'none'}`,
          'name one in storageClassName, or make one the default',
        );
  });
}

/** @param labels of the namespace, where it is there already */
export function podSecurity(namespace: string, labels: Readonly<Record<string, string>> | undefined, racks: boolean): Finding {
  const level = labels?.['pod-security.kubernetes.io/enforce'];
  if (labels === undefined) return pass('Pod Security', cluster, `namespace ${namespace} will be made`);
  if (level === undefined || level === 'privileged' || !racks) return pass('Pod Security', cluster, `namespace ${namespace}: ${level ?? 'no level'}`);
  return warn(
    'Pod Security',
    cluster,
    `namespace ${namespace} enforces ${level}, and racks use the host's network`,
    `maas-k8s up sets it to privileged, with --force-conflicts where somebody else has set it (or kubectl label --overwrite namespace ${namespace} pod-security.kubernetes.io/enforce=privileged); an admission policy takes back what that lets through. Else put racks into another namespace`,
  );
}

/** The processes of a pod that the values do not switch off. */
const processesWith = (values: Values, pod: Pod): Process[] => processesOf(pod).filter(({ enabled }) => enabled?.[evaluate](scopeOf(values)) ?? true);

/** Every port that a rack, or what answers the kubelet for it, listens on. */
export const rackPorts = (values: Values): Port[] => [
  ...new Set<Port>([...processesWith(values, 'rack').flatMap(({ listens }) => [...listens]), ports.health]),
];

const capabilityBits = { NET_BIND_SERVICE: 10, NET_RAW: 13 } as const;
export const neededCapabilities = Object.keys(capabilityBits);

/** What of MAAS may come to a node. */
export interface Role {
  readonly rack: boolean;
  readonly region: boolean;
  /** Whether a rack of ours is there already, so that its ports are its own. */
  readonly ours: boolean;
}

function portsOf(name: string, view: NodeView, values: Values): Finding {
  const taken = rackPorts(values).flatMap(({ name: port, number, last = number, protocols }) =>
    view.listening
      .filter((one) => {
        const [protocol = '', listening] = one.split('/');
        return (protocols as readonly string[]).includes(protocol.toUpperCase()) && Number(listening) >= number && Number(listening) <= last;
      })
      .map((one) => `${one} (${port})`),
  );
  return taken.length === 0
    ? pass('ports', name, 'free')
    : fail(
        'ports',
        name,
        `in use: ${taken.join(', ')}`,
        'stop what listens there (ss -lntup on the node), or keep racks off the node (rack.pools[].nodeSelector); ntp, proxy and syslog can be switched off (rack.ntp.enabled …)',
      );
}

export function node(name: string, view: NodeView, values: Values, { rack, region, ours }: Role): Finding[] {
  const capabilities = new Set<string>(
    [...(rack ? processesWith(values, 'rack') : []), ...(region ? processesWith(values, 'region') : [])].flatMap((one) => one.capabilities),
  );
  const mask = BigInt(`0x${view.capabilities}`);
  const lacking = Object.entries(capabilityBits)
    .filter(([capability, bit]) => capabilities.has(capability) && (mask & (1n << BigInt(bit))) === 0n)
    .map(([capability]) => capability);
  return [
    ...(rack ? [ours ? pass('ports', name, 'a rack of this MAAS has them') : portsOf(name, view, values)] : []),
    view.ipv6
      ? pass('IPv6', name, 'in the kernel')
      : fail('IPv6', name, 'switched off in the kernel', 'MAAS listens on IPv6 sockets only; boot without ipv6.disable=1 (addresses are not needed)'),
    lacking.length === 0
      ? pass('capabilities', name, neededCapabilities.filter((one) => capabilities.has(one)).join(', '))
      : fail('capabilities', name, `containers do not get ${lacking.join(', ')}`, 'the container runtime takes them away; allow them for MAAS’s pods'),
    view.dnsProblem === undefined
      ? pass('DNS', name, 'names of the cluster resolve')
      : fail('DNS', name, `kubernetes.default.svc does not resolve: ${view.dnsProblem}`, 'mend the cluster’s DNS (CoreDNS)'),
    ...(view.dhcpServers === undefined || !rack || ours
      ? []
      : view.dhcpServers.length === 0
        ? [pass('DHCP', name, 'no other server has answered')]
        : [
            warn(
              'DHCP',
              name,
              `another server answers: ${view.dhcpServers.join(', ')}`,
              'two servers on one network contradict each other; switch it off there before MAAS serves DHCP',
            ),
          ]),
    ...(view.database === undefined || !region
      ? []
      : [
          view.database === ''
            ? pass('database', name, 'accepts connections')
            : fail(
                'database',
                name,
                view.database,
                'let the nodes that a region may come to reach the database (database.host, database.port), and log in to it',
              ),
        ]),
  ];
}

export interface DatabaseFacts {
  readonly maxConnections: number;
  /** Connections, by who has them. */
  readonly sessions: readonly { readonly role: string; readonly database: string | null; readonly count: number }[];
  readonly extensions: readonly string[];
  readonly owner: boolean;
  readonly version: number;
}

/** Trusted extensions of the schema (dbupgrade). */
export const extensions = ['btree_gin', 'pgcrypto'] as const;

/**
 * @param needed connections of all regions: those that they have by now are among them
 * @param own where MAAS logs in
 */
export function database(
  { maxConnections, sessions, extensions: found, owner, version: server }: DatabaseFacts,
  needed: number,
  { user, name }: { readonly user: string; readonly name: string },
): Finding[] {
  const used = sessions.filter(({ role, database: into }) => role !== user || into !== name).reduce((total, { count }) => total + count, 0);
  const connections = `${String(maxConnections)} allowed, ${String(used)} in use by others, ${String(needed)} needed`;
  const lacking = extensions.filter((name) => !found.includes(name));
  return [
    server >= 140_000
      ? pass('database', cluster, `PostgreSQL ${String(Math.floor(server / 10_000))}`)
      : fail('database', cluster, `PostgreSQL ${String(Math.floor(server / 10_000))} is too old`, 'MAAS 3.7 wants 14 or newer, best 16'),
    maxConnections - used >= needed
      ? pass('database connections', cluster, connections)
      : warn('database connections', cluster, connections, 'raise max_connections, or have fewer region members or workers'),
    lacking.length === 0
      ? pass('database extensions', cluster, extensions.join(', '))
      : fail('database extensions', cluster, `not available: ${lacking.join(', ')}`, 'install postgresql-contrib on the server'),
    owner
      ? pass('database owner', cluster, user)
      : fail('database owner', cluster, `role ${user} does not own the database`, `ALTER DATABASE … OWNER TO "${user}"`),
  ];
}
