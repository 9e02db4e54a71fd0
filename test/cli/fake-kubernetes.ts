/**
 * A Kubernetes API over HTTP: keeps objects, applies them server-side, streams logs, lets through to ports and runs commands in pods,
 * as it is told to. It checks little; what the real one refuses is told to it as trouble.
 */

import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { WebSocketServer, type WebSocket } from 'ws';
import { folder } from './folder';

interface Stored {
  readonly metadata: { readonly name: string; readonly labels?: Record<string, string>; readonly resourceVersion?: string };
  readonly data: Record<string, string>;
}

type Data = Record<string, unknown>;

/** A status that the next request is answered with instead; hang: it is never answered; drop: its connection is ended. */
export type Trouble = number | 'hang' | 'drop';

export interface Executed {
  readonly code?: number;
  readonly stdout?: string;
  readonly stderr?: string;
}

export interface FakeKubernetes {
  readonly port: number;
  /** METHOD path, without query. */
  readonly requests: string[];
  readonly secrets: Map<string, Stored>;
  /** Objects by path, such as /apis/apps/v1/namespaces/maas/deployments/maas-region-a. */
  readonly objects: Map<string, object>;
  /** Answers by path without query, such as /api/v1/namespaces/maas/pods. */
  readonly lists: Map<string, object[]>;
  readonly troubles: Trouble[];
  /** Trouble that lasts, by the beginning of METHOD path. */
  readonly lasting: Map<string, Trouble>;
  /** Refusals of server-side apply, by path: who owns which field. */
  readonly conflicts: Map<string, string>;
  /** Lines by pod/container. */
  readonly logs: Map<string, string[]>;
  /** Ends the streams that are followed. */
  dropStreams(): void;
  /** Where a port-forward ends, by pod:port: a local port. */
  readonly ports: Map<string, number>;
  execute: (pod: string, container: string, command: readonly string[]) => Executed | Promise<Executed>;
  put(name: string, data: Record<string, string>, labels?: Record<string, string>, metadata?: object): void;
  value(name: string, key: string): string | undefined;
  /** The path of a kubeconfig that leads here; its context is called fake unless told otherwise. */
  kubeconfig(context?: string): string;
  close(): Promise<void>;
}

const encode = (data: Readonly<Record<string, string>> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));

const refusal = (code: number, message: string, details?: object): [number, object] => [code, { kind: 'Status', status: 'Failure', code, message, details }];

/** Discovery: what the verbs apply. */
const resources: Readonly<Record<string, readonly (readonly [name: string, kind: string, namespaced: boolean])[]>> = {
  '/api/v1': [
    ['namespaces', 'Namespace', false],
    ['nodes', 'Node', false],
    ['services', 'Service', true],
    ['serviceaccounts', 'ServiceAccount', true],
    ['persistentvolumeclaims', 'PersistentVolumeClaim', true],
    ['pods', 'Pod', true],
    ['secrets', 'Secret', true],
  ],
  '/apis/apps/v1': [
    ['deployments', 'Deployment', true],
    ['daemonsets', 'DaemonSet', true],
    ['statefulsets', 'StatefulSet', true],
  ],
  '/apis/batch/v1': [
    ['jobs', 'Job', true],
    ['cronjobs', 'CronJob', true],
  ],
  '/apis/rbac.authorization.k8s.io/v1': [
    ['roles', 'Role', true],
    ['rolebindings', 'RoleBinding', true],
  ],
  '/apis/policy/v1': [['poddisruptionbudgets', 'PodDisruptionBudget', true]],
  '/apis/networking.k8s.io/v1': [['networkpolicies', 'NetworkPolicy', true]],
  '/apis/admissionregistration.k8s.io/v1': [
    ['validatingadmissionpolicies', 'ValidatingAdmissionPolicy', false],
    ['validatingadmissionpolicybindings', 'ValidatingAdmissionPolicyBinding', false],
  ],
};

