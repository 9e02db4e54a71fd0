/** `maas-k8s build`: makes the images out of a checkout, with whatever builds images here. */

import { accessSync, chmodSync, constants, copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, delimiter, join, resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Values } from '../charts/tables/values';
import { run, succeed } from './command';
import { Failure } from './failure';
import { loaderFor, type Loader } from './images/loader';
import type { Node } from './kubernetes/types';
import { nodeRuntime } from './node-runtime';
import { printSeconds } from './time';

/** In the order in which they are made: the others copy from the toolbox. */
const images = ['toolbox', 'region', 'rack'] as const;
type Image = (typeof images)[number];
const isImage = (name: string): name is Image => (images as readonly string[]).includes(name);

interface BuildArg {
  /** The only image that it is for. */
  readonly image?: Image;
  readonly key: string;
  readonly value: string;
}

interface Options {
  readonly builder?: string;
  readonly registry?: string;
  readonly tag?: string;
  readonly only: readonly Image[];
  readonly buildArg: readonly BuildArg[];
  readonly save?: string;
  /** Whether they go to their registry, from which the nodes pull; then they are loaded into no cluster. */
  readonly push?: boolean;
  /** Whether to load them into the current cluster, where that is one of this machine. */
  readonly load: boolean;
  /** A command that takes an archive into the cluster, where the cluster is none of the known ones. */
  readonly import?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly source: string;
  readonly verbose?: boolean;
  readonly values?: string;
  /** Their names, where these are known already; else those of the values. */
  readonly images?: Values['images'];
}

/** What differs between the programs that build images. */
interface Builder {
  readonly command: readonly [string, ...string[]];
  readonly build: readonly string[];
  readonly size: (name: string) => readonly string[];
  readonly save: (name: string, archive: string) => readonly string[];
  readonly push: (name: string) => readonly string[];
}

const push = (name: string): string[] => ['push', name];
const inspect = (name: string): string[] => ['image', 'inspect', '--format', '{{.Size}}', name];
const kinds: Readonly<Record<string, Omit<Builder, 'command'>>> = {
  docker: { build: ['build'], size: inspect, save: (name, archive) => ['save', '--output', archive, name], push },
  podman: { build: ['build'], size: inspect, save: (name, archive) => ['save', '--format', 'docker-archive', '--output', archive, name], push },
  buildah: {
    // Without --force-rm it leaves a container behind for each stage that is only copied from.
    build: ['build', '--layers', '--force-rm'],
    size: (name) => ['images', '--format', '{{.Size}}', name],
    save: (name, archive) => ['push', '--quiet', name, `docker-archive:${archive}:${name}`],
    push,
  },
};

/** Builders pass these into every build, declared or not. */
const predefined = /^(https?|ftp|no|all)_proxy$/i;

/** @param written [IMAGE:]KEY=VALUE */
function buildArg(written: string): BuildArg {
  const [, image, key, value] = /^(?:([a-z]+):)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(written) ?? [];
  if (key === undefined || value === undefined) throw new InvalidArgumentError('write it as KEY=VALUE, or IMAGE:KEY=VALUE for one image only.');
  if (image === undefined) return { key, value };
  if (!isImage(image)) throw new InvalidArgumentError(`"${image}" is not one of ${images.join(', ')}.`);
  return { image, key, value };
}

const onPath = (program: string): boolean =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/** @param wanted docker, podman or buildah, as a path and with options of its own if need be */
export async function findBuilder(wanted?: string): Promise<Builder> {
  if (wanted !== undefined) {
    const [program = '', ...args] = wanted.trim().split(/\s+/);
    const kind = kinds[basename(program)];
    if (!kind) throw new Failure(`--builder: "${wanted}" is not one of ${Object.keys(kinds).join(', ')}`);
    return { ...kind, command: [program, ...args] };
  }
  const unusable: string[] = [];
  for (const [program, kind] of Object.entries(kinds)) {
    if (!onPath(program)) continue;
    // The docker command alone builds nothing: it needs its daemon.
    const { code, output } = await run([program, program === 'docker' ? 'info' : '--version']);
    if (code === 0) return { ...kind, command: [program] };
    unusable.push(`${program} does not work: ${output.trim().split('\n').at(-1) ?? ''}`);
  }
  throw new Failure([`nothing that builds images was found; install one of ${Object.keys(kinds).join(', ')}`, ...unusable].join('\n'));
}

const contextOf = (source: string, image: Image): string => join(source, 'images', image);

