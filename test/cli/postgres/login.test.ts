import { connect, rejection } from '../../../cli/postgres/client';
import { databaseConnectionProblem, isRefusal, type Database } from '../../../cli/postgres/problem';
import { fakePostgres, unencrypted, type FakePostgres } from '../fake-postgres';

let server: FakePostgres;
let database: Database;
beforeEach(async () => {
  server = await fakePostgres();
  database = { host: '127.0.0.1', port: server.port, name: 'maasdb', user: 'maas' };
});
afterEach(() => server.close());

async function problem(): Promise<string> {
  const error: unknown = await connect(database, 'hunter2', 'test').then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return databaseConnectionProblem(error, database, 'Secret maas-database, key password,');
}

test('a server that demands TLS: what it says, why that cannot be had, and where to switch it off', async () => {
  server.refusal = unencrypted;
  expect(await problem()).toMatch(
    /^role maas may not log in without TLS from here, and MAAS has no TLS to its database; .*hostssl.*rds.force_ssl=0.*require_secure_transport=off.*The server says: no pg_hba.conf entry for host "10.0.0.7".* no encryption$/,
  );
});

test('a role that may not log in, in the server’s own words', async () => {
  server.refusal = { code: '28000', message: 'role "maas" is not permitted to log in' };
  expect(await problem()).toBe('role maas may not log in from here (or does not exist). The server says: role "maas" is not permitted to log in');
});

test('nothing of the password is said', async () => {
  expect(await problem()).toContain('Secret maas-database, key password, is not the password of role maas');
  expect(await problem()).not.toContain('hunter2');
});

test.each([
  ['28P01', true],
  ['28000', true],
  ['3D000', true],
  ['08P01', true],
  ['XX000', true],
  ['57P03', false],
  ['57P01', false],
  ['53300', false],
  ['ECONNREFUSED', false],
  ['EPIPE', false],
  [undefined, false],
])('%s is an answer that will last: %s', (code, expected) => {
  expect(isRefusal(Object.assign(new Error('it'), { code }))).toBe(expected);
});

describe('whether the server lets a role in, without a password', () => {
  test('it does when it asks for one', async () => {
    expect(await rejection(database)).toBeUndefined();
    expect(server.roles).toEqual(['maas']);
  });
  test('it does when it only is not yet ready', async () => {
    server.refusal = { code: '57P03', message: 'the database system is starting up' };
    expect(await rejection(database)).toBeUndefined();
  });
  test('it does not, and says why', async () => {
    server.refusal = unencrypted;
    expect(await rejection(database)).toContain('may not log in without TLS');
  });
  test('nobody is there', async () => {
    await server.close();
    expect(await rejection(database)).toBe(`127.0.0.1:${String(server.port)}: connection refused`);
    server = await fakePostgres();
  });
});
