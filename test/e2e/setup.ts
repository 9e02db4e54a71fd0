/** Before the cluster tests: the images, on a base with the stand-ins, into the cluster. */

import { mkdirSync, rmSync } from 'node:fs';
import { defaults } from '../../charts/tables/valuesfile';
import { findBuilder } from '../../cli/build';
import { seconds } from './cluster';
import { run, stream } from './command';
import { loader } from './loader';

const archives = 'build/images';

/** What images are built on, and where Go comes from; see CONTRIBUTING.md. */
const base = process.env.E2E_BASE_IMAGE ?? 'docker.io/library/debian:12';
const hostGo = process.env.E2E_HOST_GO;

const doubles = 'localhost/maas-doubles:bookworm';
const postgres = 'localhost/maas-postgres:15-debian';
const golang = 'localhost/golang:host';

export default async function setup(): Promise<void> {
  const builder = await findBuilder(process.env.E2E_BUILDER);
  const [program, ...options] = builder.command;
  const image = async (name: string, context: string, ...flags: string[]): Promise<void> => {
    const started = Date.now();
    await run(program, [...options, ...builder.build, '--tag', name, ...flags, context]);
    console.log(`${name}  ${String(seconds(started))} s`);
  };

  await run('npm', ['run', '--silent', 'bundle']);
  await image(doubles, 'test/doubles', '--build-arg', `BASE_IMAGE=${base}`);
  await image(postgres, 'test/doubles/postgres', '--build-arg', `BASE_IMAGE=${base}`);
  if (hostGo)
    await image(
      golang,
      hostGo,
      '--file',
      'test/images/golang/Dockerfile',
      '--build-arg',
      `BASE_IMAGE=${base}`,
      '--build-context',
      'certificates=/etc/ssl/certs',
    );

  const buildArgs = [`BASE_IMAGE=${doubles}`, `toolbox:BASE_IMAGE=${base}`, 'MAAS_PPA=', ...(hostGo ? [`GO_IMAGE=${golang}`] : [])];
  await stream('node', [
    'build/maas-k8s.js',
    'build',
    '--source',
    '.',
    '--builder',
    builder.command.join(' '),
    '--save',
    archives,
    ...buildArgs.flatMap((arg) => ['--build-arg', arg]),
  ]);

  mkdirSync(archives, { recursive: true });
  const database = `${archives}/maas-postgres.tar`;
  rmSync(database, { force: true });
  await run(program, [...options, ...builder.save(postgres, database)]);

  const started = Date.now();
  const { images } = defaults();
  const ours = [images.toolbox, images.region, images.rack].map(({ repository, tag }) => ({
    name: `${images.registry}/${repository}:${tag}`,
    archive: `${archives}/${repository}.tar`,
  }));
  await loader().load([...ours, { name: postgres, archive: database }]);
  console.log(`images loaded  ${String(seconds(started))} s`);
}
