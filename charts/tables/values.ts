/**
 * The values table: one schema for everything that a user may set, with default, unit and text.
 * TypeScript types, defaults, validation and documentation come from it.
 */

import { Type, type SchemaOptions, type Static, type TObject, type TProperties, type TSchema } from '@sinclair/typebox';
import { references, type Release, type Scope } from '../render/expression';
import { dnsLabel, dnsSubdomain } from './names';
import { mostWorkers, ports } from './ports';
import { usualSecrets } from './secrets';

// Patterns mean the same in JavaScript and in Go: Helm checks values against the same schema.
/** RFC 1035: names of Services begin with a letter. */
const serviceName = '^[a-z]([-a-z0-9]*[a-z0-9])?$';
const qualifiedName = '^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$';
const labelValue = '^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$';
const quantity = '^[0-9]+(\\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$';
/** More than nothing: a claim of no size is refused. */
const size = '^([0-9]*[1-9][0-9]*(\\.[0-9]+)?|0+\\.[0-9]*[1-9][0-9]*)(k|M|G|T|Ki|Mi|Gi|Ti)?$';
/** An absolute path without "..", and without a slash at its end. */
const path = '^/\\.?[^/:.][^/:]*(/\\.?[^/:.][^/:]*)*$';
/** A name or an IPv4 address. MAAS puts a port behind it (maasserver/regiondservices/temporal.py), so it can be no IPv6 address. */
const host = '^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\\.?)?$';
const address = '^[0-9A-Fa-f.:]*$';
const tag = '^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$';
const digest = '^(sha256:[0-9a-f]{64})?$';
/** Parts of an image's name (github.com/distribution/reference). */
const imageHost = '[a-z0-9]+([.-]+[a-z0-9]+)*(:[0-9]+)?';
const imagePath = '[a-z0-9]+((\\.|__?|-+)[a-z0-9]+)*';
/** Names that PostgreSQL knows; whoever writes them into SQL puts them in quotes. */
const postgresName = '^[a-z_][a-z0-9_-]*$';

/** A closed object whose default is made of its properties' defaults. */
const group = <P extends TProperties>(description: string, properties: P): TObject<P> =>
  Type.Object(properties, { description, additionalProperties: false, default: {} });

const toggle = (description: string, enabled: boolean) => group(description, { enabled: Type.Boolean({ default: enabled, description: 'Whether it runs.' }) });

const name = (description: string, fallback?: string) =>
  Type.String({ description, pattern: dnsLabel, maxLength: 40, ...(fallback === undefined ? {} : { default: fallback }) });

const secretName = (description: string, fallback: string) => Type.String({ description, pattern: dnsSubdomain, maxLength: 253, default: fallback });

/** A map whose keys match a pattern. */
const map = <T extends TSchema>(pattern: string, value: T, options: SchemaOptions = {}) =>
  Type.Record(Type.String({ pattern }), value, { additionalProperties: false, ...options });

const label = Type.String({ pattern: labelValue, maxLength: 63 });
const labels = (description: string) => map(qualifiedName, label, { description, default: {} });
const texts = (description: string) => map(qualifiedName, Type.String(), { description, default: {} });

/** A part of a Kubernetes object that goes through as it is; Kubernetes checks it. */
const kubernetes = (description: string, ...examples: readonly object[]) => Type.Record(Type.String(), Type.Unknown(), { description, examples });

const image = (what: string, repository: string, version: string) =>
  group(`Image of ${what}.`, {
    repository: Type.String({ default: repository, minLength: 1, pattern: `^${imagePath}(/${imagePath})*$`, description: 'Repository below images.registry.' }),
    tag: Type.String({ default: version, pattern: tag, description: 'Tag; never "latest".' }),
    digest: Type.String({ default: '', pattern: digest, description: 'Digest (sha256:…), used in addition to the tag where given.' }),
  });

const tolerations = (options: SchemaOptions) =>
  Type.Array(
    Type.Object(
      {
        key: Type.Optional(Type.String({ pattern: qualifiedName })),
        operator: Type.Optional(Type.Union([Type.Literal('Exists'), Type.Literal('Equal')])),
        value: Type.Optional(Type.String({ pattern: labelValue })),
        effect: Type.Optional(Type.Union([Type.Literal('NoSchedule'), Type.Literal('PreferNoSchedule'), Type.Literal('NoExecute')])),
        tolerationSeconds: Type.Optional(Type.Integer({ minimum: 0 })),
      },
      { additionalProperties: false },
    ),
    options,
  );

const quantities = map(qualifiedName, Type.String({ pattern: quantity }));

