/** A Kubernetes API over HTTP that keeps Secrets and gives out what it is told to. */

import { createServer, type Server } from 'node:http';

interface Stored {
  readonly metadata: { readonly name: string; readonly labels?: Record<string, string>; readonly resourceVersion?: string };
  readonly data: Record<string, string>;
}

export interface FakeKubernetes {
  readonly port: number;
  readonly requests: string[];
  readonly secrets: Map<string, Stored>;
  /** Answers by path without query, such as /api/v1/namespaces/maas/pods. */
  readonly lists: Map<string, object[]>;
  /** Statuses that the next requests are answered with instead. */
  readonly troubles: number[];
  put(name: string, data: Record<string, string>, labels?: Record<string, string>): void;
  value(name: string, key: string): string | undefined;
  close(): Promise<void>;
}

const encode = (data: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));

export async function fakeKubernetes(port = 0): Promise<FakeKubernetes> {
  const requests: string[] = [];
  const secrets = new Map<string, Stored>();
  const lists = new Map<string, object[]>();
  const troubles: number[] = [];
  const server: Server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const path = (request.url ?? '').split('?')[0] ?? '';
      requests.push(`${request.method ?? ''} ${path}`);
      const [status, body] = answer(request.method ?? '', path, Buffer.concat(parts).toString());
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  const answer = (method: string, path: string, text: string): [number, object] => {
    const trouble = troubles.shift();
    if (trouble !== undefined) return [trouble, { kind: 'Status', message: `trouble ${String(trouble)}` }];
    const list = lists.get(path);
    if (list !== undefined) return [200, { items: list }];
    const name = /^\/api\/v1\/namespaces\/[^/]+\/secrets(?:\/(.+))?$/.exec(path)?.[1];
    if (method === 'GET') {
      const found = secrets.get(name ?? '');
      return found === undefined ? [404, { kind: 'Status', message: `secrets "${name ?? ''}" not found` }] : [200, found];
    }
    const given = JSON.parse(text) as { metadata: Stored['metadata']; stringData: Record<string, string> };
    if (method === 'POST' && secrets.has(given.metadata.name)) return [409, { kind: 'Status', message: 'already exists' }];
    const stored: Stored = { metadata: { ...given.metadata, resourceVersion: String(requests.length) }, data: encode(given.stringData) };
    secrets.set(given.metadata.name, stored);
    return [method === 'POST' ? 201 : 200, stored];
  };
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    requests,
    secrets,
    lists,
    troubles,
    put: (name, data, labels) => void secrets.set(name, { metadata: { name, labels }, data: encode(data) }),
    value: (name, key) => {
      const found = secrets.get(name)?.data[key];
      return found === undefined ? undefined : Buffer.from(found, 'base64').toString();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
