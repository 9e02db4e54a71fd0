/**
 * The values table: one schema for everything that a user may set, with default, unit and text.
 * TypeScript types, defaults, validation and documentation come from it.
 */

import { Type, type Static, type TObject, type TProperties } from '@sinclair/typebox';
import { references } from '../render/expression';

const dnsLabel = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$';
const quantity = '^[0-9]+(\\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$';

/** A closed object whose default is made of its properties' defaults. */
const group = <P extends TProperties>(description: string, properties: P): TObject<P> =>
  Type.Object(properties, { description, additionalProperties: false, default: {} });

const toggle = (description: string, enabled: boolean) => group(description, { enabled: Type.Boolean({ default: enabled }) });

const name = (description: string, fallback?: string) =>
  Type.String({ description, pattern: dnsLabel, maxLength: 40, ...(fallback === undefined ? {} : { default: fallback }) });

const strings = (description: string) => Type.Record(Type.String(), Type.String(), { description, default: {} });

const image = (what: string, repository: string, tag: string) =>
  group(`Image of ${what}.`, {
    repository: Type.String({ default: repository, minLength: 1, pattern: '^[a-z0-9]+([._/-]+[a-z0-9]+)*$', description: 'Repository below images.registry.' }),
    tag: Type.String({ default: tag, pattern: '^(?!latest$)[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$', description: 'Tag; never "latest".' }),
    digest: Type.String({ default: '', pattern: '^(sha256:[0-9a-f]{64})?$', description: 'Digest (sha256:…), used in addition to the tag where given.' }),
  });

const toleration = Type.Object(
  {
    key: Type.Optional(Type.String()),
    operator: Type.Optional(Type.Union([Type.Literal('Exists'), Type.Literal('Equal')])),
    value: Type.Optional(Type.String()),
    effect: Type.Optional(Type.Union([Type.Literal('NoSchedule'), Type.Literal('PreferNoSchedule'), Type.Literal('NoExecute')])),
    tolerationSeconds: Type.Optional(Type.Integer({ minimum: 0 })),
  },
  { additionalProperties: false },
);

const storage = (what: string, size: string) =>
  group(`Storage for ${what}.`, {
    size: Type.String({ default: size, pattern: quantity, description: 'Size, as a Kubernetes quantity.' }),
    storageClassName: Type.String({ default: '', description: 'Storage class; empty for the cluster’s default.' }),
  });

const version = '3.7-0.1.0';

