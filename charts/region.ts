import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { account } from './accounts';
import { env, field, maasCommand, mount, muxContainer, podSecurity, processContainer, requests, rootWith, secretMount, secretVolume } from './container';
import type { Database } from './database';
import { images, pull } from './image';
import { kept, maasUrl, metadata, nameOf, regionService, selector } from './labels';
import { merged, when, type References } from './render/expression';
import { both, either, equals, exceeds, given, length, not, text } from './render/functions';
import { Manifest } from './render/manifest';
import { rendererOf } from './render/renderer';
import { memberLabel } from './tables/labels';
import { ports, type Port } from './tables/ports';
import { processesOf } from './tables/processes';
import { values, type Values } from './tables/values';
import { secretFolder, volumes } from './tables/volumes';
import { withoutDisabled } from './disabled';
import { container, podTemplate } from './workload';

const headless = nameOf('region-members');

/** What the Service in front of the members offers, beside the API on the port of the web. */
const offered: readonly Port[] = [ports.api, ports.internalApi, ports.temporal, ports.dns];

/** The region: one Deployment per member, one Service in front of all, one for the members' own addresses. */
export class Region extends Chart {
  constructor(
    scope: Construct,
    id: string,
    private readonly props: { readonly database: Database },
  ) {
    super(scope, id);
    account(this, 'region', regionService);
    this.services();
    // One member alone must be allowed to go, or its node could never be drained.
    rendererOf(this).when(this, 'several', exceeds(length(values.region.members), 1), (several) => {
      new Manifest(several, 'disruption', 'policy/v1/PodDisruptionBudget', {
        metadata: metadata('region', regionService),
        spec: { maxUnavailable: 1, selector: { matchLabels: selector('region') } },
      });
    });
    rendererOf(this).each(this, 'member', values.region.members, (member, entry) => {
      this.member(member, entry);
    });
  }

  private services(): void {
    const toggled = processesOf('region').filter((process) => process.enabled);
    const { service } = values.region;
    const chosen = both(not(equals(service.type, 'ClusterIP')), exceeds(service.nodePort, 0));
    new Manifest(this, 'service', 'v1/Service', {
      metadata: {
        ...metadata('region', regionService),
        annotations: when(either(given(service.annotations), given(values.commonAnnotations)), merged({}, service.annotations, values.commonAnnotations)),
      },
      spec: {
        type: service.type,
        loadBalancerIP: when(given(service.loadBalancerIP), service.loadBalancerIP),
        selector: selector('region'),
        ports: [
          { name: ports.web.name, port: ports.web.number, targetPort: ports.api.number, protocol: 'TCP' },
          ...offered.flatMap(servicePorts).map((port) => (port.name === ports.api.name ? { ...port, nodePort: when(chosen, service.nodePort) } : port)),
          ...toggled.flatMap((process) =>
            process.listens
              .filter(called)
              .flatMap(servicePorts)
              .map((port) => when(process.enabled!, port)),
          ),
        ],
      },
    });
    new Manifest(this, 'members', 'v1/Service', {
      metadata: metadata('region', headless),
      spec: {
        clusterIP: 'None',
        // Members must find each other, and racks them, before they are ready.
        publishNotReadyAddresses: true,
        selector: selector('region'),
        ports: [{ name: ports.api.name, port: ports.api.number, targetPort: ports.api.number, protocol: 'TCP' }],
      },
    });
  }

  private member(scope: Construct, member: References<Values['region']['members'][number]>): void {
    const name = nameOf(text`region-${member.name}`);
    const own = { [memberLabel]: member.name };
    const claim = text`${name}-images`;
    const processes = processesOf('region');
    const state = [volumes.state, volumes.config, volumes.locks, volumes.services, volumes.bind, volumes.zones, volumes.chrony, volumes.spool];

    // For the first configuration, and for the mux, which takes over a changed Secret.
    const environment = [
      env('MAAS_URL', maasUrl),
      field('POD_IP', 'status.podIP'),
      ...this.props.database.environment,
      env('DATABASE_PASSWORD_FILE', `${secretFolder('database')}/password`),
      env('REGION_WORKERS', text`${values.region.workers}`),
    ];

    new Manifest(scope, 'images', 'v1/PersistentVolumeClaim', {
      metadata: { ...metadata('region', claim, own), annotations: kept },
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: values.region.storage.size } },
        storageClassName: when(given(values.region.storage.storageClassName), values.region.storage.storageClassName),
      },
    });
    new Manifest(scope, 'controller', 'apps/v1/Deployment', {
      metadata: metadata('region', name, own),
      spec: {
        replicas: 1,
        // Two pods of one member would fight for its identity and its images.
        strategy: { type: 'Recreate' },
        selector: { matchLabels: { ...selector('region'), [memberLabel]: member.name } },
        template: podTemplate(
          'region',
          values.region,
          {
            hostname: name,
            subdomain: headless,
            serviceAccountName: regionService,
            automountServiceAccountToken: false,
            nodeSelector: when(given(values.region.nodeSelector), values.region.nodeSelector),
            tolerations: when(given(values.region.tolerations), values.region.tolerations),
            affinity: {
              podAntiAffinity: {
                preferredDuringSchedulingIgnoredDuringExecution: [
                  { weight: 100, podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: selector('region') } } },
                ],
              },
            },
            terminationGracePeriodSeconds: 60,
            securityContext: podSecurity,
            initContainers: [
              container(values.region, {
                name: 'config',
                image: images.region,
                ...pull,
                command: ['maas-k8s', 'config', 'region'],
                env: environment,
                volumeMounts: [...state.map(mount), secretMount('database')],
                securityContext: rootWith(),
                resources: requests(60, 50),
              }),
              container(values.region, {
                // Once per pod, before named and regiond read the keys (maas-run.md 6.4).
                name: 'dns-keys',
                image: images.region,
                ...pull,
                command: ['/usr/lib/maas/maas-common', 'setup-dns'],
                // Else MAAS adds a second control channel, which wants a key that Debian's packaging makes (provisioningserver/dns/config.py).
                env: [env('MAAS_DNS_DEFAULT_CONTROLS', '0')],
                volumeMounts: [volumes.state, volumes.config, volumes.bind, volumes.zones].map(mount),
                securityContext: maasCommand,
                resources: requests(60, 50),
              }),
            ],
            containers: [
              ...processes.map((process) => {
                const running = processContainer(process, values.region, images.region, {});
                return process.enabled ? when(process.enabled, running) : running;
              }),
              muxContainer(
                values.region,
                ['mux', 'region', ...withoutDisabled(processes)],
                [...[volumes.services, volumes.state, volumes.config].map(mount), secretMount('database')],
                environment,
                {},
              ),
            ],
            volumes: [
              ...state.map((volume) => ({ name: volume.name, emptyDir: {} })),
              { name: volumes.images.name, persistentVolumeClaim: { claimName: claim } },
              secretVolume('database', values.secrets.database),
            ],
          },
          own,
        ),
      },
    });
  }
}

const called = ({ callers }: Port): boolean => callers.some((caller) => caller !== 'pod');

const servicePorts = (port: Port) =>
  port.protocols.map((protocol) => ({
    name: port.protocols.length > 1 ? `${port.name}-${protocol.toLowerCase()}` : port.name,
    port: port.number,
    targetPort: port.number,
    protocol,
  }));
