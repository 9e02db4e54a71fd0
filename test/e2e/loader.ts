/** How image archives get into a cluster. */

import { run, stream } from './command';

export interface Image {
  /** With registry and tag. */
  readonly name: string;
  /** Path of a docker archive. */
  readonly archive: string;
}

export interface Loader {
  load(images: readonly Image[]): Promise<void>;
}

/** Into a node's containerd, with `ctr` unless E2E_IMPORT names another command that takes an archive, as for several nodes. */
const containerd: Loader = {
  load: async (images) => {
    const [command, ...args] = (process.env.E2E_IMPORT ?? 'ctr --namespace k8s.io images import').split(' ');
    for (const { archive } of images) await stream(command!, [...args, archive]);
  },
};

/** Into every node of the kind cluster E2E_KIND_CLUSTER (default: kind). */
const kind: Loader = {
  load: (images) => stream('kind', ['load', 'image-archive', ...images.map(({ archive }) => archive), '--name', process.env.E2E_KIND_CLUSTER ?? 'kind']),
};

/** Into the registry E2E_REGISTRY, from which the nodes pull; the values must name it too (images.registry). */
const registry: Loader = {
  load: async (images) => {
    const target = process.env.E2E_REGISTRY;
    if (!target) throw new Error('E2E_REGISTRY: the loader "registry" needs the registry’s name');
    for (const { name, archive } of images)
      await run('skopeo', ['copy', `docker-archive:${archive}`, `docker://${target}/${name.replace(/^localhost\//, '')}`]);
  },
};

const loaders: Readonly<Record<string, Loader>> = { containerd, kind, registry };

/** The loader that E2E_LOADER names; containerd if it names none. */
export function loader(name = process.env.E2E_LOADER ?? 'containerd'): Loader {
  const found = loaders[name];
  if (!found) throw new Error(`E2E_LOADER: there is no loader "${name}"; known: ${Object.keys(loaders).join(', ')}`);
  return found;
}