/** What may be set of the pods of a part, whatever it is. */
const pods = (of: string) => ({
  affinity: Type.Record(Type.String(), Type.Unknown(), {
    default: {},
    description: `Affinity of ${of}; replaces what the chart has.`,
    examples: [
      {
        nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'Exists' }] }] } },
      },
    ],
  }),
  topologySpreadConstraints: Type.Array(
    Type.Object(
      {
        maxSkew: Type.Integer({ minimum: 1 }),
        topologyKey: Type.String({ pattern: qualifiedName }),
        whenUnsatisfiable: Type.Union([Type.Literal('DoNotSchedule'), Type.Literal('ScheduleAnyway')]),
        labelSelector: Type.Optional(kubernetes('Pods that are counted.', { matchLabels: { 'app.kubernetes.io/name': 'maas' } })),
      },
      { additionalProperties: false },
    ),
    { default: [], description: `Spreading of ${of}; each with the labels of the pods that are counted.` },
  ),
  priorityClassName: Type.String({ default: '', pattern: '^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$', description: `Priority class of ${of}.` }),
  podLabels: labels(`Labels of ${of}.`),
  podAnnotations: texts(`Annotations of ${of}.`),
  resources: map(dnsLabel, Type.Object({ requests: Type.Optional(quantities), limits: Type.Optional(quantities) }, { additionalProperties: false }), {
    default: {},
    description: `Requests and limits by container, in ${of}; each replaces the chart’s requests for that container.`,
  }),
  extraEnv: Type.Array(
    Type.Object(
      {
        name: Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]*$' }),
        value: Type.Optional(Type.String()),
        valueFrom: Type.Optional(kubernetes('Source of the value.', { secretKeyRef: { name: 'proxy', key: 'url' } })),
      },
      { additionalProperties: false },
    ),
    { default: [], description: `Environment variables for every container in ${of}.` },
  ),
  extraVolumes: Type.Array(
    Type.Object(
      { name: Type.String({ pattern: dnsLabel, maxLength: 63 }) },
      {
        additionalProperties: Type.Unknown(),
        examples: [
          { name: 'extra', emptyDir: {} },
          { name: 'site', configMap: { name: 'site' } },
        ],
      },
    ),
    { default: [], description: `Volumes of ${of}.` },
  ),
  extraVolumeMounts: Type.Array(
    Type.Object(
      {
        name: Type.String({ pattern: dnsLabel }),
        mountPath: Type.String({ pattern: path }),
        subPath: Type.Optional(Type.String()),
        readOnly: Type.Optional(Type.Boolean()),
      },
      { additionalProperties: false },
    ),
    { default: [], description: `Mounts of extraVolumes for every container in ${of}.` },
  ),
});

const placement = (of: string) => ({
  nodeSelector: labels(`Node labels for ${of}.`),
  tolerations: tolerations({ description: `Tolerations of ${of}.`, default: [] }),
});

const storage = (what: string, initial: string) =>
  group(`Storage for ${what}.`, {
    size: Type.String({ default: initial, pattern: size, description: 'Size, as a Kubernetes quantity. It can grow later, where the class allows it.' }),
    storageClassName: Type.String({ default: '', description: 'Storage class; empty for the cluster’s default. It cannot be changed later.' }),
  });

/** Version of MAAS. */
export const maasVersion = '3.7';

/** Versions of MAAS, and of what is around it (package.json). */
const version = `${maasVersion}-0.1.0`;

