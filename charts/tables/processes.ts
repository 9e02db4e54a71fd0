/**
 * The processes table: one entry is all that anyone has to write for a process.
 * Containers, Pebble layers, probes, capabilities, the mux's routes and the wait gates come from here.
 * Facts about MAAS: its source at tag 3.7.3, and what was measured on it (figures are resident memory).
 */

import type { Expr } from '../render/expression';
import { product, sum } from '../render/functions';
import { exists, http, listening, running, unixHttp, type Check } from './checks';
import { bootstrapped, database, file, socket, tcp, temporal, type Fact } from './facts';
import { ports } from './ports';
import { values } from './values';
import { muxSocket, volumes, type Volume } from './volumes';

export type Pod = 'region' | 'rack';

/** Names without CAP_, as Kubernetes writes them. */
export type Capability = 'CHOWN' | 'KILL' | 'NET_BIND_SERVICE' | 'NET_RAW' | 'SETGID' | 'SETUID';

/** What is done before each start of a process. */
export type Preparation =
  /** A folder that is made if it is not there. */
  | { readonly kind: 'directory'; readonly path: string }
  /** A folder that is made if it is not there, and emptied. */
  | { readonly kind: 'empty'; readonly path: string }
  /** A file that is removed. */
  | { readonly kind: 'remove'; readonly path: string }
  /** Symbolic links in a folder, by the beginning of their name; other files stay. */
  | { readonly kind: 'unlink'; readonly path: string };

export interface Process {
  /** The container's name. */
  readonly name: string;
  readonly pod: Pod;
  /** What MAAS calls it when it asks its service manager; also the name in the container's Pebble. */
  readonly service: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly prepare: readonly Preparation[];
  readonly waitsFor: readonly Fact[];
  /** Files and sockets that it makes for others of its pod. */
  readonly writes: readonly string[];
  readonly listens: readonly (typeof ports)[keyof typeof ports][];
  readonly capabilities: readonly Capability[];
  readonly mounts: readonly Volume[];
  /** Hung if this fails; then the mux restarts it through Pebble. */
  readonly alive: Check;
  /** Useful if this holds. */
  readonly ready: Check;
  /** Who starts it: Pebble with its container, or MAAS when it has something for it to do. */
  readonly startedBy: 'pebble' | 'maas';
  /** How MAAS makes it read its configuration again. */
  readonly reload: 'SIGHUP' | 'restart' | 'none';
  /** Files whose change calls for a restart that MAAS does not ask for. */
  readonly restartsOn: readonly string[];
  /**
   * It passes requests on to places that it has learned once. The mux restarts it when one does not arrive `through` it while the same arrives
   * `past` it, and when the file that says where they go, `to`, is another than when it learned them.
   */
  readonly relays?: { readonly through: Check; readonly past: Check; readonly to: string };
  /** Seconds between SIGTERM and SIGKILL. */
  readonly stopSeconds: number;
  /** Seconds that a start may take until the process counts as hung. */
  readonly startSeconds: number;
  /** Requests: MiB and thousandths of a core. */
  readonly memory: number | Expr<number>;
  readonly cpu: number;
  /** The value that says whether it is deployed at all; otherwise it always is. */
  readonly enabled?: Expr<boolean>;
  /** What MAAS is told about it where it is not deployed and MAAS has asked for nothing yet. */
  readonly absent: 'active' | 'inactive';
}

type Entry = Pick<Process, 'pod' | 'command' | 'mounts' | 'memory'> & Partial<Process>;

function process(name: string, entry: Entry): Process {
  const alive = entry.alive ?? running;
  return {
    name,
    service: name,
    environment: {},
    prepare: [],
    waitsFor: [],
    writes: [],
    listens: [],
    capabilities: [],
    startedBy: 'pebble',
    reload: 'none',
    restartsOn: [],
    stopSeconds: 20,
    startSeconds: 60,
    cpu: 10,
    absent: 'active',
    ready: alive,
    ...entry,
    alive,
    mounts: [volumes.services, ...entry.mounts],
  };
}

