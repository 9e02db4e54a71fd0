/** How image archives get into a cluster that runs on this machine. */

import { existsSync } from 'node:fs';
import { hostname } from 'node:os';

export interface Loader {
  /** What it is, for people. */
  readonly name: string;
  /** The command that takes an archive into the cluster. */
  command(archive: string): readonly [string, ...string[]];
}

/**
 * @param context of the kubeconfig
 * @param nodes their names
 * @param own a command that takes an archive, where the cluster is none of the known ones
 * @returns undefined where there is no known way
 */
export function loaderFor(context: string, nodes: readonly string[], own?: string): Loader | undefined {
  if (own !== undefined) {
    const [program = '', ...args] = own.trim().split(/\s+/);
    return { name: own, command: (archive) => [program, ...args, archive] };
  }
  const [, tool, cluster = ''] = /^(kind|k3d)-(.+)$/.exec(context) ?? [];
  if (tool === 'kind') return { name: `kind cluster ${cluster}`, command: (archive) => ['kind', 'load', 'image-archive', archive, '--name', cluster] };
  if (tool === 'k3d') return { name: `k3d cluster ${cluster}`, command: (archive) => ['k3d', 'image', 'import', archive, '--cluster', cluster] };
  if (context === 'minikube') return { name: 'minikube', command: (archive) => ['minikube', 'image', 'load', archive] };
  // One node, which is this machine.
  if (nodes.length !== 1 || nodes[0] !== hostname().toLowerCase()) return undefined;
  if (existsSync('/run/k3s/containerd/containerd.sock'))
    return { name: 'k3s on this machine', command: (archive) => ['k3s', 'ctr', 'images', 'import', archive] };
  if (existsSync('/run/containerd/containerd.sock'))
    return { name: 'containerd on this machine', command: (archive) => ['ctr', '--namespace', 'k8s.io', 'images', 'import', archive] };
  return undefined;
}