/** The build arguments that an image's Dockerfile has. */
function declared(source: string, image: Image): ReadonlySet<string> {
  const dockerfile = readFileSync(join(contextOf(source, image), 'Dockerfile'), 'utf8');
  return new Set([...dockerfile.matchAll(/^ARG\s+([A-Za-z0-9_]+)/gm)].map(([, name]) => name!));
}

/** A mistyped argument would otherwise be passed over by the builder, and a default used in its place. */
function checkBuildArgs(source: string, args: readonly BuildArg[], wanted: readonly Image[]): void {
  for (const { image, key } of args) {
    const takers = image ? [image] : wanted;
    if (!predefined.test(key) && !takers.some((taker) => declared(source, taker).has(key))) {
      throw new Failure(`--build-arg ${key}: no such argument in the Dockerfile of ${takers.join(', ')}`);
    }
  }
}

/** Bundles the program and puts it, and the node that runs it, where the toolbox's Dockerfile finds them. */
async function stage(source: string, verbose?: boolean): Promise<void> {
  await succeed('bundle', [process.execPath, join(contextOf(source, 'toolbox'), 'bundle.mjs')], { verbose, folder: source });
  const app = join(contextOf(source, 'toolbox'), 'app');
  mkdirSync(app, { recursive: true });
  for (const [from, name] of [
    [join(source, 'build/pod.js'), 'maas-k8s.js'],
    [await nodeRuntime(source, process.arch), 'node'],
  ] as const) {
    copyFileSync(from, join(app, `${name}.new`));
    chmodSync(join(app, `${name}.new`), 0o755);
    renameSync(join(app, `${name}.new`), join(app, name));
  }
}

const printSize = (size: string): string => (/^\d+$/.test(size) ? `${String(Math.round(Number(size) / 1e6))} MB` : size);

/** The current cluster, if there is one that answers: images are of use without one, too. */
async function currentCluster({ kubeconfig, context }: Options): Promise<{ readonly context: string; readonly nodes: readonly Node[] } | undefined> {
  try {
    const { access } = await import('./kubernetes/access.js');
    const way = await access({ kubeconfig, context });
    const { body } = await way.transport('GET', '/api/v1/nodes');
    // Who may not list nodes has none to show.
    return { context: way.context, nodes: (body as { items?: Node[] }).items ?? [] };
  } catch {
    return undefined;
  }
}

async function wantedLoader(options: Options): Promise<Loader | undefined> {
  if (options.import !== undefined) return loaderFor('', [], options.import);
  const current = options.load && !options.push ? await currentCluster(options) : undefined;
  return current && loaderFor(current.context, current.nodes);
}

const chosenValues = async (file: string | undefined): Promise<Values> =>
  (await import('../charts/tables/valuesfile.js')).loadValues(file === undefined ? process.env : { MAAS_VALUES: file }).values;

/** @param given options of the verb; the others have their defaults */
export async function buildImages(given: Partial<Options>): Promise<void> {
  const options: Options = { only: [], buildArg: [], load: true, source: resolve(__dirname, '..'), ...given };
  const source = resolve(options.source);
  if (!existsSync(contextOf(source, 'toolbox'))) throw new Failure(`${source} is not a checkout of maas-k8s; name one with --source`);
  const chart = options.images ?? (await chosenValues(options.values)).images;
  const registry = options.registry ?? chart.registry;
  const nameOf = (image: Image): string => `${registry}/${chart[image].repository}:${options.tag ?? chart[image].tag}`;
  if (options.push && /^localhost(\/|$)/.test(registry))
    throw new Failure(`--push: images of ${registry} are in no registry; name one with --registry, or in the values (images.registry)`);
  const wanted = images.filter((image) => options.only.length === 0 || options.only.includes(image));
  checkBuildArgs(source, options.buildArg, wanted);
  const builder = await findBuilder(options.builder);
  const shown = { verbose: options.verbose };
  const builderRuns = (...args: readonly string[]): string[] => [...builder.command, ...args];

  const loader = await wantedLoader(options);
  const save = options.save ?? (loader === undefined ? undefined : join(source, 'build/images'));

  if (wanted.includes('toolbox')) await stage(source, options.verbose);
  for (const image of wanted) {
    const name = nameOf(image);
    const known = declared(source, image);
    const args = new Map(image === 'toolbox' ? [] : [['TOOLBOX_IMAGE', nameOf('toolbox')]]);
    // What is for this image only wins over what is for all, whatever the order.
    for (const given of [options.buildArg.filter((arg) => !arg.image), options.buildArg.filter((arg) => arg.image === image)].flat()) {
      if (known.has(given.key) || predefined.test(given.key)) args.set(given.key, given.value);
    }
    const flags = [...args].flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]);

    const started = Date.now();
    if (!options.verbose) process.stdout.write(`${name}  `);
    try {
      await succeed(`image ${image}`, builderRuns(...builder.build, '--tag', name, ...flags, contextOf(source, image)), shown);
      const size = (await succeed(`image ${image}`, builderRuns(...builder.size(name)))).output.trim().split('\n')[0]!;
      process.stdout.write(`${options.verbose ? `${name}  ` : ''}${printSize(size)}  ${printSeconds(Date.now() - started)}\n`);
    } catch (error) {
      if (!options.verbose) process.stdout.write('\n');
      throw error;
    }
    if (options.push) {
      await succeed(`pushing ${name}`, builderRuns(...builder.push(name)), shown);
      process.stdout.write('  pushed\n');
    }
    if (save !== undefined) {
      mkdirSync(save, { recursive: true });
      const archive = join(resolve(save), `${basename(chart[image].repository)}.tar`);
      // Builders refuse to write over an archive, or add to it.
      rmSync(`${archive}.new`, { force: true });
      await succeed(`archive of ${image}`, builderRuns(...builder.save(name, `${archive}.new`)), shown);
      renameSync(`${archive}.new`, archive);
      process.stdout.write(`  ${archive}\n`);
      if (loader !== undefined) {
        await loader.load(archive, options.verbose);
        process.stdout.write(`  loaded into ${loader.name}\n`);
      }
    }
  }
}

