/** Ways to the Kubernetes API: one request, one answer. */

import { readFileSync } from 'node:fs';
import { request as plain, type OutgoingHttpHeaders } from 'node:http';
import { request as tls, type RequestOptions } from 'node:https';
import { Failure, messageOf } from '../failure';

export interface ApiAnswer {
  readonly status: number;
  /** A Kubernetes object, or whatever else the server said. */
  readonly body: unknown;
  /** What the server asks for after 429 or 503, in milliseconds. */
  readonly retryAfter?: number;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface Transport {
  /**
   * @param type content type of the body; application/json unless given
   * @throws Error when the connection fails
   */
  (method: Method, path: string, body?: object, type?: string): Promise<ApiAnswer>;
}

/** Milliseconds. */
const patience = 15_000;

const account = '/var/run/secrets/kubernetes.io/serviceaccount';

/** With the service account of the pod. The token is read for every request, for the kubelet renews it. */
export function inCluster(environment: NodeJS.ProcessEnv = process.env, folder = account): Transport {
  const host = environment['KUBERNETES_SERVICE_HOST'];
  const port = environment['KUBERNETES_SERVICE_PORT'] || '443';
  if (!host) throw new Failure('KUBERNETES_SERVICE_HOST is not set: this does not run in a pod');
  let authority: string;
  try {
    authority = readFileSync(`${folder}/ca.crt`, 'utf8');
  } catch (error) {
    throw new Failure(`the pod has no service account token (automountServiceAccountToken): ${messageOf(error)}`);
  }
  return (method, path, body, type) =>
    ask(tls, { host, port, ca: authority, method, path, headers: { authorization: `Bearer ${readFileSync(`${folder}/token`, 'utf8').trim()}` } }, body, type);
}

/** Without encryption or an account: for tests. */
export const unguarded =
  (port: number): Transport =>
  (method, path, body, type) =>
    ask(plain, { host: '127.0.0.1', port, method, path }, body, type);

type Options = Omit<RequestOptions, 'headers'> & { readonly headers?: OutgoingHttpHeaders };

export function ask(request: typeof plain | typeof tls, options: Options, body?: object, type = 'application/json', limit = patience): Promise<ApiAnswer> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      ...options.headers,
      accept: 'application/json',
      ...(text === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(text) }),
    };
    const outgoing = request({ agent: false, ...options, headers, timeout: limit }, (incoming) => {
      const parts: Buffer[] = [];
      incoming.on('data', (part: Buffer) => parts.push(part));
      incoming.on('error', fail);
      incoming.on('end', () => {
        clearTimeout(timer);
        const seconds = Number(incoming.headers['retry-after']);
        resolve({
          status: incoming.statusCode ?? 0,
          body: parse(Buffer.concat(parts).toString()),
          ...(seconds > 0 ? { retryAfter: seconds * 1000 } : {}),
        });
      });
    });
    const fail = (error: Error): void => {
      clearTimeout(timer);
      reject(error);
    };
    // Not the socket's own time-out alone, which an answer that drips would never meet.
    const timer = setTimeout(() => outgoing.destroy(new Error(`no answer within ${String(limit / 1000)} s`)), limit);
    outgoing.on('error', fail);
    outgoing.end(text);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
