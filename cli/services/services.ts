/** `maas-k8s services`: the services of every pod as MAAS sees them, and a hand on them, through the pod's mux. */

import { Type, type Static } from '@sinclair/typebox';
import { processes } from '../../charts/tables/processes';
import { muxSocket } from '../../charts/tables/volumes';
import { cluster, type Cluster, type ClusterOptions } from '../cluster/cluster';
import { Failure, messageOf, Misuse } from '../failure';
import { partOfMaas } from '../kubernetes/kubernetes';
import type { Pod } from '../kubernetes/types';
import { print, printSchema, type Form } from '../output/structured';
import { table } from '../output/table';
import { colours, say } from '../output/terminal';

export interface ServicesOptions extends ClusterOptions {
  readonly pod?: string;
  readonly output?: Form;
  readonly dryRun?: boolean;
}

export const actions = ['list', 'start', 'stop', 'restart'] as const;
export type Action = (typeof actions)[number];

const text = Type.String();
export const servicesSchema = Type.Object(
  {
    apiVersion: Type.Literal('maas-k8s.io/v1'),
    kind: Type.Literal('Services'),
    services: Type.Array(
      Type.Object(
        {
          pod: text,
          service: Type.String({ description: 'what MAAS calls it' }),
          startup: Type.String({ description: 'enabled: by Pebble; disabled: when MAAS wants it' }),
          current: Type.String({ description: 'active, inactive, backoff or error' }),
          since: Type.Union([text, Type.Null()]),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { $id: 'https://maas-k8s.io/schemas/v1/services.json', title: 'Services', additionalProperties: false },
);
type Row = Static<typeof servicesSchema>['services'][number];

const componentOf = (pod: Pod): string => pod.metadata?.labels?.['app.kubernetes.io/component'] ?? '';

/** Pods with a mux that runs. */
export const withMux = (pods: readonly Pod[]): Pod[] =>
  pods.filter(
    (pod) =>
      ['region', 'rack'].includes(componentOf(pod)) &&
      pod.metadata?.deletionTimestamp === undefined &&
      pod.status?.containerStatuses?.some(({ name, state }) => name === 'services' && state?.running !== undefined),
  );

/** Runs Pebble's own client against the mux. @throws Failure with what it said */
export async function pebble({ access, namespace }: Cluster, pod: string, args: readonly string[], timeout?: number): Promise<string> {
  const { code, stdout, stderr } = await access.exec(namespace, pod, 'services', ['env', `PEBBLE_SOCKET=${muxSocket}`, 'pebble', ...args], timeout);
  if (code !== 0) throw new Failure(`${pod}: pebble ${args.join(' ')}: ${(stderr || stdout).trim().split('\n')[0] ?? `exit code ${String(code)}`}`);
  return stdout;
}

/** The table that `pebble services --abs-time` prints. */
export const parse = (pod: string, printed: string): Row[] =>
  printed
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .map(([service = '', startup = '', current = '', since = '-']) => ({ pod, service, startup, current, since: since === '-' ? null : since }));

export async function services(action: Action, names: readonly string[], options: ServicesOptions): Promise<void> {
  if (options.output === 'schema') {
    printSchema(servicesSchema);
    return;
  }
  const wanted = names.map(serviceNamed);
  if (action !== 'list' && wanted.length === 0) throw new Misuse(`which services shall be ${action}ed? maas-k8s services lists them`);
  const place = await cluster(options);
  const found = await place.kubernetes.list('pods', partOfMaas);
  const pods = withMux(found).filter(({ metadata }) => options.pod === undefined || metadata?.name === options.pod);
  if (pods.length === 0)
    throw new Failure(
      options.pod === undefined
        ? `no pod of a MAAS runs in namespace ${place.namespace}`
        : `there is no pod ${options.pod} with services in namespace ${place.namespace}`,
    );
  const answers = await Promise.all(
    pods.map(async ({ metadata }) => {
      const pod = metadata?.name ?? '';
      try {
        return parse(pod, await pebble(place, pod, ['services', '--abs-time']));
      } catch (error) {
        say(messageOf(error));
        return [];
      }
    }),
  );
  const rows = answers.flat().filter(({ service }) => wanted.length === 0 || wanted.includes(service));
  if (action === 'list') await show(rows, options.output);
  else await act(action, rows, place, options);
}

/** @throws Misuse */
function serviceNamed(name: string): string {
  const found = processes.find((process) => process.service === name) ?? processes.find((process) => process.name === name);
  if (found === undefined) throw new Misuse(`"${name}" is no service; there are ${[...new Set(processes.map(({ service }) => service))].sort().join(', ')}`);
  return found.service;
}

async function show(rows: Row[], form: Exclude<Form, 'schema'> | undefined): Promise<void> {
  if (form !== undefined) {
    await print(form, { apiVersion: 'maas-k8s.io/v1', kind: 'Services', services: rows } satisfies Static<typeof servicesSchema>);
    return;
  }
  const colour = colours();
  const shade = (current: string): string => (current === 'active' ? colour.green(current) : current === 'inactive' ? current : colour.red(current));
  process.stdout.write(
    `${await table(
      rows.map(({ pod, service, startup, current, since }) => [pod, service, startup, shade(current), since ?? '']),
      ['POD', 'SERVICE', 'STARTUP', 'CURRENT', 'SINCE'],
    )}\n`,
  );
}

async function act(action: Exclude<Action, 'list'>, rows: readonly Row[], place: Cluster, { dryRun }: ServicesOptions): Promise<void> {
  if (rows.length === 0) throw new Failure('no pod has such a service');
  for (const { pod, service, current } of rows) say(`${dryRun ? 'would ' : ''}${action} ${service} in ${pod} (now ${current})`);
  if (dryRun) return;
  if (action === 'stop') say('MAAS looks after its services every 30 s and starts again what should run');
  for (const pod of new Set(rows.map((row) => row.pod))) {
    const names = rows.filter((row) => row.pod === pod).map(({ service }) => service);
    await pebble(place, pod, [action, ...names], 120_000);
  }
}
