/** A MAAS API: version for everybody, the rest for the owner of one key. */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeMaas {
  readonly port: number;
  readonly url: string;
  /** Answers by path below /MAAS/, with query. */
  readonly answers: Map<string, unknown>;
  /** What the next requests are answered with instead: a status and a text. */
  readonly troubles: (readonly [number, string])[];
  close(): Promise<void>;
}

export async function fakeMaas(): Promise<FakeMaas> {
  const answers = new Map<string, unknown>([
    ['api/2.0/version/', { version: '3.7.3', subversion: '' }],
    ['rpc/', { eventloops: { 'maas-region-a:pid=1': [['127.0.0.1', 1]] } }],
    ['api/2.0/rackcontrollers/', []],
    ['api/2.0/fabrics/', []],
    ['api/2.0/boot-resources/?op=is_importing', false],
    ['api/2.0/boot-resources/', []],
  ]);
  const troubles: (readonly [number, string])[] = [];
  const server: Server = createServer((request, response) => {
    const path = (request.url ?? '').replace(/^\/MAAS\//, '');
    const trouble = troubles.shift();
    if (trouble !== undefined) {
      response.writeHead(trouble[0], { connection: 'close' }).end(trouble[1]);
      return;
    }
    const open = path === 'api/2.0/version/' || path === 'rpc/';
    const known = open || (request.headers.authorization ?? '').includes('oauth_token="t"');
    const body = answers.get(path);
    const status = !known ? 401 : body === undefined ? 404 : 200;
    response.writeHead(status, { connection: 'close' }).end(status === 200 ? JSON.stringify(body) : 'Unauthorized');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${String(port)}/MAAS`,
    answers,
    troubles,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
