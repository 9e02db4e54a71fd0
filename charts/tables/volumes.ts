/**
 * Folders that the processes of a pod share (maas-internals Appendix C: "Files shared between containers").
 * An image's own content of these folders is kept in its skeleton, and `maas-k8s config` lays it out again.
 */

export interface Volume {
  readonly name: string;
  readonly path: string;
}

export const volumes = {
  /** maascommon/path.py: MAAS_DATA. */
  state: { name: 'state', path: '/var/lib/maas' },
  /** Boot images, one claim per region member; never shared (maasserver/bootsources.py deletes what this member has not synced). */
  images: { name: 'images', path: '/var/lib/maas/image-storage' },
  config: { name: 'config', path: '/etc/maas' },
  /** Named locks and the flocks of boot resources (provisioningserver/path.py, maasserver/utils/bootresource.py). */
  locks: { name: 'locks', path: '/run/lock' },
  /** One folder per process with its Pebble layer and socket; the service mux listens at the top. */
  services: { name: 'services', path: '/run/maas-services' },
  bind: { name: 'bind', path: '/etc/bind/maas' },
  zones: { name: 'zones', path: '/var/lib/bind/maas' },
  /** provisioningserver/ntp/config.py writes here. */
  chrony: { name: 'chrony', path: '/etc/chrony' },
  /** Sockets of maas-agent (maasagent/cmd/maas-agent/main.go). */
  run: { name: 'run', path: '/run/maas' },
  /** Image cache of maas-agent (provisioningserver/path.py: MAAS_CACHE). */
  cache: { name: 'cache', path: '/var/cache/maas' },
  /** DHCP leases, on the node, per pool. */
  leases: { name: 'leases', path: '/var/lib/maas/dhcp' },
  /** provisioningserver/templates/proxy/maas-proxy.conf.template: cache_dir. */
  spool: { name: 'spool', path: '/var/spool/maas-proxy' },
  /** Of the embedded database: PGDATA is below. */
  data: { name: 'data', path: '/var/lib/postgresql/data' },
} as const satisfies Record<string, Volume>;

/** Where a Secret's keys are found as files. */
export const secretFolder = (secret: string): string => `/run/secrets/maas/${secret}`;

/** Where an image keeps its own content of the shared folders. */
export const skeleton = '/usr/share/maas-k8s/skeleton';

/** Unix socket of a process's own Pebble, as the mux and the probes reach it. */
export const pebbleFolder = (process: string): string => `${volumes.services.path}/${process}`;
export const pebbleSocket = (process: string): string => `${pebbleFolder(process)}/.pebble.socket`;

/** The mux's socket: what MAAS finds as $PEBBLE/.pebble.socket (provisioningserver/utils/service_monitor.py). */
export const muxSocket = `${volumes.services.path}/.pebble.socket`;
