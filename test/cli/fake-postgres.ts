/** The beginning of PostgreSQL's protocol: a server that asks everybody for a password, and refuses when told to. */

import { createServer, type AddressInfo } from 'node:net';

export interface FakePostgres {
  readonly port: number;
  /** Roles that have asked to be let in. */
  readonly roles: string[];
  /** What it says before it would ask for a password, or after. */
  refusal: { readonly code: string; readonly message: string; readonly after?: boolean } | undefined;
  close(): Promise<void>;
}

function message(type: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
}
const passwordWanted = message('R', Buffer.from([0, 0, 0, 3]));

export async function fakePostgres(): Promise<FakePostgres> {
  const server = createServer((socket) => {
    const refuse = ({ code, message: text }: { code: string; message: string }): void => {
      socket.end(message('E', Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${text}\0\0`)));
    };
    let begun = false;
    socket.on('error', () => undefined);
    socket.on('data', (data: Buffer) => {
      const { refusal } = fake;
      if (begun) {
        if (data[0] === 'p'.charCodeAt(0)) refuse(refusal ?? { code: '28P01', message: 'password authentication failed for user "maas"' });
        return;
      }
      begun = true;
      fake.roles.push(/\0user\0([^\0]+)/.exec(data.toString('latin1'))?.[1] ?? '');
      if (refusal !== undefined && !refusal.after) refuse(refusal);
      else socket.write(passwordWanted);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const fake: FakePostgres = {
    port: (server.address() as AddressInfo).port,
    roles: [],
    refusal: undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      }),
  };
  return fake;
}

/** As PostgreSQL says it to those who come without TLS, whether it wants that or another address. */
export const unencrypted = {
  code: '28000',
  message: 'no pg_hba.conf entry for host "10.0.0.7", user "maas", database "maasdb", no encryption',
};