const directory = (path: string): Preparation => ({ kind: 'directory', path });
const emptied = (path: string): Preparation => ({ kind: 'empty', path });
const removed = (path: string): Preparation => ({ kind: 'remove', path });
const unlinked = (path: string): Preparation => ({ kind: 'unlink', path });
const state = (path: string): string => `${volumes.state.path}/${path}`;

/** provisioningserver/certificates.py: get_cluster_certificates_path. */
export const clusterCertificates = ['cluster.pem', 'cluster.key', 'cacerts.pem'].map((name) => state(`certificates/${name}`));
export const regionSecretFile = state('secret');
export const regiondConf = `${volumes.config.path}/regiond.conf`;
export const rackdConf = `${volumes.config.path}/rackd.conf`;

/** maasserver/prometheus and maas-run.md 6.10: files by PID, so private to the container and gone at each start. */
const prometheus = '/run/prometheus';

/** provisioningserver/utils/service_monitor.py: with PEBBLE set, MAAS speaks Pebble's API instead of calling systemctl. */
const serviceMonitor = { PEBBLE: volumes.services.path, PEBBLE_SOCKET: muxSocket };

/** Where nginx redirects to MAAS's web pages. */
export const webRoot = '/MAAS/';

/** maascommon/http.py: one web application per worker; the first is always there. */
const webapp = state('maas-regiond-webapp.sock.0');
const temporalConfiguration = ['temporal/production.yaml', 'temporal/production-dynamic.yaml'].map(state);
const agentConf = `${volumes.config.path}/agent.yaml`;
/** With the addresses of the regions that rackd is connected to (provisioningserver/rackdservices/http.py). */
const rackNginxConf = state('http/rackd.nginx.conf');
const proxyConf = state('maas-proxy.conf');
const rsyslogConf = state('rsyslog.conf');
const chronyConf = `${volumes.chrony.path}/maas.conf`;

/** Made by `maas-common setup-dns`, which runs before the region's processes. */
export const namedConf = `${volumes.bind.path}/named.conf.maas`;

const nginx = ['/usr/sbin/nginx', '-g', 'daemon off;', '-c', state('http/nginx.conf')];
/** Where nginx answers by itself, whatever has become of the processes behind it. nginx does not start where one of its sockets is left. */
export const nginxSocket = state('http/alive.sock');
/** It ends at once. While its workers outlive it and keep its log open, Pebble waits as long as this before it starts it again. */
const nginxStop = 5;

/** debian/maas-dhcp.maas-dhcpd.service, without the change of user. -d is -f that goes on saying what it does: dhcpd's own log is syslog, which there is none of. */
const dhcpd = (version: 4 | 6): string[] => {
  const six = version === 6 ? '6' : '';
  const leases = `${volumes.leases.path}/dhcpd${six}.leases`;
  return [
    '/bin/sh',
    '-c',
    `touch ${leases} && maas-dhcp-helper clean ${leases}; exec dhcpd -d -${String(version)} -pf /run/maas-dhcp/dhcpd${six}.pid -cf ${state(`dhcpd${six}.conf`)} -lf ${leases} $(cat ${state(`dhcpd${six}-interfaces`)})`,
  ];
};

/**
 * Observers of the network, and administrators' commands, take the group maas, without which they end (provisioningserver/utils/services.py,
 * rack_script.py: set_group; maasserver/region_script.py).
 */
export const asMaas: readonly Capability[] = ['SETGID'];

const agentSocket = (name: string): string => `${volumes.run.path}/${name}.sock`;

type Toggle = { readonly enabled: Expr<boolean> };

