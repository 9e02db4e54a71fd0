/** `maas-k8s support-bundle`: what somebody who helps wants to see, in one file, without secrets. */

import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { stringify } from 'yaml';
import { cluster, type Cluster, type ClusterOptions } from '../cluster/cluster';
import { Failure, messageOf } from '../failure';
import { libraries } from '../kubernetes/access';
import { decode, partOfMaas } from '../kubernetes/kubernetes';
import type { Kinds, Node, Pod, SecretObject } from '../kubernetes/types';
import { interruptible } from '../output/interrupt';
import { progress as makeProgress } from '../output/progress';
import { say } from '../output/terminal';
import { pebble, withMux } from '../services/services';
import { look } from '../status/evidence';
import { page } from '../status/page';
import { colours } from '../output/terminal';
import { redactor, type Known } from './redact';

export interface BundleOptions extends ClusterOptions {
  readonly file?: string;
  /** Lines per container. */
  readonly tail: number;
}

/** Whole objects of these kinds; of Secrets only which keys they have. */
const kinds = [
  'pods',
  'deployments',
  'daemonsets',
  'statefulsets',
  'jobs',
  'cronjobs',
  'services',
  'persistentvolumeclaims',
  'configmaps',
  'serviceaccounts',
  'roles',
  'rolebindings',
  'poddisruptionbudgets',
  'networkpolicies',
  'events',
] as const satisfies readonly (keyof Kinds)[];

type Entry = readonly [name: string, content: string];

export async function supportBundle(options: BundleOptions): Promise<void> {
  interruptible('the file is not whole; run it again');
  const place = await cluster(options);
  const file = options.file ?? `maas-support-${new Date().toISOString().replace(/[-:]|\..*/g, '')}.tar.gz`;
  const progress = await makeProgress();
  try {
    progress.step('reading which secrets there are, to take them out');
    const secrets = await secretsIn(place);
    const redact = redactor(secrets.known);
    const entries: Entry[] = [];
    const add = async (name: string, read: () => Promise<string>): Promise<void> => {
      progress.step(name);
      let content: string;
      try {
        content = await read();
      } catch (error) {
        content = `not read: ${messageOf(error)}\n`;
      }
      entries.push([name, redact(content)]);
    };
    await add('status.txt', async () => `${await page(await look(place), colours(process.stderr))}\n`);
    await add('status.yaml', async () => stringify(await look(place)));
    await add('version.yaml', async () => stringify(await place.kubernetes.send('GET', '/version', 'ask for the version')));
    await add('nodes.yaml', async () => stringify(lean((await place.kubernetes.send<{ items: Node[] }>('GET', '/api/v1/nodes', 'list nodes')).items)));
    await add('objects/secrets.yaml', () => Promise.resolve(stringify(secrets.shapes)));
    for (const kind of kinds) await add(`objects/${kind}.yaml`, async () => stringify(lean(await place.kubernetes.list(kind))));
    const pods = await place.kubernetes.list('pods', partOfMaas);
    for (const pod of withMux(pods)) await add(`services/${nameOf(pod)}.txt`, () => pebble(place, nameOf(pod), ['services', '--abs-time']));
    for (const pod of pods) {
      for (const { name, restarts } of containersOf(pod)) {
        await add(`logs/${nameOf(pod)}/${name}.log`, () => place.kubernetes.logTail(nameOf(pod), name, options.tail));
        if (restarts > 0) await add(`logs/${nameOf(pod)}/${name}.before.log`, () => place.kubernetes.logTail(nameOf(pod), name, options.tail, true));
      }
    }
    await write(file, entries);
    progress.done(`${file}: ${String(entries.length)} files; ${String(secrets.known.length)} secrets were looked for and taken out`);
    say('look through it before you send it: host names, addresses and what your logs say are still in it');
  } finally {
    progress.end();
  }
}

const nameOf = ({ metadata }: Pod): string => metadata?.name ?? '';

const containersOf = ({ status }: Pod): { name: string; restarts: number }[] =>
  [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].map(({ name, restartCount }) => ({ name, restarts: restartCount }));

/** Without what only machines read. */
const lean = (objects: readonly object[]): unknown =>
  objects.map((object) => {
    const { metadata, ...rest } = object as { metadata?: { managedFields?: unknown; annotations?: Record<string, string> } };
    const { managedFields, annotations, ...kept } = metadata ?? {};
    const { 'kubectl.kubernetes.io/last-applied-configuration': applied, ...others } = annotations ?? {};
    return { metadata: { ...kept, annotations: others, left: [managedFields, applied].filter((one) => one !== undefined).length }, ...rest };
  });

/** Every Secret of the namespace: its values, to be taken out, and its shape. @throws Failure when they cannot be read, for then nothing is safe */
async function secretsIn({ kubernetes }: Cluster): Promise<{ readonly known: Known[]; readonly shapes: unknown }> {
  let objects: readonly SecretObject[];
  try {
    objects = await kubernetes.list('secrets');
  } catch (error) {
    throw new Failure(`the Secrets cannot be read, so they could not be taken out of the bundle: ${messageOf(error)}`);
  }
  const known = objects.flatMap(({ metadata, data }) =>
    Object.entries(decode(data))
      // Names and addresses are no secrets, and would make the rest unreadable.
      .filter(([key, value]) => !['username', 'email', 'host', 'namespace', 'ca.crt'].includes(key) && value !== '')
      .map(([key, value]) => ({ name: `Secret ${metadata?.name ?? ''}, key ${key}`, value })),
  );
  const shapes = objects.map(({ metadata, type, data }) => ({
    name: metadata?.name,
    type,
    labels: metadata?.labels,
    keys: Object.fromEntries(Object.entries(decode(data)).map(([key, value]) => [key, `${String(value.length)} characters`])),
  }));
  return { known, shapes };
}

async function write(file: string, entries: readonly Entry[]): Promise<void> {
  const { pack } = await libraries();
  const archive = pack();
  const folder = 'maas-support';
  const written = pipeline(archive, createGzip(), createWriteStream(file, { mode: 0o600 }));
  for (const [name, content] of entries) archive.entry({ name: `${folder}/${name}`, mode: 0o600 }, content);
  archive.finalize();
  await written;
}
