import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { processesOf } from '../../../charts/tables/processes';
import { skeleton } from '../../../charts/tables/volumes';
import { config } from '../../../cli/config/config';
import { namedConf } from '../../../cli/config/named';
import { nginxConf } from '../../../cli/config/nginx';
import { folder } from '../folder';

jest.mock('../../../cli/log', () => ({ log: () => undefined }));

const secret = '0123456789abcdef0123456789abcdef';
const mode = (path: string): number => lstatSync(path).mode & 0o7777;

function write(path: string, content: string): string {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

function regionEnvironment(root: string, password = 'p\n'): Record<string, string> {
  return {
    MAAS_URL: 'http://maas:5240/MAAS',
    POD_IP: '10.1.2.3',
    DATABASE_HOST: 'db',
    DATABASE_PORT: '5433',
    DATABASE_NAME: 'maasdb',
    DATABASE_USER: 'maas',
    DATABASE_PASSWORD_FILE: write(join(root, 'password'), password),
    REGION_WORKERS: '2',
  };
}

describe('region', () => {
  test('regiond.conf holds what MAAS reads, and nobody else may read it', () => {
    const root = folder();
    config('region', regionEnvironment(root), root);
    const path = join(root, 'etc/maas/regiond.conf');
    expect(parse(readFileSync(path, 'utf8'))).toEqual({
      maas_url: 'http://maas:5240/MAAS',
      broadcast_address: '10.1.2.3',
      database_host: 'db',
      database_port: 5433,
      database_name: 'maasdb',
      database_user: 'maas',
      database_pass: 'p',
      num_workers: 2,
    });
    expect(mode(path)).toBe(0o640);
    expect(parse(readFileSync(join(root, 'etc/maas/rackd.conf'), 'utf8'))).toEqual({ maas_url: 'http://maas:5240/MAAS' });
  });

  test.each(['on', '12:30', '0123', '1e3', 'null', 'ümläut "quoted"', '#x', "it's"])('the password %j is a string to YAML 1.1 and 1.2', (password) => {
    const root = folder();
    config('region', regionEnvironment(root, password), root);
    const text = readFileSync(join(root, 'etc/maas/regiond.conf'), 'utf8');
    for (const version of ['1.1', '1.2'] as const) expect(parse(text, { version })).toMatchObject({ database_pass: password });
  });

  test('every bad variable is named, and nothing is written', () => {
    const root = folder();
    expect(() => {
      config('region', { ...regionEnvironment(root), REGION_WORKERS: '11', POD_IP: '' }, root);
    }).toThrow(/POD_IP is not set.*REGION_WORKERS is "11"; it must be a number from 1 to 10/);
    expect(() => {
      config('region', { ...regionEnvironment(root), REGION_WORKERS: undefined, DATABASE_PORT: '' }, root);
    }).toThrow('DATABASE_PORT is not set; it must be a port, 1 to 65535; REGION_WORKERS is not set; it must be a number from 1 to 10');
    expect(readdirSync(root)).toEqual(['password']);
  });

  test('each process has its layer, which Pebble finds by its name', () => {
    const root = folder();
    config('region', regionEnvironment(root), root);
    for (const process of processesOf('region')) {
      const layer = parse(readFileSync(join(root, `run/maas-services/${process.name}/layers/001-${process.name}.yaml`), 'utf8')) as { services: object };
      expect(Object.keys(layer.services)).toEqual([process.service]);
    }
  });

  test('run again, it is the same', () => {
    const root = folder();
    const environment = regionEnvironment(root);
    config('region', environment, root);
    config('region', { ...environment, POD_IP: '10.9.9.9' }, root);
    expect(readFileSync(join(root, 'etc/maas/regiond.conf'), 'utf8')).toContain('10.9.9.9');
  });
});

describe('rack', () => {
  const environment = (root: string): Record<string, string> => ({
    MAAS_URL: 'http://maas:5240/MAAS',
    REGION_SECRET_FILE: write(join(root, 'shared'), `${secret}\n`),
    NODE_NAME: 'Node.example',
    RACK_POOL: 'edge',
    RACK_CACHE_GIGABYTES: '20',
  });

  test('the secret lies where rackd looks, without a newline', () => {
    const root = folder();
    config('rack', environment(root), root);
    expect(readFileSync(join(root, 'var/lib/maas/secret'), 'utf8')).toBe(secret);
    expect(mode(join(root, 'var/lib/maas/secret'))).toBe(0o640);
    expect(parse(readFileSync(join(root, 'etc/maas/rackd.conf'), 'utf8'))).toEqual({
      maas_url: ['http://maas:5240/MAAS'],
      httpproxy_cache_size: 20_000_000_000,
    });
    expect(existsSync(join(root, 'var/lib/maas/tftp_root'))).toBe(true);
    expect(existsSync(join(root, 'etc/maas/regiond.conf'))).toBe(false);
  });

  test('every process is told the rack’s name', () => {
    const root = folder();
    config('rack', environment(root), root);
    const layer = parse(readFileSync(join(root, 'run/maas-services/rackd/layers/001-rackd.yaml'), 'utf8')) as { services: { rackd: { environment: object } } };
    expect(layer.services.rackd.environment).toMatchObject({ MAAS_HOSTNAME: 'node-example-edge' });
  });

  test('a secret of bad form is refused', () => {
    const root = folder();
    const bad = { ...environment(root), REGION_SECRET_FILE: write(join(root, 'bad'), secret.toUpperCase()) };
    expect(() => {
      config('rack', bad, root);
    }).toThrow(/REGION_SECRET_FILE: the content of .* has upper-case characters/);
  });
});

test('the image’s own content is laid out, what exists is kept, modes and links are preserved', () => {
  const root = folder();
  const from = join(root, skeleton);
  write(join(from, 'etc/chrony/chrony.conf'), 'from the image');
  write(join(from, 'etc/chrony/sub/keys'), 'k');
  chmodSync(join(from, 'etc/chrony/sub/keys'), 0o600);
  chmodSync(join(from, 'etc/chrony/sub'), 0o2750);
  symlinkSync('chrony.conf', join(from, 'etc/chrony/link'));
  write(join(from, 'etc/chrony/mine'), 'from the image');
  write(join(root, 'etc/chrony/mine'), 'mine');
  config('region', regionEnvironment(root), root);
  expect(readFileSync(join(root, 'etc/chrony/chrony.conf'), 'utf8')).toBe('from the image');
  expect(readFileSync(join(root, 'etc/chrony/mine'), 'utf8')).toBe('mine');
  expect(mode(join(root, 'etc/chrony/sub/keys'))).toBe(0o600);
  expect(mode(join(root, 'etc/chrony/sub'))).toBe(0o2750);
  expect(readlinkSync(join(root, 'etc/chrony/link'))).toBe('chrony.conf');
});

test('a folder that exists keeps its mode', () => {
  const root = folder();
  mkdirSync(join(root, 'var/lib/maas'), { recursive: true });
  chmodSync(join(root, 'var/lib/maas'), 0o2775);
  config('region', regionEnvironment(root), root);
  expect(mode(join(root, 'var/lib/maas'))).toBe(0o2775);
  expect(statSync(join(root, 'var/lib/maas/gnupg')).mode & 0o777).toBe(0o700);
});

test('what setup-dns makes as the group maas stays in the group of regiond, which writes it anew', () => {
  const root = folder();
  const bind = join(root, 'etc/bind/maas');
  mkdirSync(bind, { recursive: true });
  chmodSync(bind, 0o777);
  config('region', regionEnvironment(root), root);
  // An init container may run again.
  config('region', regionEnvironment(root), root);
  expect(mode(bind)).toBe(0o2777);
});

test('an unknown pod is refused', () => {
  expect(() => {
    config('regions', {});
  }).toThrow('"regions" is not a pod; it must be region or rack');
});

test('only the region’s nginx passes connections through', () => {
  expect(nginxConf('region')).toContain('ngx_stream_module');
  expect(nginxConf('rack')).not.toMatch(/stream \{|load_module/);
  for (const pod of ['region', 'rack'] as const) expect(nginxConf(pod)).not.toContain('daemon');
});

test('nginx answers by itself where it is asked whether it hangs', () => {
  for (const pod of ['region', 'rack'] as const) expect(nginxConf(pod)).toMatch(/server \{\s+listen unix:\/var\/lib\/maas\/http\/alive.sock;[^}]*return 204;/);
});

/** provisioningserver/templates/dns of MAAS 3.7.3: what its own files define; a second definition ends named. */
const definedByMaas = [
  /forwarders/,
  /dnssec-validation/,
  /empty-zones-enable/,
  /allow-query/,
  /allow-recursion/,
  /allow-query-cache/,
  /^acl /m,
  /^controls/m,
  /^key /m,
];

test('named.conf defines nothing that MAAS’s files define', () => {
  const conf = namedConf(() => true);
  for (const pattern of definedByMaas) expect(conf).not.toMatch(pattern);
  expect(conf).toContain('include "/etc/bind/maas/named.conf.options.inside.maas";\n};');
  expect(conf).toContain('include "/etc/bind/maas/named.conf.maas";');
  expect(conf).toContain('zone "localhost"');
  expect(namedConf(() => false)).not.toContain('zone');
});
