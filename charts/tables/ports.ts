/** The ports table: every port that MAAS or this project listens on, the only place where a number is written. */

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
  /** What is found there. */
  readonly serves: string;
  /** Where the number comes from: a file of MAAS at tag 3.7.3, unless it says otherwise. */
  readonly source: string;
}

type Numbers = number | readonly [first: number, last: number];

function port(name: string, numbers: Numbers, protocols: Protocol | readonly Protocol[], callers: readonly Caller[], serves: string, source: string): Port {
  const [number, last] = typeof numbers === 'number' ? [numbers] : numbers;
  return { name, number, last, protocols: typeof protocols === 'string' ? [protocols] : protocols, callers, serves, source };
}

const documented = 'docs/reference/configuration-guides/configuration-tables.md';
const temporalTemplate = 'maasserver/templates/temporal/production.yaml.template';

const rpc = [5250, 5259] as const;
/** regiond’s workers have a port for RPC each. */
export const mostWorkers = rpc[1] - rpc[0] + 1;

export const ports = {
  // The number is fixed in several files of MAAS.
  api: port('api', 5240, 'TCP', ['people', 'machines', 'racks', 'regions'], 'API, user interface, metadata and boot resources', documented),
  web: port('http', 80, 'TCP', ['people'], 'The API, for who gives no port; of the region’s Service alone, which goes on to 5240', 'this project'),
  internalApi: port('internal-api', 5242, 'TCP', ['agents'], 'Internal API, with mutual TLS', 'maasserver/templates/http/regiond.nginx.stream.conf.template'),
  beacons: port('beacons', 5240, 'UDP', ['machines'], 'Multicast beacons, by which networks are discovered', 'provisioningserver/utils/beaconing.py'),
  rpc: port('rpc', rpc, 'TCP', ['racks'], 'RPC: a port per regiond worker, advertised by pod IP', 'maasserver/rpc/regionservice.py'),
  regionMetrics: port('region-metrics', 5239, 'TCP', ['monitoring', 'pod'], 'Metrics of regiond', 'maasserver/prometheus/service.py'),
  temporal: port('temporal', 5271, 'TCP', ['agents', 'regions'], 'Temporal’s frontend, with mutual TLS', temporalTemplate),
  temporalMatching: port('t-matching', 5272, 'TCP', ['regions'], 'Temporal, among regions: matching', temporalTemplate),
  temporalHistory: port('t-history', 5273, 'TCP', ['regions'], 'Temporal, among regions: history', temporalTemplate),
  temporalWorker: port(
    't-worker',
    5274,
    'TCP',
    ['regions'],
    'Temporal, among regions: worker; in its configuration, but Temporal 1.24 opens it not',
    temporalTemplate,
  ),
  temporalMembership: port('t-membership', [5281, 5284], 'TCP', ['regions'], 'Temporal, among regions: membership', temporalTemplate),
  temporalMetrics: port('t-metrics', 9000, 'TCP', ['pod'], 'Metrics of Temporal, on the loopback interface', temporalTemplate),
  dns: port('dns', 53, ['UDP', 'TCP'], ['machines', 'racks'], 'DNS', documented),
  rndc: port('rndc', 954, 'TCP', ['pod'], 'Control of bind9, on the loopback interface', 'provisioningserver/dns/config.py'),
  proxy: port('proxy', 8000, 'TCP', ['machines', 'racks'], 'HTTP proxy', documented),
  // Connections of others that a firewall redirects; nothing here does.
  proxyIntercept: port(
    'proxy-intercept',
    3128,
    'TCP',
    ['pod'],
    'HTTP proxy, for redirected connections',
    'provisioningserver/templates/proxy/maas-proxy.conf.template',
  ),
  syslog: port('syslog', 5247, ['UDP', 'TCP'], ['machines', 'racks'], 'Syslog', 'provisioningserver/templates/syslog/rsyslog.conf.template'),
  ntp: port('ntp', 123, 'UDP', ['machines', 'racks'], 'NTP', documented),
  rackHttp: port('rack-http', 5248, 'TCP', ['machines'], 'Boot files, and a way to the regions', 'provisioningserver/templates/http/rackd.nginx.conf.template'),
  rackMetrics: port('rack-metrics', 5249, 'TCP', ['monitoring', 'pod'], 'Metrics of rackd, and /log and /boot for nginx', 'provisioningserver/plugin.py'),
  agentCluster: port('agent-cluster', 5280, 'TCP', ['agents'], 'Agents among themselves', 'maasagent/internal/cluster/service.go'),
  tftp: port('tftp', 69, 'UDP', ['machines'], 'TFTP', documented),
  dhcp: port('dhcp', 67, 'UDP', ['machines'], 'DHCP', documented),
  // The templates name no port; this is ISC's own (includes/failover.h).
  dhcpFailover: port('dhcp-failover', 647, 'TCP', ['racks'], 'Two dhcpd of one VLAN among themselves', 'provisioningserver/templates/dhcp/dhcpd.conf.template'),
  dhcp6: port('dhcp6', 547, 'UDP', ['machines'], 'DHCPv6', documented),
  omapi: port('omapi', 7911, 'TCP', ['pod'], 'Control of dhcpd, with a key', 'maasagent/internal/dhcp/service.go'),
  omapi6: port('omapi6', 7912, 'TCP', ['pod'], 'Control of dhcpd6, with a key', 'maasagent/internal/dhcp/service.go'),
  postgres: port('postgres', 5432, 'TCP', ['regions'], 'PostgreSQL, where it is the embedded one', 'PostgreSQL'),
  health: port('health', 5290, 'TCP', ['kubelet'], 'What the kubelet asks about every container of a pod, answered by the service mux', 'this project'),
} as const satisfies Record<string, Port>;
