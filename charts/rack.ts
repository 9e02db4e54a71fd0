import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { account, rackAccount } from './accounts';
import { env, field, mount, muxContainer, podSecurity, processContainer, requests, rootWith, secretMount, secretVolume } from './container';
import { withoutDisabled } from './disabled';
import { images, pull } from './image';
import { maasUrl, metadata, nameOf, selector } from './labels';
import { when, type References } from './render/expression';
import { given, text } from './render/functions';
import { Manifest } from './render/manifest';
import { rendererOf } from './render/renderer';
import { poolLabel } from './tables/labels';
import { processesOf } from './tables/processes';
import { values, type Values } from './tables/values';
import { secretFolder, volumes } from './tables/volumes';
import { container, podTemplate } from './workload';

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
    const processes = processesOf('rack');
    const state = [volumes.state, volumes.config, volumes.locks, volumes.services, volumes.chrony, volumes.run, volumes.cache, volumes.spool];
    const poolLabels = { [poolLabel]: pool.name };

    // For the first enrolment, and for the mux, which enrols again when the Secret changes.
    const environment = [
      env('MAAS_URL', maasUrl),
      env('REGION_SECRET_FILE', `${secretFolder('region')}/secret`),
      field('NODE_NAME', 'spec.nodeName'),
      env('RACK_POOL', pool.name),
      env('RACK_CACHE_GIGABYTES', text`${values.rack.cacheGigabytes}`),
    ];

    new Manifest(scope, 'racks', 'apps/v1/DaemonSet', {
      metadata: metadata('rack', nameOf(text`rack-${pool.name}`), poolLabels),
      spec: {
        selector: { matchLabels: { ...selector('rack'), ...poolLabels } },
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
        template: podTemplate(
          'rack',
          values.rack,
          {
            hostNetwork: true,
            dnsPolicy: 'ClusterFirstWithHostNet',
            serviceAccountName: rackAccount,
            automountServiceAccountToken: false,
            nodeSelector: when(given(pool.nodeSelector), pool.nodeSelector),
            tolerations: when(given(pool.tolerations), pool.tolerations),
            terminationGracePeriodSeconds: 60,
            securityContext: podSecurity,
            initContainers: [
              container(values.rack, {
                name: 'enrol',
                image: images.rack,
                ...pull,
                command: ['maas-k8s', 'config', 'rack'],
                env: environment,
                volumeMounts: [...state.map(mount), secretMount('region')],
                securityContext: rootWith(),
                resources: requests(60, 50),
              }),
            ],
            containers: [
              ...processes.map((process) => {
                const running = processContainer(process, values.rack, images.rack, { host: loopback });
                return process.enabled ? when(process.enabled, running) : running;
              }),
              muxContainer(
                values.rack,
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
          poolLabels,
        ),
      },
    });
  }
}
