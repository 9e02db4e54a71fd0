/** A person's way to the cluster: kubeconfig, every kind of login that the Kubernetes client knows, and ways into pods through the API server. */

import { request as plain, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { request as tls, type RequestOptions } from 'node:https';
import { Duplex, PassThrough, Writable } from 'node:stream';
import { connectionProblem } from '../connect';
import { Failure, messageOf, Unreachable } from '../failure';
import { ApiRefusal, messageIn } from './kubernetes';
import { ask, type Transport } from './transport';

export interface AccessOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  /** Milliseconds for one request. */
  readonly requestTimeout?: number;
}

export interface Executed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Access {
  /** Of the kubeconfig. */
  readonly context: string;
  readonly server: string;
  /** Of the context, where it names one. */
  readonly namespace: string | undefined;
  readonly transport: Transport;
  /** Milliseconds: how long an API server that is away or overloaded is asked again. */
  readonly endurance: number;
  /**
   * A connection to a port inside a pod.
   *
   * @param target as namespace/pod
   */
  dial(namespace: string, pod: string, port: number): Duplex;
  /** Runs a command to its end. @throws Failure when it cannot be run */
  exec(namespace: string, pod: string, container: string, command: readonly string[], timeout?: number): Promise<Executed>;
  /** An answer that goes on, such as a log that is followed. @throws ApiRefusal, Unreachable */
  follow(path: string, signal?: AbortSignal): Promise<IncomingMessage>;
}

/** Milliseconds for one request; a person waits. */
const patience = 10_000;

/** Milliseconds; who gives a request less time gives all of them no more. */
const longestEndurance = 5_000;

