/** Makes the images of the cluster tests, on a base with the stand-ins, and loads them into the cluster that KUBECONFIG names. Usage: make test-images */

import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { defaults } from '../../charts/tables/valuesfile';
import { findBuilder } from '../../cli/build';
import { loaderFor, type Loader } from '../../cli/images/loader';
import type { Node } from '../../cli/kubernetes/types';
import { seconds } from './cluster';
import { kubectl, run, stream } from './command';
import { next, nextTag } from './next';

const archives = 'build/images';

/** What images are built on, and where Go comes from; see CONTRIBUTING.md. */
const base = process.env.E2E_BASE_IMAGE ?? 'docker.io/library/debian:12';
const hostGo = process.env.E2E_HOST_GO;

const doubles = 'localhost/maas-doubles:bookworm';
const postgres = 'localhost/maas-postgres:15-debian';
const golang = 'localhost/golang:host';
const nextDoubles = 'localhost/maas-doubles:next';

/** How images get into the current cluster: the product's own way, or the command in E2E_IMPORT. */
async function currentLoader(): Promise<Loader> {
  const [context, nodes] = await Promise.all([kubectl('config', 'current-context'), kubectl('get', 'nodes', '-o', 'json')]);
  const found = loaderFor(context.trim(), (JSON.parse(nodes) as { items: Node[] }).items, process.env.E2E_IMPORT);
  if (!found) throw new Error(`E2E_IMPORT: there is no known way to load images into ${context.trim()}; name a command that takes an archive`);
  return found;
}

async function main(): Promise<void> {
  const loader = await currentLoader();
  const builder = await findBuilder(process.env.E2E_BUILDER);
  const [program, ...options] = builder.command;
  const image = async (name: string, context: string, args: readonly string[], ...flags: string[]): Promise<void> => {
    const started = Date.now();
    await run(program, [...options, ...builder.build, '--tag', name, ...args.flatMap((arg) => ['--build-arg', arg]), ...flags, context]);
    console.log(`${name}  ${String(seconds(started))} s`);
  };
  const maas = (args: readonly string[], ...flags: string[]): Promise<void> =>
    stream('node', [
      'build/maas-k8s.js',
      'build',
      '--source',
      '.',
      '--builder',
      builder.command.join(' '),
      '--no-load',
      '--save',
      archives,
      ...flags,
      ...args.flatMap((arg) => ['--build-arg', arg]),
    ]);
  const { images } = defaults();
  const nameOf = (kind: 'toolbox' | 'region' | 'rack'): string => `${images.registry}/${images[kind].repository}:${images[kind].tag}`;
  const archiveOf = (name: string): string => `${archives}/${name}.tar`;

  mkdirSync(archives, { recursive: true });
  await run('npm', ['run', '--silent', 'bundle']);
  await image(doubles, 'test/doubles', [`BASE_IMAGE=${base}`]);
  await image(nextDoubles, 'test/doubles', [`BASE_IMAGE=${base}`, `MAAS_VERSION=${next.version}`, `ALEMBIC_HEAD=${next.alembicHead}`]);
  await image(postgres, 'test/doubles/postgres', [`BASE_IMAGE=${base}`]);
  const certificates = ['--build-context', 'certificates=/etc/ssl/certs'];
  if (hostGo) await image(golang, hostGo, [`BASE_IMAGE=${base}`], '--file', 'test/images/golang/Dockerfile', ...certificates);

  // The next region first: an archive has the name of its repository.
  const go = hostGo ? [`GO_IMAGE=${golang}`] : [];
  await maas([`BASE_IMAGE=${base}`, ...go], '--only', 'toolbox');
  const upgrade = [`BASE_IMAGE=${nextDoubles}`, 'MAAS_PPA=', `TOOLBOX_IMAGE=${nameOf('toolbox')}`];
  await maas(upgrade, '--only', 'region', '--tag', nextTag(images.region.tag));
  renameSync(archiveOf(images.region.repository), archiveOf(`${images.region.repository}-next`));
  await maas([`BASE_IMAGE=${doubles}`, 'MAAS_PPA='], '--only', 'region', '--only', 'rack');
  rmSync(archiveOf('maas-postgres'), { force: true });
  await run(program, [...options, ...builder.save(postgres, archiveOf('maas-postgres'))]);

  const started = Date.now();
  const names = (['toolbox', 'region', 'rack'] as const).map((kind) => images[kind].repository);
  for (const name of [...names, `${images.region.repository}-next`, 'maas-postgres']) await loader.load(archiveOf(name), true);
  console.log(`images loaded  ${String(seconds(started))} s`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
