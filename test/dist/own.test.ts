/** What users may not add to a pod is what the chart itself puts there: no more, and no less. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { processesOf } from '../../charts/tables/processes';
import { parts } from '../../charts/tables/rules';
import { rackContents } from '../../cli/config/config';
import { Variables } from '../../cli/environment';
import { folder } from '../cli/folder';
import { containers, podSpec, podTemplate, type KubernetesObject } from '../kubernetes/objects';
import { refusals } from './outcome';
import { plainObjects } from './synth';

const pods = plainObjects().filter((object) => podSpec(object));

const componentOf = (object: KubernetesObject): string => podTemplate(object)!.metadata.labels['app.kubernetes.io/component'] as string;
const those = (part: string): KubernetesObject[] =>
  pods.filter((object) => componentOf(object) === part || (part === 'jobs' && ['bootstrap', 'reconcile', 'registration'].includes(componentOf(object))));
const listed = (part: string, list: string, key: string): string[] =>
  those(part)
    .flatMap(containers)
    .flatMap((container) => (container[list] ?? []) as KubernetesObject[])
    .map((element) => element[key] as string);

const sorted = (names: readonly string[]): string[] => [...new Set(names)].sort();

/** What `maas-k8s config` writes into the Pebble layers of racks. */
function layers(): Readonly<Record<string, string>> {
  const secret = join(folder(), 'secret');
  writeFileSync(secret, '0'.repeat(32));
  return rackContents(new Variables({ MAAS_URL: 'http://maas:5240/MAAS', REGION_SECRET_FILE: secret, NODE_NAME: 'node', RACK_POOL: 'pool', RACK_CACHE_GIGABYTES: '1' })).environment;
}

test('every pod belongs to a part', () => {
  expect(parts.flatMap(([part]) => those(part))).toHaveLength(pods.length);
});

test.each(parts)('%s: containers, variables, folders and volumes', (part, _values, own) => {
  const processes = part === 'region' || part === 'rack' ? processesOf(part) : [];
  const variables = [
    ...listed(part, 'env', 'name'),
    ...processes.flatMap(({ environment }) => Object.keys(environment)),
    ...(part === 'rack' ? Object.keys(layers()) : []),
  ];
  const folders = listed(part, 'volumeMounts', 'mountPath');
  const volumes = those(part).flatMap((object) => ((podSpec(object)!.volumes ?? []) as KubernetesObject[]).map(({ name }) => name as string));
  expect({ containers: sorted(own.containers), variables: sorted(own.variables), folders: sorted(own.folders) }).toEqual({
    containers: sorted(those(part).flatMap(containers).map(({ name }) => name as string)),
    variables: sorted(variables),
    folders: sorted(folders),
  });
  for (const name of variables)
    expect(refusals({ [part]: { extraEnv: [{ name }] } })).toEqual([`${part}.extraEnv[0].name: "${name}" is a variable of the chart itself; leave it out, or choose another name`]);
  for (const mountPath of folders)
    expect(refusals({ [part]: { extraVolumes: [{ name: 'x' }], extraVolumeMounts: [{ name: 'x', mountPath }] } })).toEqual([
      `${part}.extraVolumeMounts[0].mountPath: "${mountPath}" is a folder of the chart itself; choose another one, or a single file in it by subPath`,
    ]);
  for (const name of sorted(volumes)) expect(refusals({ [part]: { extraVolumes: [{ name }] } })).toHaveLength(1);
});
