/** How image archives get into a cluster that runs on this machine. */

import { accessSync, constants, existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { failed, succeed } from '../command';
import { Failure } from '../failure';
import type { Node } from '../kubernetes/types';

export interface Loader {
  /** What it is, for people. */
  readonly name: string;
  /**
   * Takes an archive into the cluster; `verbose` shows what the program says.
   *
   * @throws Failure
   */
  load(archive: string, verbose?: boolean): Promise<void>;
}

type Command = (archive: string) => readonly string[];

/** @param loaded whether it has, by what the program says, where its exit code does not tell */
function loader(name: string, command: Command, loaded: (output: string) => boolean = () => true): Loader {
  return {
    name,
    load: async (archive, verbose) => {
      const what = `loading ${archive} into ${name}`;
      const outcome = await succeed(what, command(archive), { verbose });
      if (!loaded(outcome.output))
        throw failed(what, command(archive), outcome, verbose, 'ended well, but not every node has taken it; is the cluster running?');
    },
  };
}

/** @throws Failure when whoever runs this may not use it */
function onThisMachine(name: string, socket: string, words: string): Loader {
  try {
    accessSync(socket, constants.W_OK);
  } catch {
    throw new Failure(
      `images would be loaded into ${name}, but only root may (${socket}): run it as root, or with --import 'sudo ${words}', or load them yourself (maas-k8s build --no-load --save FOLDER)`,
    );
  }
  return loader(name, (archive) => [...words.split(' '), archive]);
}

const runtimes = [
  { name: 'k3s', socket: '/run/k3s/containerd/containerd.sock', words: 'k3s ctr images import' },
  { name: 'containerd', socket: '/run/containerd/containerd.sock', words: 'ctr --namespace k8s.io images import' },
] as const;

/** minikube's name for the cluster that a node belongs to; that of the context is the same unless somebody has changed it. */
const profileLabel = 'minikube.k8s.io/name';

/**
 * @param context of the kubeconfig
 * @param own a command that takes an archive, where the cluster is none of the known ones
 * @returns undefined where there is no known way
 * @throws Failure when there is one, which whoever runs this may not use
 */
export function loaderFor(context: string, nodes: readonly Node[], own?: string): Loader | undefined {
  if (own !== undefined) {
    const words = own.trim().split(/\s+/);
    return loader(own, (archive) => [...words, archive]);
  }
  const [, tool, cluster = ''] = /^(kind|k3d)-(.+)$/.exec(context) ?? [];
  if (tool === 'kind') return loader(`kind cluster ${cluster}`, (archive) => ['kind', 'load', 'image-archive', archive, '--name', cluster]);
  if (tool === 'k3d')
    return loader(
      `k3d cluster ${cluster}`,
      (archive) => ['k3d', 'image', 'import', archive, '--cluster', cluster],
      // It ends well whatever the nodes say (k3d-io/k3d#1484); its mode "direct" does not, but hangs (k3d-io/k3d#1020).
      (output) => !/failed to (import|copy)/.test(output),
    );
  const profile = nodes[0]?.metadata?.labels?.[profileLabel] ?? (context === 'minikube' ? context : undefined);
  if (profile !== undefined)
    return loader(
      `minikube cluster ${profile}`,
      (archive) => ['minikube', 'image', 'load', archive, '--profile', profile, '--alsologtostderr'],
      // It ends well whatever the nodes say, and if none of them runs: only its log tells (minikube, machine/cache_images.go).
      (output) => output.includes('succeeded pushing to:') && !output.includes('failed pushing to:'),
    );
  // One node, which is this machine.
  if (nodes.length !== 1 || nodes[0]?.metadata?.name !== hostname().toLowerCase()) return undefined;
  const found = runtimes.find(({ socket }) => existsSync(socket));
  return found && onThisMachine(`${found.name} on this machine`, found.socket, found.words);
}
