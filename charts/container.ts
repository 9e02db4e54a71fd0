/** Containers, made from the processes table. */

import type { V1Container, V1EnvVar, V1Volume, V1VolumeMount } from '@kubernetes/client-node';
import type { Expr, Template } from './render/expression';
import { text } from './render/functions';
import { images, pull } from './image';
import { asMaas, type Process } from './tables/processes';
import { ports } from './tables/ports';
import type { Variable } from './tables/variables';
import { pebbleFolder, secretFolder, type Volume } from './tables/volumes';
import { container, type Workload } from './workload';

export type Container = Template<V1Container>;

export const env = (name: Variable, value: string | Expr<string>): Template<V1EnvVar> => ({ name, value });
// With the version that Kubernetes would fill in: server-side apply takes such an object as one, and `maas-k8s up` would be in conflict with `kubectl apply`.
export const field = (name: Variable, fieldPath: string): Template<V1EnvVar> => ({ name, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } } });

export const mount = (volume: Volume): Template<V1VolumeMount> => ({ name: volume.name, mountPath: volume.path });

export const secretMount = (secret: string): Template<V1VolumeMount> => ({ name: `secret-${secret}`, mountPath: secretFolder(secret), readOnly: true });
export const secretVolume = (secret: string, secretName: Expr<string>): Template<V1Volume> => ({
  name: `secret-${secret}`,
  secret: { secretName, defaultMode: 0o400 },
});

/** All that a pod's containers have in common as seen by the kernel. */
export const podSecurity = { seccompProfile: { type: 'RuntimeDefault' } };

/** Root without any of root's powers but the named ones. MAAS's own programs want uid 0 (maasserver/region_script.py). */
export const rootWith = (...capabilities: readonly string[]) => ({
  runAsUser: 0,
  runAsGroup: 0,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'], ...(capabilities.length > 0 ? { add: [...capabilities].sort() } : {}) },
});

export const maasCommand = rootWith(...asMaas);

export const requests = (memory: number | Expr<number>, cpu: number) => ({
  requests: { memory: typeof memory === 'number' ? `${String(memory)}Mi` : text`${memory}Mi`, cpu: `${String(cpu)}m` },
});

export interface Health {
  /** Where the kubelet finds the mux: the pod's own address unless given. */
  readonly host?: string;
}

/** Asked of the mux, which knows each process's check. */
const asks = (what: 'alive' | 'ready', process: string, { host }: Health) => ({
  httpGet: { path: `/${what}/${process}`, port: ports.health.number, ...(host ? { host } : {}) },
});

/** Pebble answers. What it runs is its own affair: killing a container is never the way to restart a process. */
const supervised = { exec: { command: ['pebble', 'health'] } };

/** The container of a process: Pebble as PID 1, with the layer that `maas-k8s config` has written. */
export function processContainer(process: Process, workload: Workload, image: Expr<string>, health: Health): Container {
  return container(workload, {
    name: process.name,
    image,
    ...pull,
    command: ['pebble', 'run', '--verbose'],
    env: [env('PEBBLE', pebbleFolder(process.name))],
    volumeMounts: process.mounts.map(mount),
    securityContext: rootWith(...process.capabilities),
    resources: requests(process.memory, process.cpu),
    startupProbe: { ...supervised, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 60 },
    livenessProbe: { ...supervised, periodSeconds: 30, timeoutSeconds: 10, failureThreshold: 4 },
    readinessProbe: { ...asks('ready', process.name, health), periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 2 },
  });
}

/** The container of the service mux. */
export function muxContainer(
  workload: Workload,
  args: Template<string[]>,
  mounts: readonly Template<V1VolumeMount>[],
  environment: readonly Template<V1EnvVar>[],
  health: Health,
): Container {
  return container(workload, {
    name: 'services',
    image: images.toolbox,
    ...pull,
    args,
    // Most of what the mux makes is gone at once; a smaller nursery costs nothing and saves 5 MiB.
    env: [env('NODE_OPTIONS', '--max-semi-space-size=1'), ...environment],
    volumeMounts: mounts,
    securityContext: rootWith(),
    resources: requests(60, 20),
    startupProbe: { ...asks('alive', 'services', health), periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 60 },
    livenessProbe: { ...asks('alive', 'services', health), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
    readinessProbe: { ...asks('ready', 'services', health), periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 2 },
  });
}
