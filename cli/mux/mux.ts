/** `maas-k8s mux`: the service manager that MAAS asks, and the health of every container, one per pod. */

import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import type { ListenOptions } from 'node:net';
import { ports } from '../../charts/tables/ports';
import { processesOf } from '../../charts/tables/processes';
import { muxSocket, pebbleSocket, volumes } from '../../charts/tables/volumes';
import type { Environment } from '../environment';
import { Failure, messageOf } from '../failure';
import { log } from '../log';
import { sleep } from '../time';
import { reportPath } from '../wait/report';
import { Api } from './api';
import { HealthCache, type Level } from './health';
import { Keeper, rhythm as usualRhythm, type Rhythm } from './keeper';
import { Member } from './member';
import { Renewal } from './renewal';
import { Wanted } from './wanted';

export interface MuxOptions {
  readonly without: readonly string[];
  /** All addresses unless given: the kubelet asks the pod's first one, which may be of IPv6. */
  readonly healthAddress?: string;
  /** For tests: what stands for /, the health port, and how often the keepers look. */
  readonly root?: string;
  readonly healthPort?: number;
  readonly rhythm?: Rhythm;
  /** That of `maas-k8s config`; without it nothing is taken over from a changed Secret. */
  readonly environment?: Environment;
}

export interface Mux {
  readonly healthPort: number;
  close(): Promise<void>;
}

export async function mux(pod: string, options: MuxOptions): Promise<void> {
  const running = await startMux(pod, options);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      void running.close().finally(() => process.exit(0));
    });
  }
}

/** @throws Failure for a pod or a process that is not in the table */
export async function startMux(
  pod: string,
  { without, healthAddress, root = '', healthPort = ports.health.number, rhythm = usualRhythm, environment = process.env }: MuxOptions,
): Promise<Mux> {
  if (pod !== 'region' && pod !== 'rack') throw new Failure(`"${pod}" is not a pod; it must be region or rack`);
  const processes = processesOf(pod);
  for (const name of without) {
    if (!processes.some((process) => process.name === name)) {
      throw new Failure(`--without ${name}: the ${pod} has no such process; it has ${processes.map((process) => process.name).join(', ')}`);
    }
  }

  const wanted = new Wanted(join(root, volumes.services.path, 'wanted.json'));
  const members = processes.map(
    (process) =>
      new Member({
        process,
        wanted,
        deployed: !without.includes(process.name),
        socket: `${root}${pebbleSocket(process.name)}`,
        report: reportPath(process.name, root),
      }),
  );
  const health = new HealthCache(members);

  const socket = `${root}${muxSocket}`;
  rmSync(socket, { force: true });
  const services = new Api(members, health, 'maas-k8s').server();
  await listen(services, { path: socket });
  // Whoever may write to it may stop a pod's daemons. MAAS's own processes are root here, squid and rsyslogd are not.
  chmodSync(socket, 0o600);
  const probes = healthServer(health);
  await listen(probes, { host: healthAddress, port: healthPort });

  const stopped = new AbortController();
  const every = (look: () => unknown): Promise<void> => repeat(look, rhythm.look, stopped.signal);
  const loops = members
    .filter(({ deployed }) => deployed)
    .map((member) => {
      const keeper = new Keeper(member, rhythm);
      return every(() => keeper.look());
    });
  if (environment['MAAS_URL'] !== undefined) {
    const renewal = new Renewal(pod, environment, root);
    loops.push(
      every(() => {
        renewal.look();
      }),
    );
  }
  const address = probes.address();
  const port = typeof address === 'object' && address !== null ? address.port : healthPort;
  log(
    `service manager of the ${pod} on ${socket}, health on ${healthAddress === undefined ? 'port ' : `${healthAddress}:`}${String(port)}${without.length > 0 ? `, without ${without.join(', ')}` : ''}`,
  );
  return {
    healthPort: port,
    async close() {
      stopped.abort();
      await Promise.all([close(services), close(probes), ...loops]);
    },
  };
}

/** Until the signal; a look that fails is told, and the next one follows. */
async function repeat(look: () => unknown, interval: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await look();
    } catch (error) {
      log(messageOf(error));
    }
    await sleep(interval, signal);
  }
}

function healthServer(health: HealthCache): Server {
  return createServer((request, response) => {
    const [, level, name, ...rest] = (request.url ?? '').split('?')[0]?.split('/') ?? [];
    const known = (level === 'alive' || level === 'ready') && name !== undefined && rest.length === 0;
    const answer = known ? health.get(level satisfies Level, name) : undefined;
    const reply = (status: number, text: string): void => {
      response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text.replace(/\s+/g, ' ')}\n`);
    };
    if (answer === undefined) {
      reply(404, 'ask for /alive/<process> or /ready/<process>');
      return;
    }
    void answer.then(
      ({ ok, reason }) => {
        reply(ok ? 200 : 503, reason);
      },
      (error: unknown) => {
        reply(503, messageOf(error));
      },
    );
  });
}

const listen = (server: Server, address: ListenOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, resolve);
  });

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