const examples = `
Examples:
  maas-k8s build                                        the three images, as the values name them
  maas-k8s build --push                                 and into the registry that the values name
  maas-k8s build --registry ghcr.io/me/maas --tag 3.7-1 --push
  maas-k8s build --only rack --build-arg MAAS_VERSION=1:3.7.3-17676-g.12345-0ubuntu1~24.04.1
  maas-k8s build --build-arg MAAS_PPA= --build-arg region:BASE_IMAGE=mirror/ubuntu-with-maas:24.04
  maas-k8s build --save build/images                    and archives to load into a cluster
  maas-k8s build --import 'ctr -n k8s.io images import' and loads them so

Arguments (--build-arg):
  BASE_IMAGE                      what an image is built on; ubuntu:24.04
  MAAS_PPA                        where the packages come from; empty: the apt sources of the base. A base with MAAS is left as it is
  MAAS_VERSION                    exact version of the packages
  GO_IMAGE, PEBBLE_VERSION        what compiles Pebble, and which one
  GOPROXY, GOFLAGS, GOSUMDB, …    where Go modules come from
`;

export function build(): Command {
  const repeated =
    <T>(parse: (written: string) => T) =>
    (written: string, previous: readonly T[]): readonly T[] => [...previous, parse(written)];
  return new Command('build')
    .description('build the images (in a checkout)')
    .option('--builder <command>', 'docker, podman or buildah, with options of its own if need be (default: the first that works)')
    .option('--values <file>', 'values, of which the names of the images count (default: MAAS_VALUES, else values.yaml, else the defaults)')
    .option('--registry <name>', 'registry and path in front of the names (default: that of the values, images.registry)')
    .option('--tag <tag>', 'tag (default: those of the values)')
    .addOption(
      new Option('--only <image>', `one of ${images.join(', ')}; may be repeated `)
        .argParser(
          repeated((name) => {
            if (!isImage(name)) throw new InvalidArgumentError(`It is not one of ${images.join(', ')}.`);
            return name;
          }),
        )
        .default([], 'all'),
    )
    .addOption(
      new Option('--build-arg <[image:]key=value>', 'argument of the Dockerfiles, or of one; may be repeated')
        .argParser(repeated(buildArg))
        .default([], 'none'),
    )
    .option('--save <folder>', 'also write each image to <folder>/<repository>.tar, as a docker archive')
    .option('--push', 'push them to their registry, and load them into no cluster')
    .option('--no-load', 'do not load them into the current cluster, where that is kind, k3d, minikube, or k3s or containerd on this machine')
    .option('--import <command>', 'load them with this command, which is given an archive')
    .option('--source <folder>', 'the checkout', resolve(__dirname, '..'))
    .option('--verbose', 'show what the builder says')
    .addHelpText('after', examples)
    .action(async (_options: object, command: Command) => {
      await buildImages(command.optsWithGlobals());
    });
}
