/** Kubernetes objects as they come over the wire: plain data, times as text. */

import type { V1DaemonSet, V1Job, V1Pod, V1Secret } from '@kubernetes/client-node';

type Plain<T> = T extends Date ? string : T extends (infer U)[] ? Plain<U>[] : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;

export type DaemonSet = Plain<V1DaemonSet>;
export type Job = Plain<V1Job>;
export type Pod = Plain<V1Pod>;
export type SecretObject = Plain<V1Secret>;