export const valuesSchema = group('Canonical MAAS on Kubernetes.', {
  namespace: name('Namespace that everything is put into.', 'maas'),
  fullnameOverride: Type.String({
    default: 'maas',
    pattern: serviceName,
    maxLength: 30,
    description:
      'Beginning of the names of all objects, and of the region controllers’ host names. Another one makes other controllers. One MAAS per namespace all the same: pods are selected by labels that every MAAS has.',
  }),
  commonLabels: labels('Labels for all objects and pods.'),
  commonAnnotations: texts('Annotations for all objects.'),
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
      pattern: `^${imageHost}(/${imagePath})*$`,
      description: 'Registry and path in front of the region, rack and toolbox repositories, as registry.corp.internal:5000/maas.',
    }),
    pullPolicy: Type.Union([Type.Literal('IfNotPresent'), Type.Literal('Always'), Type.Literal('Never')], {
      default: 'IfNotPresent',
      description: 'When the nodes pull.',
    }),
    pullSecrets: Type.Array(Type.Object({ name: Type.String({ pattern: dnsSubdomain, maxLength: 253 }) }, { additionalProperties: false }), {
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
    host: Type.String({
      default: '',
      pattern: host,
      description:
        'Host of the external database, without its port; it must accept connections without TLS: MAAS has none to it. Ignored while embedded is true.',
    }),
    port: Type.Integer({ default: ports.postgres.number, minimum: 1, maximum: 65535, description: 'Port of the external database.' }),
    maxConnections: Type.Integer({
      default: 100,
      minimum: 1,
      description: 'Connections that the external database allows (max_connections); the embedded one is given as many as it needs.',
    }),
    name: Type.String({ default: 'maasdb', pattern: postgresName, maxLength: 63, description: 'Database, owned by the user.' }),
    user: Type.String({ default: 'maas', pattern: postgresName, maxLength: 63, description: 'Role; the password is in the Secret secrets.database.' }),
    image: Type.String({
      default: 'docker.io/library/postgres:16.10-bookworm',
      pattern: `^(${imageHost}/)?${imagePath}(/${imagePath})*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?(@sha256:[0-9a-f]{64})?$`,
      description: 'Image of the embedded database: the official one, or one that keeps its contract.',
    }),
    storage: storage('the embedded database', '20Gi'),
    ...placement('the embedded database'),
    ...pods('the embedded database'),
  }),
  secrets: group('Names of the Secrets. Bootstrap makes those that do not exist and never changes those that do.', {
    region: secretName('Region secret that regions and racks share: key "secret", 32 hex characters.', usualSecrets.region),
    database: secretName('Database password: key "password".', usualSecrets.database),
    admin: secretName('First administrator: keys "username", "password", "email".', usualSecrets.admin),
    apiKey: secretName('API key of the administrator: key "key". Written by bootstrap.', usualSecrets.apiKey),
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
      maximum: mostWorkers,
      description: 'regiond workers per member; each has one of MAAS’s ports for RPC (maasserver/rpc/regionservice.py).',
    }),
    storage: storage('boot images, per member', '50Gi'),
    ...placement('the members'),
    ...pods('the members'),
    service: group('The Service in front of all members.', {
      type: Type.Union([Type.Literal('ClusterIP'), Type.Literal('NodePort'), Type.Literal('LoadBalancer')], {
        default: 'ClusterIP',
        description: 'Type of the Service.',
      }),
      loadBalancerIP: Type.String({ default: '', pattern: address, description: 'Wanted address, for the type LoadBalancer.' }),
      nodePort: Type.Integer({
        default: 0,
        minimum: 0,
        maximum: 65535,
        description: 'Port of the API on every node, for the types NodePort and LoadBalancer; 0 lets the cluster choose.',
      }),
      annotations: texts('Annotations of the Service, as load balancers want them.'),
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
          // Nothing in a list has a default: Helm would not fill it in.
          nodeSelector: Type.Optional(
            map(qualifiedName, label, { description: 'Nodes of the pool, by label; else all of them. A rack runs on each, on the host’s network.' }),
          ),
          tolerations: Type.Optional(tolerations({ description: 'Tolerations of the pool.' })),
        },
        { additionalProperties: false },
      ),
      { default: [{ name: 'default', nodeSelector: { 'kubernetes.io/os': 'linux' } }], description: 'One DaemonSet per entry. Empty: no racks.' },
    ),
    leasesPath: Type.String({
      default: '/var/lib/maas-rack',
      pattern: '^/\\.?[A-Za-z0-9_-][A-Za-z0-9._-]*(/\\.?[A-Za-z0-9_-][A-Za-z0-9._-]*)*$',
      description: 'Folder on the node; DHCP leases are kept in <leasesPath>/<pool>.',
    }),
    cacheGigabytes: Type.Integer({
      default: 20,
      minimum: 1,
      maximum: 100_000,
      description: 'Disk of its node, in units of 10^9 bytes, on which a rack keeps the boot images that it has passed on, until it is restarted.',
    }),
    ...pods('the racks'),
    dhcp: toggle('DHCP servers (dhcpd); MAAS starts them where a VLAN wants DHCP.', true),
    proxy: toggle('HTTP proxy for machines (squid).', true),
    syslog: toggle('Syslog receiver for machines (rsyslog).', true),
    ntp: toggle('NTP server for machines (chrony).', true),
  }),
  jobs: group('The Jobs: bootstrap and registration.', { ...placement('the Jobs'), ...pods('the Jobs') }),
  registration: group('The Job that sees every rack connected.', {
    timeoutSeconds: Type.Integer({
      default: 900,
      minimum: 30,
      description: 'Seconds until registration gives up and says why; the Job has failed then, and is not tried again by itself.',
    }),
  }),
  extraObjects: Type.Array(
    Type.Object(
      {
        apiVersion: Type.String({ minLength: 1 }),
        kind: Type.String({ minLength: 1 }),
        metadata: Type.Object({ name: Type.String({ minLength: 1 }) }, { additionalProperties: Type.Unknown() }),
      },
      {
        additionalProperties: Type.Unknown(),
        examples: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'site', namespace: 'maas' }, data: { note: 'row {{ 4 }}' } }],
      },
    ),
    { default: [], description: 'Objects of your own, deployed as they are. Name their namespace.' },
  ),
});

export type Values = Static<typeof valuesSchema>;

/** What may be set of a part's pods. */
export type Pods = Pick<Values['rack'], keyof ReturnType<typeof pods>>;

/** What expressions are evaluated against. The release is called after the project, for nothing else makes one. */
export const scopeOf = (chosen: Values): Scope => ({ values: chosen, release: { Name: 'maas', Namespace: chosen.namespace } satisfies Release });

/** The values as typed references, for charts and tables. */
export const values = references<Values>(valuesSchema);