const collections = new Set(Object.values(resources).flatMap((kinds) => kinds.map(([name]) => name)));
const isCollection = (path: string): boolean => collections.has(path.split('/').at(-1) ?? '') || path.endsWith('/events') || path.endsWith('/storageclasses');

function merge(base: unknown, over: unknown): unknown {
  const isMap = (value: unknown): value is Data => typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isMap(base) || !isMap(over)) return over;
  return { ...base, ...Object.fromEntries(Object.entries(over).map(([key, value]) => [key, merge(base[key], value)])) };
}

export async function fakeKubernetes(port = 0): Promise<FakeKubernetes> {
  const streams = new Set<{ destroy(): unknown }>();
  let version = 1;

  const server: Server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://fake');
      const asked = `${request.method ?? ''} ${url.pathname}`;
      fake.requests.push(asked);
      const lasting = [...fake.lasting].find(([beginning]) => asked.startsWith(beginning))?.[1];
      const trouble = lasting ?? fake.troubles.shift();
      if (trouble === 'hang') return;
      if (trouble === 'drop') {
        request.socket.destroy();
        return;
      }
      if (typeof trouble === 'number') {
        reply(response, refusal(trouble, `trouble ${String(trouble)}`));
        return;
      }
      if (url.pathname.endsWith('/log')) {
        sendLog(url, response);
        return;
      }
      reply(response, answer(request.method ?? '', url, Buffer.concat(parts).toString()));
    });
  });
  const reply = (response: ServerResponse, [status, body]: [number, object]): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };

  const sendLog = (url: URL, response: ServerResponse): void => {
    const pod = /pods\/([^/]+)\/log$/.exec(url.pathname)?.[1] ?? '';
    const found = fake.logs.get(`${pod}/${url.searchParams.get('container') ?? ''}`);
    if (found === undefined) {
      reply(response, refusal(400, 'container is waiting to start'));
      return;
    }
    const tail = url.searchParams.get('tailLines');
    const from = url.searchParams.has('sinceTime') ? found.length : tail === null ? 0 : Math.max(0, found.length - Number(tail));
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.write(
      found
        .slice(from)
        .map((line) => `${line}\n`)
        .join('') || '',
    );
    if (!url.searchParams.has('follow')) {
      response.end();
      return;
    }
    response.flushHeaders();
    streams.add(response);
    const push = found.push.bind(found);
    found.push = (...added) => {
      for (const line of added) response.write(`${line}\n`);
      return push(...added);
    };
  };

  const secretAnswer = (method: string, name: string | undefined, text: string): [number, object] => {
    if (method === 'GET') {
      if (name === undefined) return [200, { items: [...fake.secrets.values()] }];
      const found = fake.secrets.get(name);
      return found === undefined ? refusal(404, `secrets "${name}" not found`) : [200, found];
    }
    if (method === 'DELETE') return fake.secrets.delete(name ?? '') ? [200, {}] : refusal(404, 'not found');
    const given = JSON.parse(text) as { metadata: Stored['metadata']; stringData?: Record<string, string>; data?: Record<string, string | null> };
    if (method === 'POST' && fake.secrets.has(given.metadata.name)) return refusal(409, 'already exists');
    const old = name === undefined ? undefined : fake.secrets.get(name);
    if (method === 'PATCH' && old === undefined && given.metadata.resourceVersion !== undefined) return refusal(404, 'not found');
    if (method !== 'POST' && given.metadata.resourceVersion !== undefined && given.metadata.resourceVersion !== old?.metadata.resourceVersion)
      return refusal(409, 'the object has been modified');
    const merged = { ...(method === 'PATCH' ? old?.data : {}), ...given.data, ...encode(given.stringData) };
    const data = Object.fromEntries(Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== null));
    const stored: Stored = { metadata: { ...old?.metadata, ...given.metadata, resourceVersion: String(++version) }, data };
    fake.secrets.set(stored.metadata.name, stored);
    return [method === 'POST' ? 201 : 200, stored];
  };

  const answer = (method: string, url: URL, text: string): [number, object] => {
    const path = url.pathname;
    const known = resources[path];
    if (known !== undefined) return [200, { resources: known.map(([name, kind, namespaced]) => ({ name, kind, namespaced })) }];
    const list = fake.lists.get(path);
    if (list !== undefined && method === 'GET') return [200, { items: list }];
    // Those of probes are objects like others: they are copies of the namespace's own.
    const secret = /^\/api\/v1\/namespaces\/(?!maas-probe-)[^/]+\/secrets(?:\/(.+))?$/.exec(path);
    if (secret !== null) return secretAnswer(method, secret[1], text);
    const found = fake.objects.get(path);
    const dry = url.searchParams.get('dryRun') === 'All';
    switch (method) {
      case 'GET':
        if (isCollection(path)) {
          const selector = Object.fromEntries(
            (url.searchParams.get('labelSelector') ?? '')
              .split(',')
              .filter(Boolean)
              .map((one) => one.split('=')) as [string, string][],
          );
          const items = [...fake.objects].filter(([at, object]) => at.startsWith(`${path}/`) && matches(object, selector)).map(([, object]) => object);
          return [200, { items }];
        }
        return found === undefined ? refusal(404, `${path} not found`) : [200, found];
      case 'PATCH': {
        const conflict = fake.conflicts.get(path);
        if (conflict !== undefined && url.searchParams.get('force') !== 'true')
          return refusal(409, conflict, { causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "kubectl"', field: conflict }] });
        const merged = merge(found ?? {}, JSON.parse(text)) as Data;
        const same = found !== undefined && JSON.stringify(merged) === JSON.stringify(found);
        const metadata = {
          generation: 1,
          ...(merged['metadata'] as Data),
          resourceVersion: same ? (found as { metadata: Data }).metadata['resourceVersion'] : String(++version),
        };
        const stored = same ? found : { ...merged, metadata };
        if (!dry) fake.objects.set(path, stored);
        return [found === undefined ? 201 : 200, stored];
      }
      case 'POST': {
        if (path.endsWith('/selfsubjectaccessreviews')) return [201, { status: { allowed: true } }];
        const given = JSON.parse(text) as { metadata: { name: string } };
        const at = `${path}/${given.metadata.name}`;
        if (fake.objects.has(at)) return refusal(409, `${at} already exists`);
        if (!dry) fake.objects.set(at, given);
        return [201, given];
      }
      case 'DELETE':
        if (found === undefined) return refusal(404, `${path} not found`);
        fake.objects.delete(path);
        if (/^\/api\/v1\/namespaces\/[^/]+$/.test(path))
          for (const at of [...fake.objects.keys()]) if (at.includes(`/namespaces/${path.split('/').at(-1) ?? ''}/`)) fake.objects.delete(at);
        return [200, found];
      default:
        return refusal(405, `${method} is not known here`);
    }
  };

  const sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => (offered.has('v4.channel.k8s.io') ? 'v4.channel.k8s.io' : false) });
  server.on('upgrade', (request: IncomingMessage, socket, head) => {
    const url = new URL(request.url ?? '/', 'http://fake');
    fake.requests.push(`UPGRADE ${url.pathname}`);
    const trouble = [...fake.lasting].find(([beginning]) => `UPGRADE ${url.pathname}`.startsWith(beginning))?.[1];
    if (trouble !== undefined) {
      if (typeof trouble === 'number') socket.end(`HTTP/1.1 ${String(trouble)} Trouble\r\ncontent-length: 0\r\n\r\n`);
      else if (trouble === 'drop') socket.destroy();
      // One that is left open is no connection of the server any more: nobody else would end it.
      else streams.add(socket);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => {
      const [, pod = '', what] = /pods\/([^/]+)\/(portforward|exec)$/.exec(url.pathname) ?? [];
      if (what === 'portforward') forward(client, pod, url.searchParams.get('ports') ?? '');
      else void exec(client, pod, url.searchParams);
    });
  });
  const send = (client: WebSocket, channel: number, data: Buffer | string): void => {
    client.send(Buffer.concat([Buffer.from([channel]), Buffer.from(data)]));
  };
  const forward = (client: WebSocket, pod: string, wanted: string): void => {
    const local = fake.ports.get(`${pod}:${wanted}`);
    const number = Buffer.alloc(2);
    number.writeUInt16LE(Number(wanted));
    send(client, 0, number);
    send(client, 1, number);
    if (local === undefined) {
      send(client, 1, `dial tcp4 127.0.0.1:${wanted}: connect: connection refused`);
      client.close();
      return;
    }
    const inner = connect(local, '127.0.0.1');
    inner.on('data', (part: Buffer) => {
      send(client, 0, part);
    });
    inner.on('close', () => {
      client.close();
    });
    inner.on('error', () => {
      client.close();
    });
    client.on('message', (part: Buffer) => inner.write(part.subarray(1)));
    client.on('close', () => inner.destroy());
  };
  const exec = async (client: WebSocket, pod: string, query: URLSearchParams): Promise<void> => {
    const { code = 0, stdout = '', stderr = '' } = await fake.execute(pod, query.get('container') ?? '', query.getAll('command'));
    if (stdout !== '') send(client, 1, stdout);
    if (stderr !== '') send(client, 2, stderr);
    const failure = { status: 'Failure', details: { causes: [{ reason: 'ExitCode', message: String(code) }] } };
    send(client, 3, JSON.stringify(code === 0 ? { status: 'Success' } : failure));
    client.close();
  };

  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : 0;
  const fake: FakeKubernetes = {
    port: bound,
    requests: [],
    secrets: new Map(),
    objects: new Map(),
    lists: new Map(),
    troubles: [],
    lasting: new Map(),
    conflicts: new Map(),
    logs: new Map(),
    ports: new Map(),
    execute: () => ({ code: 127, stderr: 'no such command' }),
    dropStreams: () => {
      for (const stream of streams) stream.destroy();
      streams.clear();
    },
    put: (name, data, labels, metadata) =>
      void fake.secrets.set(name, { metadata: { name, labels, ...metadata, resourceVersion: String(++version) }, data: encode(data) }),
    value: (name, key) => {
      const found = fake.secrets.get(name)?.data[key];
      return found === undefined ? undefined : Buffer.from(found, 'base64').toString();
    },
    kubeconfig: (context = 'fake') => {
      const path = join(folder(), 'kubeconfig');
      // The client wants to be told that plain HTTP is meant.
      const content = {
        clusters: [{ name: 'fake', cluster: { server: `http://127.0.0.1:${String(bound)}`, 'insecure-skip-tls-verify': true } }],
        users: [{ name: 'me', user: { token: 'a-token-of-mine' } }],
        contexts: [{ name: context, context: { cluster: 'fake', user: 'me', namespace: 'maas' } }],
        'current-context': context,
      };
      writeFileSync(path, JSON.stringify(content));
      return path;
    },
    close: () =>
      new Promise((resolve) => {
        fake.dropStreams();
        for (const client of sockets.clients) client.terminate();
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
  return fake;
}

function matches(object: object, selector: Readonly<Record<string, string>>): boolean {
  const labels = (object as { metadata?: { labels?: Record<string, string> } }).metadata?.labels ?? {};
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}

/** Puts objects where the API has them. */
export function keep(fake: FakeKubernetes, collection: string, ...objects: readonly object[]): void {
  for (const object of objects) fake.objects.set(`${collection}/${(object as { metadata: { name: string } }).metadata.name}`, object);
}
