import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { file, socket, tcp, temporal } from '../../../charts/tables/facts';
import { firstHost, probe } from '../../../cli/wait/probe';
import { folder } from '../folder';

const servers: Server[] = [];
async function listen(where: string | number): Promise<Server> {
  const server = createServer().listen(where as string);
  servers.push(server);
  await new Promise((resolve) => server.once('listening', resolve));
  return server;
}
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

test('a file', async () => {
  const path = join(folder(), 'f');
  expect(await probe(file(path))).toBe('does not exist');
  writeFileSync(path, '');
  expect(await probe(file(path))).toBeUndefined();
  mkdirSync(`${path}d`);
  expect(await probe(file(`${path}d`))).toBe('is a folder');
});

test('a socket counts when it accepts, not when its file is there', async () => {
  const path = join(folder(), 's');
  expect(await probe(socket(path))).toBe('does not exist');
  const server = await listen(path);
  expect(await probe(socket(path))).toBeUndefined();
  await new Promise((resolve) => server.close(resolve));
  writeFileSync(path, '');
  expect(await probe(socket(path))).toBe('connection refused');
});

test('a port', async () => {
  const server = await listen(0);
  const { port } = server.address() as AddressInfo;
  expect(await probe(tcp(port))).toBeUndefined();
  await new Promise((resolve) => server.close(resolve));
  expect(await probe(tcp(port))).toBe('connection refused');
});

test('the agent’s region is the first of rackd.conf', () => {
  expect(firstHost('maas_url: http://one:5240/MAAS')).toBe('one');
  expect(firstHost('maas_url: [http://one:5240/MAAS, http://two:5240/MAAS]')).toBe('one');
  expect(firstHost('maas_url: "http://[2001:db8::1]:5240/MAAS"')).toBe('2001:db8::1');
  expect(() => firstHost('{}')).toThrow('has no maas_url');
});

test('temporal names rackd.conf when it is not there', async () => {
  const path = join(folder(), 'rackd.conf');
  process.env['MAAS_CLUSTER_CONFIG'] = path;
  try {
    expect(await probe(temporal)).toBe(`${path}: does not exist`);
  } finally {
    delete process.env['MAAS_CLUSTER_CONFIG'];
  }
});