export const valuesSchema = group('Canonical MAAS on Kubernetes.', {
  namespace: name('Namespace that everything is put into.', 'maas'),
  clusterDomain: Type.String({ default: 'cluster.local', pattern: '^[a-z0-9.-]+$', description: 'DNS domain of the cluster.' }),
  maasUrl: Type.String({
    default: '',
    pattern: '^(https?://[^/\\s]+/MAAS)?$',
    description:
      'URL by which racks and machines reach the region, as http://HOST:5240/MAAS. Empty: the region’s Service, which only racks of this cluster can resolve.',
  }),
  images: group('Container images.', {
    registry: Type.String({
      default: 'localhost',
      minLength: 1,
      pattern: '^[a-z0-9.:/-]+$',
      description: 'Registry and path in front of the region, rack and toolbox repositories.',
    }),
    pullPolicy: Type.Union([Type.Literal('IfNotPresent'), Type.Literal('Always'), Type.Literal('Never')], {
      default: 'IfNotPresent',
      description: 'When the nodes pull.',
    }),
    pullSecrets: Type.Array(Type.Object({ name: Type.String({ minLength: 1 }) }, { additionalProperties: false }), {
      default: [],
      description: 'Secrets for the registry.',
    }),
    region: image('the region and of bootstrap', 'maas-region', version),
    rack: image('the rack', 'maas-rack', version),
    toolbox: image('the service mux and the Jobs', 'maas-toolbox', version),
  }),
  database: group('PostgreSQL. Either the embedded one, or an external one.', {
    embedded: Type.Boolean({
      default: true,
      description: 'Runs one PostgreSQL in the namespace. For production give the address of a database that is looked after.',
    }),
    host: Type.String({ default: '', description: 'Host of the external database; ignored while embedded is true.' }),
    port: Type.Integer({ default: 5432, minimum: 1, maximum: 65535, description: 'Port.' }),
    name: Type.String({ default: 'maasdb', pattern: '^[a-z_][a-z0-9_]*$', maxLength: 63, description: 'Database, owned by the user.' }),
    user: Type.String({ default: 'maas', pattern: '^[a-z_][a-z0-9_]*$', maxLength: 63, description: 'Role; the password is in the Secret secrets.database.' }),
    image: Type.String({
      default: 'docker.io/library/postgres:16.10-bookworm',
      pattern: '^[a-z0-9.:/_-]+:(?!latest$)[A-Za-z0-9_][A-Za-z0-9_.-]*(@sha256:[0-9a-f]{64})?$',
      description: 'Image of the embedded database: the official one, or one that keeps its contract.',
    }),
    storage: storage('the embedded database', '20Gi'),
  }),
  secrets: group('Names of the Secrets. Bootstrap makes those that do not exist and never changes those that do.', {
    region: name('Region secret that regions and racks share: key "secret", 32 hex characters.', 'maas-region-secret'),
    database: name('Database password: key "password".', 'maas-database'),
    admin: name('First administrator: keys "username", "password", "email".', 'maas-admin'),
    apiKey: name('API key of the administrator: key "key". Written by bootstrap.', 'maas-api-key'),
  }),
  admin: group('First administrator, made by bootstrap if the Secret does not name another.', {
    username: Type.String({ default: 'admin', pattern: '^[A-Za-z0-9@.+_-]{1,150}$', description: 'User name.' }),
    email: Type.String({ default: 'admin@maas.invalid', pattern: '^[^@\\s]+@[^@\\s]+$', description: 'Mail address.' }),
  }),
  region: group('Region controllers.', {
    members: Type.Array(Type.Object({ name: name('Name of the member; its host name is maas-region-<name>.') }, { additionalProperties: false }), {
      default: [{ name: 'a' }],
      minItems: 1,
      description: 'One region controller per entry. Each keeps its host name and its own image storage.',
    }),
    workers: Type.Integer({
      default: 4,
      minimum: 1,
      maximum: 10,
      description: 'regiond workers per member; MAAS has ten RPC ports (maasserver/rpc/regionservice.py).',
    }),
    storage: storage('boot images, per member', '50Gi'),
    nodeSelector: strings('Node labels for the members.'),
    tolerations: Type.Array(toleration, { default: [], description: 'Tolerations of the members.' }),
    service: group('The Service in front of all members.', {
      type: Type.Union([Type.Literal('ClusterIP'), Type.Literal('NodePort'), Type.Literal('LoadBalancer')], {
        default: 'ClusterIP',
        description: 'Type of the Service.',
      }),
      loadBalancerIP: Type.String({ default: '', description: 'Wanted address of a LoadBalancer.' }),
      annotations: strings('Annotations of the Service, as load balancers want them.'),
    }),
    proxy: toggle('HTTP proxy for machines (squid).', true),
    syslog: toggle('Syslog receiver for machines (rsyslog).', true),
    ntp: toggle('NTP server for machines (chrony).', true),
  }),
  rack: group('Rack controllers.', {
    pools: Type.Array(
      Type.Object(
        {
          name: name('Name of the pool; a rack’s host name is <node>-<pool>.'),
          nodeSelector: strings('Nodes of the pool, by label. A rack runs on each of them, on the host’s network.'),
          tolerations: Type.Optional(Type.Array(toleration, { default: [], description: 'Tolerations of the pool.' })),
        },
        { additionalProperties: false },
      ),
      { default: [{ name: 'default', nodeSelector: { 'kubernetes.io/os': 'linux' } }], description: 'One DaemonSet per entry. Empty: no racks.' },
    ),
    leasesPath: Type.String({
      default: '/var/lib/maas-rack',
      pattern: '^/[A-Za-z0-9._/-]+$',
      description: 'Folder on the node; DHCP leases are kept in <leasesPath>/<pool>.',
    }),
    proxy: toggle('HTTP proxy for machines (squid).', true),
    syslog: toggle('Syslog receiver for machines (rsyslog).', true),
    ntp: toggle('NTP server for machines (chrony).', true),
  }),
  registration: group('The Job that sees every rack connected.', {
    timeoutSeconds: Type.Integer({ default: 900, minimum: 30, description: 'Seconds until registration gives up and says why.' }),
  }),
});

export type Values = Static<typeof valuesSchema>;

/** The values as typed references, for charts and tables. */
export const values = references<Values>(valuesSchema);
