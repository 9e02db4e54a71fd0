/** `maas-k8s build`: makes the images out of a checkout, with whatever builds images here. */

import { spawn } from 'node:child_process';
import { accessSync, chmodSync, constants, copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, delimiter, join, resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { Failure } from './failure';
import { loaderFor, type Loader } from './images/loader';
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
  /** Whether to load them into the current cluster, where that is one of this machine. */
  readonly load: boolean;
  /** A command that takes an archive into the cluster, where the cluster is none of the known ones. */
  readonly import?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly source: string;
  readonly verbose?: boolean;
}

/** What differs between the programs that build images. */
interface Builder {
  readonly command: readonly [string, ...string[]];
  readonly build: readonly string[];
  readonly size: (name: string) => readonly string[];
  readonly save: (name: string, archive: string) => readonly string[];
}

const inspect = (name: string): string[] => ['image', 'inspect', '--format', '{{.Size}}', name];
const kinds: Readonly<Record<string, Omit<Builder, 'command'>>> = {
  docker: { build: ['build'], size: inspect, save: (name, archive) => ['save', '--output', archive, name] },
  podman: { build: ['build'], size: inspect, save: (name, archive) => ['save', '--format', 'docker-archive', '--output', archive, name] },
  buildah: {
    // Without --force-rm it leaves a container behind for each stage that is only copied from.
    build: ['build', '--layers', '--force-rm'],
    size: (name) => ['images', '--format', '{{.Size}}', name],
    save: (name, archive) => ['push', '--quiet', name, `docker-archive:${archive}:${name}`],
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

interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** Runs a command to its end; `verbose` shows its output as it comes. */
function run([command, ...args]: readonly string[], verbose = false, folder?: string): Promise<Outcome> {
  return new Promise((settle, fail) => {
    const child = spawn(command!, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        if (verbose) process.stderr.write(chunk);
      });
    }
    child.on('error', (error) => {
      fail(new Failure(`${command!}: ${error.message}`));
    });
    child.on('close', (code, signal) => {
      settle({ code: code ?? 1, output: Buffer.concat(chunks).toString() + (signal ? `\nended by ${signal}` : '') });
    });
  });
}

const lastLines = (output: string): string => output.trimEnd().split('\n').slice(-20).join('\n');

/** @throws Failure that says what was done, and the last lines of output unless they were shown */
async function succeed(what: string, command: readonly string[], verbose = false, folder?: string): Promise<string> {
  const { code, output } = await run(command, verbose, folder);
  if (code === 0) return output;
  const shown = verbose ? '' : `\n${lastLines(output)}`;
  throw new Failure(`${what}: ${basename(command[0]!)} ended with exit code ${String(code)}${shown}`);
}

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
  await succeed('bundle', [process.execPath, join(contextOf(source, 'toolbox'), 'bundle.mjs')], verbose, source);
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

/** The cluster that images are loaded into, if there is one. */
async function currentLoader({ load, import: own, kubeconfig, context }: Options): Promise<Loader | undefined> {
  if (own !== undefined) return loaderFor('', [], own);
  if (!load) return undefined;
  try {
    const { access } = await import('./kubernetes/access.js');
    const way = await access({ kubeconfig, context });
    const named = loaderFor(way.context, []);
    if (named !== undefined) return named;
    const { body } = await way.transport('GET', '/api/v1/nodes');
    return loaderFor(
      way.context,
      (body as { items: { metadata: { name: string } }[] }).items.map(({ metadata }) => metadata.name),
    );
  } catch {
    // Images are of use without a cluster, too.
    return undefined;
  }
}

/** @param given options of the verb; the others have their defaults */
export async function buildImages(given: Partial<Options>): Promise<void> {
  const options: Options = { only: [], buildArg: [], load: true, source: resolve(__dirname, '..'), ...given };
  const source = resolve(options.source);
  if (!existsSync(contextOf(source, 'toolbox'))) throw new Failure(`${source} is not a checkout of maas-k8s; name one with --source`);
  const { defaults } = await import('../charts/tables/valuesfile.js');
  const { images: chart } = defaults();
  const nameOf = (image: Image): string => `${options.registry ?? chart.registry}/${chart[image].repository}:${options.tag ?? chart[image].tag}`;
  const wanted = images.filter((image) => options.only.length === 0 || options.only.includes(image));
  checkBuildArgs(source, options.buildArg, wanted);
  const builder = await findBuilder(options.builder);
  const builderRuns = (...args: readonly string[]): string[] => [...builder.command, ...args];

  const loader = await currentLoader(options);
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
      await succeed(`image ${image}`, builderRuns(...builder.build, '--tag', name, ...flags, contextOf(source, image)), options.verbose);
      const size = (await succeed(`image ${image}`, builderRuns(...builder.size(name)))).trim().split('\n')[0]!;
      process.stdout.write(`${options.verbose ? `${name}  ` : ''}${printSize(size)}  ${printSeconds(Date.now() - started)}\n`);
    } catch (error) {
      if (!options.verbose) process.stdout.write('\n');
      throw error;
    }
    if (save !== undefined) {
      mkdirSync(save, { recursive: true });
      const archive = join(resolve(save), `${basename(chart[image].repository)}.tar`);
      // Builders refuse to write over an archive, or add to it.
      rmSync(`${archive}.new`, { force: true });
      await succeed(`archive of ${image}`, builderRuns(...builder.save(name, `${archive}.new`)), options.verbose);
      renameSync(`${archive}.new`, archive);
      process.stdout.write(`  ${archive}\n`);
      if (loader !== undefined) {
        await succeed(`loading ${name} into ${loader.name}`, loader.command(archive), options.verbose);
        process.stdout.write(`  loaded into ${loader.name}\n`);
      }
    }
  }
}

const examples = `
Examples:
  maas-k8s build                                        the three images, as the chart expects them
  maas-k8s build --registry ghcr.io/me/maas --tag 3.7-1
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
    .option('--registry <name>', 'registry and path in front of the names (default: the chart’s)')
    .option('--tag <tag>', 'tag (default: the chart’s)')
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
    .option('--no-load', 'do not load them into the current cluster, where that is kind, k3d, minikube or containerd on this machine')
    .option('--import <command>', 'load them with this command, which is given an archive')
    .option('--source <folder>', 'the checkout', resolve(__dirname, '..'))
    .option('--verbose', 'show what the builder says')
    .addHelpText('after', examples)
    .action(async (_options: object, command: Command) => {
      await buildImages(command.optsWithGlobals());
    });
}
