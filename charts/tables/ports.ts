/**
 * The ports table: every port that MAAS or this project listens on, the only place where a number is written.
 * Source: MAAS docs/reference/configuration-guides/configuration-tables.md and the code named at each entry.
 */

export type Protocol = 'TCP' | 'UDP';

/** Who has a reason to call a port. */
export type Caller = 'people' | 'machines' | 'racks' | 'agents' | 'regions' | 'monitoring' | 'pod' | 'kubelet';

export interface Port {
  readonly name: string;
  /** The lowest number; a range has `last` too. */
  readonly number: number;
  readonly last?: number;
  readonly protocols: readonly Protocol[];
  readonly callers: readonly Caller[];
}

function port(name: string, number: number, protocols: Protocol | readonly Protocol[], callers: readonly Caller[], last?: number): Port {
  return { name, number, last, protocols: typeof protocols === 'string' ? [protocols] : protocols, callers };
}

export const ports = {
  /** nginx of the region: API, UI, metadata, boot resources. The number is fixed in several MAAS files. */
  api: port('api', 5240, 'TCP', ['people', 'machines', 'racks', 'regions']),
  /** maasserver/templates/http/regiond.nginx.stream.conf.template: mutual TLS to the internal API. */
  internalApi: port('internal-api', 5242, 'TCP', ['agents']),
  /** provisioningserver/utils/beaconing.py: multicast beacons. */
  beacons: port('beacons', 5240, 'UDP', ['machines']),
  /** maasserver/rpc/regionservice.py: one port per regiond worker, advertised by pod IP. */
  rpc: port('rpc', 5250, 'TCP', ['racks'], 5259),
  /** maasserver/prometheus/service.py */
  regionMetrics: port('region-metrics', 5239, 'TCP', ['monitoring', 'pod']),
  /** maasserver/templates/temporal/production.yaml.template */
  temporal: port('temporal', 5271, 'TCP', ['agents', 'regions']),
  temporalMatching: port('t-matching', 5272, 'TCP', ['regions']),
  temporalHistory: port('t-history', 5273, 'TCP', ['regions']),
  temporalWorker: port('t-worker', 5274, 'TCP', ['regions']),
  temporalMembership: port('t-membership', 5281, 'TCP', ['regions'], 5284),
  temporalMetrics: port('t-metrics', 9000, 'TCP', ['pod']),
  dns: port('dns', 53, ['UDP', 'TCP'], ['machines', 'racks']),
  /** provisioningserver/dns/config.py: rndc, on the loopback interface. */
  rndc: port('rndc', 954, 'TCP', ['pod']),
  proxy: port('proxy', 8000, 'TCP', ['machines', 'racks']),
  syslog: port('syslog', 5247, ['UDP', 'TCP'], ['machines', 'racks']),
  ntp: port('ntp', 123, 'UDP', ['machines', 'racks']),
  /** provisioningserver/templates/http/rackd.nginx.conf.template */
  rackHttp: port('rack-http', 5248, 'TCP', ['machines']),
  /** provisioningserver/plugin.py: metrics, /log and /boot of rackd. */
  rackMetrics: port('rack-metrics', 5249, 'TCP', ['monitoring', 'pod']),
  tftp: port('tftp', 69, 'UDP', ['machines']),
  dhcp: port('dhcp', 67, 'UDP', ['machines']),
  dhcp6: port('dhcp6', 547, 'UDP', ['machines']),
  postgres: port('postgres', 5432, 'TCP', ['regions']),
  /** Ours: what the kubelet asks about every container of a pod, answered by the service mux. */
  health: port('health', 5290, 'TCP', ['kubelet']),
} as const satisfies Record<string, Port>;
