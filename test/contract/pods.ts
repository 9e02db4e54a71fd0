/** The three pods that everything is tried in: raw images, in which nothing runs but what the suite starts. */

import { processesOf, type Pod as Kind } from '../../charts/tables/processes';
import { volumes, type Volume } from '../../charts/tables/volumes';
import { defaults } from '../../charts/tables/valuesfile';
import { role, serverCommand } from './database';
import { Pod } from './pod';

const { images } = defaults();
const imageOf = ({ repository, tag }: { readonly repository: string; readonly tag: string }): string => `${images.registry}/${repository}:${tag}`;

export const regionImage = process.env.REGION_IMAGE || imageOf(images.region);
export const rackImage = process.env.RACK_IMAGE || imageOf(images.rack);
const postgresImage = process.env.POSTGRES_IMAGE || 'localhost/maas-postgres:15-debian';

export const region = new Pod('region');
export const rack = new Pod('rack');

/** The folders that the chart's pods share among their containers; image-storage is left in the first, so that it can be missing. */
const foldersOf: Readonly<Record<Kind, readonly Volume[]>> = {
  region: [volumes.state, volumes.config, volumes.locks, volumes.services, volumes.bind, volumes.zones, volumes.chrony, volumes.spool],
  rack: [volumes.state, volumes.config, volumes.locks, volumes.services, volumes.chrony, volumes.run, volumes.cache, volumes.spool],
};

/** What is emptied when a pod begins anew. */
export const emptied = (kind: Kind): string[] => foldersOf[kind].filter(({ name }) => name !== volumes.spool.name).map(({ path }) => path);

const meta = (name: string, image: string) => ({ name, labels: { app: 'maas-contract' }, annotations: { image } });

const common = {
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  restartPolicy: 'Never',
  terminationGracePeriodSeconds: 1,
};

/** A controller: Pebble without any service as its first process, which takes in orphans. */
function controller(kind: Kind, image: string): object {
  // Those of all processes, and one to take them away again (confined).
  const capabilities = ['SETPCAP', ...new Set(processesOf(kind).flatMap((process) => process.capabilities))];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: meta(kind, image),
    spec: {
      ...common,
      hostname: kind,
      // A cluster that has the Internet must not begin to download images that nobody wants.
      hostAliases: [{ ip: '127.0.0.1', hostnames: ['images.maas.io'] }],
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: kind,
          image,
          command: ['bash', '-c', 'mkdir -p /contract/init && PEBBLE=/contract/init exec pebble run'],
          env: [{ name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
          volumeMounts: foldersOf[kind].map(({ name, path }) => ({ name, mountPath: path })),
          securityContext: { runAsUser: 0, runAsGroup: 0, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'], add: capabilities } },
          resources: { requests: { cpu: '50m', memory: '100Mi' } },
        },
      ],
      volumes: foldersOf[kind].map(({ name }) => ({ name, emptyDir: {} })),
    },
  };
}

const postgres = 999;

const database = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: meta('database', postgresImage),
  spec: {
    ...common,
    securityContext: { runAsUser: postgres, runAsGroup: postgres, fsGroup: postgres, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'database',
        image: postgresImage,
        command: serverCommand,
        env: [
          { name: 'POSTGRES_PASSWORD', value: role.password },
          { name: 'PGDATA', value: '/data/pgdata' },
        ],
        volumeMounts: [{ name: 'data', mountPath: '/data' }],
        resources: { requests: { cpu: '50m', memory: '100Mi' } },
      },
    ],
    volumes: [{ name: 'data', emptyDir: { medium: 'Memory' } }],
  },
};

export const manifests: readonly object[] = [database, controller('region', regionImage), controller('rack', rackImage)];