/** What both pods offer to machines, where it is wanted. */
function machineServices(pod: Pod, wanted: { readonly proxy: Toggle; readonly syslog: Toggle; readonly ntp: Toggle }): Process[] {
  return [
    process('proxy', {
      pod,
      // Squid makes its cache folders first. It makes a table of as many files as it may open, which on some nodes are a thousand million.
      command: [
        '/bin/sh',
        '-c',
        `ulimit -Sn 65536 || :; chown proxy:proxy ${volumes.spool.path} && squid -z -N -f ${proxyConf} && exec squid -N -d 1 -f ${proxyConf}`,
      ],
      waitsFor: [file(proxyConf)],
      listens: [ports.proxy, ports.proxyIntercept],
      // Squid becomes the user proxy; Pebble must be able to end it.
      capabilities: ['CHOWN', 'KILL', 'SETGID', 'SETUID'],
      mounts: [volumes.state, volumes.spool],
      alive: listening(ports.proxy),
      reload: 'SIGHUP',
      // By itself it waits 30 s for its clients, and MAAS 10 s for it (provisioningserver/utils/service_monitor.py: _execPebbleServiceAction).
      stopSeconds: 5,
      memory: 40,
      enabled: wanted.proxy.enabled,
      absent: 'inactive',
    }),
    process('syslog', {
      pod,
      // A pid file on a shared volume would block the next start (maas-run.md 6.2).
      command: ['/usr/sbin/rsyslogd', '-n', '-i', 'NONE', '-f', rsyslogConf],
      prepare: [directory(state('rsyslog'))],
      waitsFor: [file(rsyslogConf)],
      listens: [ports.syslog],
      mounts: [volumes.state],
      alive: listening(ports.syslog),
      reload: 'restart',
      memory: 10,
      enabled: wanted.syslog.enabled,
    }),
    process('ntp', {
      pod,
      // Without -x chronyd would set the node's clock.
      command: ['/usr/sbin/chronyd', '-d', '-x', '-u', 'root', '-f', `${volumes.chrony.path}/chrony.conf`],
      prepare: [directory('/run/chrony'), directory('/var/lib/chrony')],
      waitsFor: [file(chronyConf)],
      listens: [ports.ntp],
      capabilities: ['NET_BIND_SERVICE'],
      mounts: [volumes.chrony],
      reload: 'restart',
      memory: 10,
      enabled: wanted.ntp.enabled,
    }),
  ];
}

