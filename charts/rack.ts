import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { account, rackAccount } from './accounts';
import { env, field, mount, muxContainer, podSecurity, processContainer, requests, rootWith, secretFolder, secretMount, secretVolume } from './container';
import { withoutDisabled } from './disabled';
import { imageOf, pull, pullSecrets } from './image';
import { labels, maasUrl, poolLabel, selector } from './labels';
import { given, text, when, type References } from './render/expression';
import { Manifest } from './render/manifest';
import { rendererOf } from './render/renderer';
import { processesOf } from './tables/processes';
import { values, type Values } from './tables/values';
import { volumes } from './tables/volumes';

/** The mux answers the kubelet on the node's loopback interface: a rack shares the node's network. */
const loopback = '127.0.0.1';

/** The racks: one DaemonSet per pool, on the host's network. */
export class Racks extends Chart {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    rendererOf(this).when(this, 'racks', given(values.rack.pools), (racks) => {
      account(racks, 'rack', rackAccount);
      rendererOf(this).each(racks, 'pool', values.rack.pools, (scope, pool) => {
        this.pool(scope, pool);
      });
    });
  }

  private pool(scope: Construct, pool: References<Values['rack']['pools'][number]>): void {
    const image = imageOf(values.images.rack);
    const processes = processesOf('rack');
    const state = [volumes.state, volumes.config, volumes.locks, volumes.services, volumes.chrony, volumes.run, volumes.cache, volumes.spool];
    const poolLabels = { [poolLabel]: pool.name };

    // For the first enrolment, and for the mux, which enrols again when the Secret changes.
    const environment = [
      env('MAAS_URL', maasUrl),
      env('REGION_SECRET_FILE', `${secretFolder('region')}/secret`),
      field('NODE_NAME', 'spec.nodeName'),
      env('RACK_POOL', pool.name),
    ];

    new Manifest(scope, 'racks', 'apps/v1/DaemonSet', {
      metadata: { name: text`maas-rack-${pool.name}`, namespace: values.namespace, labels: { ...labels('rack'), ...poolLabels } },
      spec: {
        selector: { matchLabels: { ...selector('rack'), ...poolLabels } },
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
        template: {
          metadata: { labels: { ...labels('rack'), ...poolLabels } },
          spec: {
            hostNetwork: true,
            dnsPolicy: 'ClusterFirstWithHostNet',
            serviceAccountName: rackAccount,
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            imagePullSecrets: pullSecrets,
            nodeSelector: when(given(pool.nodeSelector), pool.nodeSelector),
            tolerations: when(given(pool.tolerations), pool.tolerations),
            terminationGracePeriodSeconds: 60,
            securityContext: podSecurity,
            initContainers: [
              {
                name: 'enrol',
                image,
                ...pull,
                command: ['maas-k8s', 'config', 'rack'],
                env: environment,
                volumeMounts: [...state.map(mount), secretMount('region')],
                securityContext: rootWith(),
                resources: requests(60, 50),
              },
            ],
            containers: [
              ...processes.map((process) => {
                const container = processContainer(process, image, pull, { host: loopback });
                return process.enabled ? when(process.enabled, container) : container;
              }),
              muxContainer(
                imageOf(values.images.toolbox),
                pull,
                ['mux', 'rack', `--health-address=${loopback}`, ...withoutDisabled(processes)],
                [...[volumes.services, volumes.state, volumes.config, volumes.run].map(mount), secretMount('region')],
                environment,
                { host: loopback },
              ),
            ],
            volumes: [
              ...state.map((volume) => ({ name: volume.name, emptyDir: {} })),
              { name: volumes.leases.name, hostPath: { path: text`${values.rack.leasesPath}/${pool.name}`, type: 'DirectoryOrCreate' } },
              secretVolume('region', values.secrets.region),
            ],
          },
        },
      },
    });
  }
}
