/** `maas-k8s logs`: of a process, over all its pods, by the name that MAAS gives it. */

import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { cluster, type Cluster, type ClusterOptions } from '../cluster/cluster';
import { partsNamed, type Part } from '../cluster/names';
import { Failure, messageOf } from '../failure';
import { partOfMaas } from '../kubernetes/kubernetes';
import type { Pod } from '../kubernetes/types';
import { colours, say } from '../output/terminal';
import { sleep } from '../time';

export interface LogOptions extends ClusterOptions {
  readonly follow?: boolean;
  readonly previous?: boolean;
  readonly timestamps?: boolean;
  /** Lines per container. */
  readonly tail?: number;
  /** Milliseconds. */
  readonly since?: number;
  /** Ends what follows; else nothing does but the end of the program. */
  readonly until?: AbortSignal;
}

/** Lines per container, where several are asked for and nothing is said about how many. */
const few = 20;

/** Milliseconds between two looks for containers that are new. */
const interval = 2000;

export async function logs(names: readonly string[], options: LogOptions): Promise<void> {
  const place = await cluster(options);
  const pods = await place.kubernetes.list('pods', partOfMaas);
  const found = partsNamed(names, pods);
  if (found.length === 0 && !options.follow)
    throw new Failure(`there is no ${names.length > 0 ? names.join(' or ') : 'MAAS'} in namespace ${place.namespace}; maas-k8s status says what there is`);
  const writer = new Writer(found.length > 1 || Boolean(options.follow));
  if (options.follow) {
    await followAll(place, names, options, writer);
    return;
  }
  const tail = options.tail ?? (found.length > 1 && options.since === undefined ? few : undefined);
  for (const part of found) {
    try {
      await writer.copy(part, await open(place, part, { ...options, tail }));
    } catch (error) {
      say(`${label(part)}: ${messageOf(error)}`);
    }
  }
}

const label = ({ pod, container }: Part): string => `${pod}/${container}`;

/** @param after time from which on lines are wanted: where a stream that was lost is taken up again */
function open({ access, kubernetes }: Cluster, { pod, container }: Part, options: LogOptions, after?: Date): Promise<IncomingMessage> {
  const query = new URLSearchParams({ container });
  if (options.follow) query.set('follow', 'true');
  if (options.previous) query.set('previous', 'true');
  if (options.timestamps) query.set('timestamps', 'true');
  if (after !== undefined) query.set('sinceTime', after.toISOString());
  else {
    if (options.tail !== undefined) query.set('tailLines', String(options.tail));
    if (options.since !== undefined) query.set('sinceSeconds', String(Math.max(1, Math.ceil(options.since / 1000))));
  }
  return access.follow(`${kubernetes.path('pods', pod)}/log?${query.toString()}`);
}

/** Until Ctrl-C, or `until` is aborted: containers that come are followed too, and one whose stream is lost is taken up where it was. */
async function followAll(place: Cluster, names: readonly string[], options: LogOptions, writer: Writer): Promise<void> {
  const followed = new Set<string>();
  const lost = new Map<string, Date>();
  const tail = options.tail ?? (options.since === undefined ? few : undefined);
  let away = '';
  while (!options.until?.aborted) {
    try {
      const pods = await place.kubernetes.list('pods', partOfMaas);
      away = '';
      for (const part of partsNamed(names, pods).filter((one) => !followed.has(label(one)) && hasLog(pods, one))) {
        const name = label(part);
        const after = lost.get(name);
        // Its end has been read.
        if (after !== undefined && !runs(pods, part)) continue;
        followed.add(name);
        void (async () => {
          try {
            await writer.copy(part, await open(place, part, { ...options, tail }, after));
          } catch (error) {
            say(`${name}: ${messageOf(error)}`);
          }
          lost.set(name, new Date());
          followed.delete(name);
        })();
      }
    } catch (error) {
      if (!(error instanceof Failure) || error.exitCode === 2) throw error;
      if (error.message !== away) say(error.message);
      away = error.message;
    }
    await sleep(interval);
  }
}

const stateOf = (pods: readonly Pod[], { pod, container }: Part) => {
  const status = pods.find(({ metadata }) => metadata?.name === pod)?.status;
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].find(({ name }) => name === container)?.state;
};
const runs = (pods: readonly Pod[], part: Part): boolean => stateOf(pods, part)?.running !== undefined;
const hasLog = (pods: readonly Pod[], part: Part): boolean => runs(pods, part) || stateOf(pods, part)?.terminated !== undefined;

class Writer {
  readonly #colours = colours();
  readonly #shades = [this.#colours.cyan, this.#colours.magenta, this.#colours.yellow, this.#colours.green, this.#colours.blue];
  readonly #shade = new Map<string, (text: string) => string>();

  constructor(private readonly several: boolean) {}

  /** Writes whole lines, so that streams do not mix within one. */
  async copy(part: Part, stream: IncomingMessage): Promise<void> {
    const prefix = this.several ? `${this.#colour(part)(label(part))} ` : '';
    stream.on('error', () => undefined);
    for await (const line of createInterface({ input: stream })) process.stdout.write(`${prefix}${line}\n`);
  }

  #colour({ container }: Part): (text: string) => string {
    const known = this.#shade.get(container) ?? this.#shades[this.#shade.size % this.#shades.length]!;
    this.#shade.set(container, known);
    return known;
  }
}