export const processes: readonly Process[] = [
  process('regiond', {
    pod: 'region',
    command: ['/usr/sbin/regiond'],
    environment: { DJANGO_SETTINGS_MODULE: 'maasserver.djangosettings.settings', prometheus_multiproc_dir: prometheus, ...serviceMonitor },
    // maas-run.md 6.1: named locks are symbolic links to a PID and outlive the container they were made in.
    prepare: [emptied(prometheus), unlinked(`${volumes.locks.path}/maas:`)],
    waitsFor: [file(regiondConf), bootstrapped],
    writes: [
      ...clusterCertificates,
      regionSecretFile,
      state('maas_id'),
      webapp,
      state('http/regiond.nginx.conf'),
      state('http/regiond.nginx.stream.conf'),
      ...temporalConfiguration,
      proxyConf,
      rsyslogConf,
      chronyConf,
    ],
    listens: [ports.rpc, ports.regionMetrics, ports.beacons],
    capabilities: asMaas,
    mounts: [volumes.state, volumes.images, volumes.config, volumes.locks, volumes.bind, volumes.zones, volumes.chrony],
    alive: http(ports.regionMetrics, '/metrics'),
    // The first 200 may carry no event loops (maas-run.md 3).
    ready: unixHttp(webapp, '/MAAS/rpc/', 'eventloops'),
    startSeconds: 300,
    restartsOn: [regiondConf],
    // 235 MiB, 50 MiB for each of its observers of a network, and up to 240 MiB per worker.
    memory: sum(385, product(240, values.region.workers)),
    cpu: 200,
  }),
  process('apiserver', {
    pod: 'region',
    command: ['/usr/sbin/maas-apiserver'],
    waitsFor: [...clusterCertificates.map(file), database],
    restartsOn: [regiondConf, regionSecretFile],
    mounts: [volumes.state, volumes.images, volumes.config, volumes.locks],
    alive: unixHttp(state('apiserver-http.sock'), '/MAAS/a/openapi.json'),
    // Of its two servers only the last sees SIGTERM where uvicorn is older than 0.29, and the other goes on.
    stopSeconds: 5,
    memory: 175,
    cpu: 50,
  }),
  process('temporal', {
    pod: 'region',
    command: ['/usr/sbin/temporal-server', '-e', 'production', '-r', state('temporal/'), '-c', '', '--allow-no-auth', 'start'],
    waitsFor: [...temporalConfiguration.map(file), ...clusterCertificates.map(file), database],
    listens: [ports.temporal, ports.temporalMatching, ports.temporalHistory, ports.temporalWorker, ports.temporalMembership, ports.temporalMetrics],
    mounts: [volumes.state, volumes.config],
    alive: http(ports.temporalMetrics, '/metrics'),
    ready: listening(ports.temporal),
    // maasserver/regiondservices/temporal.py writes the file and tells nobody.
    restartsOn: temporalConfiguration,
    memory: 125,
    cpu: 50,
  }),
  process('temporal-worker', {
    pod: 'region',
    command: ['/usr/sbin/maas-temporal-worker'],
    waitsFor: [file(state('maas_id')), file(regionSecretFile), ...clusterCertificates.map(file), socket(webapp), database, tcp(ports.temporal.number)],
    // It keeps the secret that it has started with, and fails without a word when there is another (maas-run.md 2).
    restartsOn: [regiondConf, regionSecretFile],
    mounts: [volumes.state, volumes.images, volumes.config, volumes.locks],
    memory: 180,
    cpu: 50,
  }),
  process('http', {
    pod: 'region',
    command: nginx,
    // nginx's workers set their groups even where they stay root.
    capabilities: ['SETGID'],
    prepare: [removed(nginxSocket)],
    waitsFor: [file(state('http/regiond.nginx.conf')), file(state('http/regiond.nginx.stream.conf'))],
    listens: [ports.api, ports.internalApi],
    mounts: [volumes.state, volumes.images],
    alive: unixHttp(nginxSocket, '/'),
    ready: listening(ports.api),
    reload: 'SIGHUP',
    stopSeconds: nginxStop,
    memory: 30,
  }),
  process('dns', {
    pod: 'region',
    service: 'bind9',
    command: ['/usr/sbin/named', '-g', '-n', '1', '-c', `${volumes.config.path}/named.conf`],
    prepare: [directory('/run/named')],
    waitsFor: [file(namedConf)],
    listens: [ports.dns, ports.rndc],
    capabilities: ['NET_BIND_SERVICE'],
    mounts: [volumes.config, volumes.bind, volumes.zones],
    alive: listening(ports.dns),
    memory: 40,
  }),
  ...machineServices('region', values.region),

  process('rackd', {
    pod: 'rack',
    command: ['/usr/sbin/rackd'],
    environment: { prometheus_multiproc_dir: prometheus, ...serviceMonitor },
    // debian/maas-rack-controller.maas-rackd.service: DHCP must not start before the region has said what to serve.
    prepare: [
      emptied(prometheus),
      removed(state('dhcpd.sock')),
      removed(state('dhcpd.conf')),
      removed(state('dhcpd6.conf')),
      unlinked(`${volumes.locks.path}/maas:`),
    ],
    // provisioningserver/plugin.py: after five minutes without the secret rackd starts with no services at all.
    waitsFor: [file(rackdConf), file(regionSecretFile)],
    restartsOn: [rackdConf, regionSecretFile],
    writes: [...clusterCertificates, state('maas_id'), agentConf, rackNginxConf, proxyConf, rsyslogConf, chronyConf],
    listens: [ports.rackMetrics, ports.tftp, ports.beacons],
    // tcpdump, too, takes its group anew (package-files/usr/lib/maas/beacon-monitor: -Z root).
    capabilities: ['NET_BIND_SERVICE', 'NET_RAW', ...asMaas],
    mounts: [volumes.state, volumes.config, volumes.locks, volumes.run, volumes.cache, volumes.chrony, volumes.leases],
    alive: http(ports.rackMetrics, '/metrics'),
    // provisioningserver/rpc/clusterservice.py writes maas_id when a region has taken the registration.
    ready: exists(state('maas_id')),
    // 120 MiB, and 50 MiB for each of its observers of a network: ARP, beacons, mDNS.
    memory: 270,
    cpu: 50,
  }),
  process('agent', {
    pod: 'rack',
    command: ['/usr/sbin/maas-agent'],
    // What it was fetching when it ended lies there as if it were whole, and would be served for ever (maasagent/internal/cache/file.go).
    // Its member of a cluster of one, which nothing asks, listens for ever on the address that it was made with: on another it never ends its
    // configuration, and half made it starts the agent anew without end (maasagent/internal/cluster/service.go; canonical/microcluster v2).
    prepare: [emptied(`${volumes.cache.path}/httpproxy`), emptied(state('microcluster'))],
    waitsFor: [file(agentConf), ...clusterCertificates.map(file), temporal],
    writes: ['dhcpd.conf', 'dhcpd-interfaces', 'dhcpd6.conf', 'dhcpd6-interfaces'].map(state),
    listens: [ports.dns, ports.agentCluster],
    capabilities: ['NET_BIND_SERVICE', 'NET_RAW'],
    mounts: [volumes.state, volumes.config, volumes.locks, volumes.run, volumes.cache, volumes.leases],
    alive: unixHttp(agentSocket('agent-http'), '/metrics'),
    // maastemporalworker/workflow/configure.py tells it the regions' addresses when it is configured, and nobody when a region's pod has another.
    // Its resolver asks the one that is no more first, for 20 s (maasagent/internal/resolver/handler.go), even where its proxy has found a living one.
    // The region's nginx answers by itself, with a redirect (maasserver/templates/http/regiond.nginx.conf.template).
    relays: { through: unixHttp(agentSocket('httpproxy'), '/'), past: http(ports.rackHttp, webRoot), to: rackNginxConf },
    reload: 'restart',
    // It ends at once, but not while it asks for its configuration (cmd/maas-agent/main.go); MAAS waits 10 s for it.
    stopSeconds: 5,
    startSeconds: 150,
    memory: 100,
    cpu: 20,
  }),
  process('http', {
    pod: 'rack',
    command: nginx,
    // nginx's workers set their groups even where they stay root.
    capabilities: ['SETGID'],
    prepare: [removed(nginxSocket)],
    waitsFor: [file(rackNginxConf)],
    listens: [ports.rackHttp],
    mounts: [volumes.state, volumes.run],
    alive: unixHttp(nginxSocket, '/'),
    ready: listening(ports.rackHttp),
    reload: 'SIGHUP',
    stopSeconds: nginxStop,
    memory: 30,
  }),
  ...([4, 6] as const).map((version) =>
    process(version === 4 ? 'dhcpd' : 'dhcpd6', {
      pod: 'rack',
      command: dhcpd(version),
      prepare: [directory('/run/maas-dhcp')],
      waitsFor: [file(state(version === 4 ? 'dhcpd.conf' : 'dhcpd6.conf')), file(state(version === 4 ? 'dhcpd-interfaces' : 'dhcpd6-interfaces'))],
      listens: version === 4 ? [ports.dhcp, ports.dhcpFailover, ports.omapi] : [ports.dhcp6, ports.omapi6],
      capabilities: ['NET_BIND_SERVICE', 'NET_RAW'],
      mounts: [volumes.state, volumes.leases],
      // maasagent/internal/dhcp/service.go starts and stops it; rackd only looks.
      startedBy: 'maas',
      reload: 'restart',
      memory: 20,
      enabled: values.rack.dhcp.enabled,
      absent: 'inactive',
    }),
  ),
  ...machineServices('rack', values.rack),
];

export const processesOf = (pod: Pod): readonly Process[] => processes.filter((candidate) => candidate.pod === pod);
