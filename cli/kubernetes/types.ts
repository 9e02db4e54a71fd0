/** Kubernetes objects as they come over the wire: plain data, times as text. */

import type {
  V1ConfigMap,
  V1CronJob,
  V1DaemonSet,
  V1Deployment,
  V1Job,
  V1NetworkPolicy,
  V1Node,
  V1PersistentVolumeClaim,
  V1Pod,
  V1PodDisruptionBudget,
  V1Role,
  V1RoleBinding,
  V1Secret,
  V1Service,
  V1ServiceAccount,
  V1StatefulSet,
} from '@kubernetes/client-node';

type Plain<T> = T extends Date ? string : T extends (infer U)[] ? Plain<U>[] : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;

export type DaemonSet = Plain<V1DaemonSet>;
export type Deployment = Plain<V1Deployment>;
export type Job = Plain<V1Job>;
export type CronJob = Plain<V1CronJob>;
export type Node = Plain<V1Node>;
export type Pod = Plain<V1Pod>;
export type SecretObject = Plain<V1Secret>;
export type Service = Plain<V1Service>;
export type StatefulSet = Plain<V1StatefulSet>;
export type Claim = Plain<V1PersistentVolumeClaim>;

/** What a list of Events is about: the fields that are shown. */
export interface Event {
  readonly metadata?: { readonly name?: string };
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly involvedObject?: { readonly kind?: string; readonly name?: string };
}

/** Kinds in a namespace, by the name of their collection. */
export interface Kinds {
  readonly pods: Pod;
  readonly services: Service;
  readonly events: Event;
  readonly persistentvolumeclaims: Claim;
  readonly serviceaccounts: Plain<V1ServiceAccount>;
  readonly secrets: SecretObject;
  readonly configmaps: Plain<V1ConfigMap>;
  readonly daemonsets: DaemonSet;
  readonly deployments: Deployment;
  readonly statefulsets: StatefulSet;
  readonly jobs: Job;
  readonly cronjobs: CronJob;
  readonly roles: Plain<V1Role>;
  readonly rolebindings: Plain<V1RoleBinding>;
  readonly poddisruptionbudgets: Plain<V1PodDisruptionBudget>;
  readonly networkpolicies: Plain<V1NetworkPolicy>;
}

/** Any object. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly resourceVersion?: string;
  };
}

/** Its name for people: Deployment maas-region-a. */
export const nameOf = ({ kind, metadata }: Pick<KubernetesObject, 'kind' | 'metadata'>): string => `${kind} ${metadata.name}`;

const singular: Readonly<Record<string, string>> = { networkpolicies: 'networkpolicy' };

/** Its name for kubectl: deployment/maas-region-a. */
export const kubectlName = (kind: keyof Kinds, name: string): string => `${singular[kind] ?? kind.replace(/s$/, '')}/${name}`;
