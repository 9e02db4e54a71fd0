/** Ways to the Kubernetes API: the Job's own account, or the kubectl of whoever runs this. */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request as plain } from 'node:http';
import { request as tls, type RequestOptions } from 'node:https';
import { Failure, messageOf } from '../failure';

export interface ApiAnswer {
  readonly status: number;
  /** A Kubernetes object, or whatever else the server said. */
  readonly body: unknown;
}

export interface Transport {
  /** @throws Error when the connection fails */
  (method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<ApiAnswer>;
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
  return (method, path, body) =>
    ask(tls, { host, port, ca: authority, method, path, headers: { authorization: `Bearer ${readFileSync(`${folder}/token`, 'utf8').trim()}` } }, body);
}

/** Without encryption or an account: for tests. */
export const unguarded =
  (port: number): Transport =>
  (method, path, body) =>
    ask(plain, { host: '127.0.0.1', port, method, path }, body);

function ask(
  request: typeof plain | typeof tls,
  options: Omit<RequestOptions, 'headers'> & { readonly headers?: Readonly<Record<string, string>> },
  body?: object,
): Promise<ApiAnswer> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      ...options.headers,
      accept: 'application/json',
      ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
    };
    const outgoing = request({ ...options, headers, agent: false, timeout: patience }, (incoming) => {
      const parts: Buffer[] = [];
      incoming.on('data', (part: Buffer) => parts.push(part));
      incoming.on('error', reject);
      incoming.on('end', () => {
        resolve({ status: incoming.statusCode ?? 0, body: parse(Buffer.concat(parts).toString()) });
      });
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${String(patience / 1000)} s`)));
    outgoing.on('error', reject);
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

export interface KubectlOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
}

const unreachable =
  /was refused|connection refused|no such host|i\/o timeout|context deadline exceeded|network is unreachable|no route to host|unable to connect/i;

/**
 * With kubectl, which knows every way to log in to a cluster; this program is one of its plugins. Only reads.
 *
 * @throws Failure when there is no kubectl, no context or no cluster
 */
export function kubectl({ kubeconfig, context }: KubectlOptions): Transport {
  const options = [...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]), ...(context === undefined ? [] : ['--context', context])];
  return (method, path) =>
    new Promise((resolve, reject) => {
      if (method !== 'GET') throw new Error(`${method} ${path}: only reads go through kubectl`);
      execFile('kubectl', [...options, 'get', '--raw', path], { env: process.env, maxBuffer: 1 << 28, timeout: 30_000 }, (error, stdout, stderr) => {
        if (error === null) {
          resolve({ status: 200, body: parse(stdout) });
          return;
        }
        const said = stderr.trim().split('\n').at(-1) ?? '';
        if ((error as NodeJS.ErrnoException).code === 'ENOENT')
          reject(new Failure('kubectl is not installed (or not in PATH); it is what logs in to the cluster'));
        else if (/\(NotFound\)/.test(said)) resolve({ status: 404, body: { message: said } });
        else if (/\(Forbidden\)/.test(said)) resolve({ status: 403, body: { message: said } });
        else if (/\(Unauthorized\)|must be logged in/.test(said)) resolve({ status: 401, body: { message: said } });
        else if (/localhost:8080 was refused|current-context|context .* does not exist|no configuration has been provided|stat .*: no such file/.test(said))
          reject(new Failure(`kubectl has no cluster to talk to: ${said}`));
        else if (unreachable.test(said)) reject(new Failure(`the cluster cannot be reached: ${said}`));
        else reject(new Failure(`kubectl get --raw ${path}: ${said || messageOf(error)}`));
      });
    });
}
