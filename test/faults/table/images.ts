/** Boot images: a sync that is interrupted. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesObject } from '../../e2e/cluster';
import type { Fault, World } from '../fault';
import { mirror } from '../mirror';
import { onNode } from '../lab';
import { firstPod, gone, podName, signal } from '../pods';
import { until } from '../limit';
import { itself, liveness, restarts } from './cures';

/** Makes the mirror MAAS's only source, for the release that is selected; undone afterwards. */
async function syncFrom(world: World, url: string): Promise<void> {
  const { system } = world;
  const [source] = (await system.call('boot-sources/')).body as KubernetesObject[];
  const path = `boot-sources/${String(source!.id)}/`;
  const keyring = source!.keyring_filename as string;
  const set = async (to: string): Promise<void> => {
    const { status, body } = await system.call(path, 'PUT', { url: to, keyring_filename: keyring });
    if (status !== 200) throw new Error(`PUT ${path}: HTTP ${String(status)} ${JSON.stringify(body)}`);
  };
  world.undo(() => set(source!.url as string));
  world.undo(() => forget(world));
  await system.call('boot-resources/?op=stop_import', 'POST');
  await until('no import at work', 60, async () => ((await system.call('boot-resources/?op=is_importing')).body === false ? true : undefined));
  await forget(world);
  await set(url);
}

/** Removes what has been synced. */
async function forget({ system }: World): Promise<void> {
  for (const { id } of (await system.call('boot-resources/')).body as KubernetesObject[]) await system.call(`boot-resources/${String(id)}/`, 'DELETE');
}

const startImport = (world: World): Promise<unknown> =>
  until('an import at work', 60, async () => {
    await world.system.call('boot-resources/?op=import', 'POST');
    return (await world.system.call('boot-resources/?op=is_importing')).body === true ? true : undefined;
  });

/** Every set of every resource, and there are some. */
const complete = (world: World, limitSeconds: number): Promise<boolean> =>
  until('all images complete', limitSeconds, async () => {
    const { body } = await world.system.call('boot-resources/');
    const resources = body as KubernetesObject[];
    if (resources.length === 0) throw new Error('there are none');
    for (const { id, name } of resources) {
      const { sets } = (await world.system.call(`boot-resources/${String(id)}/`)).body as { sets: Record<string, KubernetesObject> };
      const late = Object.values(sets).find((one) => one.complete !== true);
      if (late !== undefined || Object.keys(sets).length === 0) throw new Error(`${name as string}: ${String(late?.progress)} %`);
    }
    return true;
  });

const storage = '/var/lib/maas/image-storage';

const interrupted = (name: string, cure: string, replaces: readonly string[], interrupt: (world: World) => Promise<unknown>): Fault => ({
  name,
  cure,
  within: 150,
  replaces,
  make: async (world) => {
    const source = await mirror(world, { release: 'noble', megabytes: 40, seconds: 30 });
    await syncFrom(world, source.url);
    await startImport(world);
    await until('the large file is being fetched', 60, async () => (/GET \/files\/squashfs/.test(await source.log()) ? true : undefined));
    await sleep(8000);
    await interrupt(world);
    return async () => {
      await complete(world, 240);
      const log = await source.log();
      const files = await world.cluster.exec(await podName('region'), 'regiond', 'find', storage, '-type', 'f', '-size', '+1000k');
      if (files.trim().split('\n').length !== 3) throw new Error(`complete, says MAAS; of three files there are ${files}`);
      // MAAS fetches again what a new pod has lost (maasserver/start_up.py), so that in the end all is there in any case.
      const again = ['boot-kernel', 'boot-initrd'].filter((file) => log.split(`GET /files/${file} `).length > 2);
      if (again.length > 0) throw new Error(`fetched again, though it was there: ${again.join(', ')}`);
    };
  },
});

/** A small file system in the place of the region's claim: sizes of claims are not enforced everywhere. */
async function smallStorage(world: World, megabytes: number): Promise<void> {
  const { cluster } = world;
  const claim = await cluster.get('persistentvolumeclaim', 'maas-region-a-images');
  const volume = await cluster.get('persistentvolume', claim.spec.volumeName as string);
  const path = volume.spec.local?.path as string | undefined;
  if (path === undefined) throw new Error('the claim’s volume is not a folder of a node');
  const node = (await firstPod('region')).spec.nodeName as string;
  const scale = (replicas: number): Promise<string> => cluster.kubectl('scale', 'deployment/maas-region-a', `--replicas=${String(replicas)}`);
  const down = async (): Promise<void> => {
    await scale(0);
    await gone('region', 120);
  };
  world.undo(async () => {
    await down();
    await onNode(node, 'umount', path);
    await scale(1);
  });
  await down();
  await onNode(node, 'mount', '-t', 'tmpfs', '-o', `size=${String(megabytes)}m,mode=777`, 'tmpfs', path);
  await scale(1);
  await until('the region is well on the small file system', 180, async () => {
    const problems = await world.system.problems();
    if (problems.length > 0) throw new Error(problems.join('; '));
    return true;
  });
}

export const imageFaults: readonly Fault[] = [
  {
    name: 'disk of image-storage full in the middle of an image sync, then not any more',
    lab: true,
    cure: `${itself}; logs and state are on other volumes`,
    within: 60,
    replaces: ['region'],
    make: async (world) => {
      // MAAS begins only where there is room for the files and 100 MiB of boot loaders.
      await smallStorage(world, 180);
      const source = await mirror(world, { release: 'noble', megabytes: 40, seconds: 30 });
      await syncFrom(world, source.url);
      await startImport(world);
      await until('the large file is being fetched', 60, async () => (/GET \/files\/squashfs/.test(await source.log()) ? true : undefined));
      const region = await podName('region');
      await world.cluster.exec(region, 'regiond', 'sh', '-c', `dd if=/dev/zero of=${storage}/filler bs=1M 2>/dev/null; test -s ${storage}/filler`);
      await sleep(45_000);
      const problems = await world.system.podProblems();
      if (problems.length > 0) throw new Error(`with a full disk: ${problems.join('; ')}`);
      await world.cluster.exec(region, 'regiond', 'rm', `${storage}/filler`);
      return async () => {
        await complete(world, 240);
      };
    },
  },
  interrupted('a rollout of the region in the middle of an image sync', 'charts/region.ts: image-storage on a claim', ['region'], ({ cluster }) =>
    cluster.kubectl('rollout', 'restart', 'deployment/maas-region-a'),
  ),
  interrupted('database pod deleted in the middle of an image sync', liveness, ['database'], async ({ cluster }) => {
    await cluster.kubectl('delete', 'pod', 'maas-database-0');
  }),
  {
    ...interrupted('temporal and its worker killed in the middle of an image sync', restarts, [], async () => {
      const pod = await podName('region');
      for (const container of ['temporal', 'temporal-worker']) await signal(pod, container, 'KILL');
    }),
    readyWithin: 15,
  },
];
