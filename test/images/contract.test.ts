/** What is written in scripts, because they run where the tables are not, is the same as in the tables. */

import { readFileSync, statSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { processesOf, type Pod } from '../../charts/tables/processes';
import { defaults } from '../../charts/tables/valuesfile';
import { muxSocket, skeleton, volumes } from '../../charts/tables/volumes';

const images = resolve(__dirname, '../../images');
const read = (path: string): string => readFileSync(join(images, path), 'utf8');

const pods: readonly Pod[] = ['region', 'rack'];

/** Folders that begin empty in every pod, or are on a disk of their own. */
const begun = [volumes.locks, volumes.services, volumes.run, volumes.images, volumes.leases].map(({ path }) => path as string);

describe.each(pods)('the image of the %s', (pod) => {
  const script = read(`${pod}/install`);
  const dockerfile = read(`${pod}/Dockerfile`);

  test('keeps the content of every folder that the pod’s containers share', () => {
    const shared = new Set(processesOf(pod).flatMap(({ mounts }) => mounts.map(({ path }) => path)));
    const kept = /^\.\/skeleton (.*)$/m.exec(script)![1]!.split(' ');
    expect(kept).toEqual([...shared].filter((path) => !begun.includes(path)).sort());
  });

  test('has the folders that a start would miss', () => {
    const made = /^for folder in (.*); do mkdir/m.exec(script)![1]!.split(' ');
    const used = processesOf(pod)
      .flatMap(({ waitsFor }) => waitsFor.flatMap((fact) => (fact.kind === 'file' ? [fact.path] : [])))
      .filter((path) => path.startsWith(`${volumes.state.path}/`))
      .map((path) => path.slice(volumes.state.path.length + 1).split('/'))
      .flatMap(([folder, ...rest]) => (rest.length > 0 ? [folder] : []));
    expect(made).toEqual(expect.arrayContaining([...new Set(used)]));
  });

  test('copies from the toolbox that the chart names', () => {
    const { registry, toolbox } = defaults().images;
    expect(dockerfile).toContain(`ARG TOOLBOX_IMAGE=${registry}/${toolbox.repository}:${toolbox.tag}\n`);
  });

  test('finds MAAS’s programs: maas-agent starts maas.power from /usr/sbin by name', () => {
    expect(/^ENV PATH=(.*)$/m.exec(dockerfile)![1]!.split(':')).toEqual(expect.arrayContaining(['/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']));
  });

  test('says how its network is', () => {
    // provisioningserver/utils/network.py: the region has the pod's network, the rack the host's.
    expect(dockerfile).toContain(`ENV MAAS_VIRT=${pod === 'region' ? 'docker' : 'none'}\n`);
  });
});

test('the skeleton is where the program looks for it', () => {
  expect(read('toolbox/install/skeleton')).toContain(`skeleton=${skeleton}\n`);
});

test('systemctl asks the mux', () => {
  expect(read('toolbox/shims/systemctl')).toContain(`PEBBLE_SOCKET=${muxSocket}\n`);
});

test('everything that is run may be run', () => {
  const scripts = [
    'region/install',
    'rack/install',
    'toolbox/bin/maas-k8s',
    ...readdirSync(join(images, 'toolbox/install')).map((name) => `toolbox/install/${name}`),
  ];
  const shims = readdirSync(join(images, 'toolbox/shims')).filter((name) => !name.startsWith('maas_k8s_hostname'));
  for (const path of [...scripts, ...shims.map((name) => `toolbox/shims/${name}`)]) {
    expect(`${path} ${(statSync(join(images, path)).mode & 0o777).toString(8)}`).toBe(`${path} 755`);
    expect(read(path)).toMatch(/^#!\/(bin\/sh|usr\/bin\/env python3)\n/);
  }
});