/** @throws Failure when there is no kubeconfig, or no such context */
export async function access({ kubeconfig, context, requestTimeout = patience }: AccessOptions): Promise<Access> {
  const { Exec, KubeConfig, PortForward } = await libraries();
  const config = new KubeConfig();
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
  } catch (error) {
    throw new Failure(`the kubeconfig${kubeconfig === undefined ? '' : ` ${kubeconfig}`} cannot be read: ${messageOf(error)}`);
  }
  // What the client makes up where it finds nothing.
  if (config.getCurrentContext() === 'loaded-context') throw new Failure('there is no kubeconfig (KUBECONFIG, or ~/.kube/config); name one with --kubeconfig');
  if (context !== undefined) config.setCurrentContext(context);
  const name = config.getCurrentContext();
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    const known = config.getContexts().map((one) => one.name);
    throw new Failure(
      context === undefined && !name
        ? 'there is no current context; name one with --context, or a kubeconfig with --kubeconfig or KUBECONFIG'
        : `there is no context "${name}"; the kubeconfig has ${known.join(', ') || 'none'}`,
    );
  }
  const endurance = Math.min(longestEndurance, requestTimeout);
  const server = cluster.server.replace(/\/+$/, '');
  const base = new URL(server);
  const secure = base.protocol === 'https:';

  // With its agent, so that the requests of a verb share connections; logins renew themselves when they end.
  let prepared: { readonly options: RequestOptions; readonly until: number } | undefined;
  const options = async (): Promise<RequestOptions> => {
    if (prepared !== undefined && Date.now() < prepared.until) return prepared.options;
    const fresh: RequestOptions = {};
    try {
      // Some proxies' agents want to know it before.
      await config.applyToHTTPSOptions(fresh);
    } catch (error) {
      throw new Failure(`cannot log in to the cluster (context ${name}): ${messageOf(error)}`);
    }
    if (fresh.agent && typeof fresh.agent === 'object') Object.assign(fresh.agent, { keepAlive: true });
    prepared = { options: fresh, until: Date.now() + 60_000 };
    return fresh;
  };
  const request = async (method: string, path: string) => ({
    ...(await options()),
    headers: (await options()).headers as OutgoingHttpHeaders | undefined,
    host: base.hostname.replace(/^\[|\]$/g, ''),
    port: base.port || (secure ? 443 : 80),
    method,
    path: `${base.pathname.replace(/\/$/, '')}${path}`,
  });
  const send = secure ? tls : plain;
  const away = (error: unknown): Error =>
    error instanceof Failure
      ? error
      : new Unreachable(
          `the cluster cannot be reached: ${server} (context ${name}): ${connectionProblem(error)}; is it running, and is this the right context?`,
        );

  return {
    context: name,
    server,
    endurance,
    namespace: config.getContextObject(name)?.namespace,
    transport: async (method, path, body, type) => {
      const prepared = await request(method, path);
      const started = Date.now();
      for (;;) {
        try {
          return await ask(send, prepared, body, type, requestTimeout);
        } catch (error) {
          // A connection that was kept may have ended meanwhile; a server that restarts is back in seconds.
          if (Date.now() - started > endurance) throw away(error);
          await new Promise((again) => setTimeout(again, 250));
        }
      }
    },
    dial: (namespace, pod, port) => {
      const [incoming, outgoing] = [new PassThrough(), new PassThrough()];
      const connection = Duplex.from({ readable: incoming, writable: outgoing });
      const refused = new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          done();
          if (chunk.length > 0) connection.destroy(new Error(`port ${String(port)} of pod ${pod}: ${chunk.toString().trim()}`));
        },
      });
      new PortForward(config).portForward(namespace, pod, [port], incoming, refused, outgoing).then(
        (socket) => {
          if ('onclose' in socket) socket.onclose = () => void incoming.end();
          connection.on('close', () => {
            if ('close' in socket) socket.close();
          });
        },
        (error: unknown) => connection.destroy(new Error(`no way to pod ${pod}: ${socketProblem(error)}`)),
      );
      return connection;
    },
    exec: (namespace, pod, container, command, timeout = 30_000) =>
      new Promise((resolve, reject) => {
        const [stdout, stderr] = [new Collector(), new Collector()];
        let ended = false;
        const fail = (what: string): void => {
          clearTimeout(timer);
          if (!ended) reject(new Failure(`cannot run ${command[0] ?? ''} in ${pod} (container ${container}): ${what}`));
          ended = true;
        };
        const timer = setTimeout(() => {
          fail(`no end within ${String(timeout / 1000)} s`);
        }, timeout);
        new Exec(config)
          .exec(namespace, pod, container, [...command], stdout, stderr, null, false, (status) => {
            clearTimeout(timer);
            const code = status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
            if (status.status !== 'Success' && code === undefined) {
              fail(status.message ?? 'no reason given');
              return;
            }
            ended = true;
            resolve({ code: Number(code ?? 0), stdout: stdout.text, stderr: stderr.text });
          })
          .then(
            (socket) => {
              socket.onclose = () => {
                fail('the connection was lost');
              };
            },
            (error: unknown) => {
              fail(socketProblem(error));
            },
          );
      }),
    follow: async (path, signal) => {
      const prepared = await request('GET', path);
      return new Promise((resolve, reject) => {
        // A connection of its own: it may be as long as the verb.
        const outgoing = send({ ...prepared, signal }, (incoming) => {
          const status = incoming.statusCode ?? 0;
          if (status < 400) {
            clearTimeout(timer);
            resolve(incoming);
            return;
          }
          const parts: Buffer[] = [];
          incoming.on('data', (part: Buffer) => parts.push(part));
          incoming.on('end', () => {
            clearTimeout(timer);
            const text = Buffer.concat(parts).toString();
            reject(new ApiRefusal(status, text, `${path.split('?')[0] ?? ''}: HTTP ${String(status)}, ${reasonIn(text)}`));
          });
        });
        const timer = setTimeout(() => outgoing.destroy(new Error(`no answer within ${String(requestTimeout / 1000)} s`)), requestTimeout);
        outgoing.on('error', (error) => {
          clearTimeout(timer);
          reject(signal?.aborted ? error : away(error));
        });
        outgoing.end();
      });
    },
  };
}

const reasonIn = (text: string): string => {
  try {
    return messageIn(JSON.parse(text));
  } catch {
    return text.trim() || 'no reason given';
  }
};

/** The client rejects with an event of its WebSocket. */
const socketProblem = (error: unknown): string =>
  messageOf((error as { error?: unknown } | undefined)?.error ?? (error as { message?: string }).message ?? error);

/** @throws Failure in an image, which has none */
export async function libraries(): Promise<typeof import('../libraries')> {
  try {
    return await import('../libraries.js');
  } catch (error) {
    throw new Failure(`this verb needs ${messageOf(error)}; it runs on your machine, from a checkout or the npm package, not in a pod`);
  }
}

class Collector extends Writable {
  readonly #parts: Buffer[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#parts.push(Buffer.from(chunk));
    done();
  }

  get text(): string {
    return Buffer.concat(this.#parts).toString();
  }
}
