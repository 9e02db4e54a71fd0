/**
 * The walkthrough, with the make targets that people know: a region, its key asked for too early, racks in a set-up of their own that join it,
 * another secret, racks of its own, down and up again. The tests follow each other.
 */

import { ports } from '../../charts/tables/ports';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Value } from '@sinclair/typebox/value';
import { defaults } from '../../charts/tables/valuesfile';
import { statusSchema } from '../../cli/status/schema';
import { Api, Cluster, seconds, until, type KubernetesObject } from './cluster';
import { attempt, kubectl, run, type Result } from './command';

const main = new Cluster('maas');
const edge = new Cluster('maas-edge');
/** Of something that is not MAAS. */
const other = 'not-maas';
const values = '--values test/e2e/walkthrough.values.yaml';
/** The region's address for racks elsewhere. */
let url: string;

const make = (target: string, args = '', variables: Record<string, string> = {}, environment: NodeJS.ProcessEnv = {}): Promise<Result> =>
  attempt('make', ['-s', target, `ARGS=${args}`, ...Object.entries(variables).map(([name, value]) => `${name}=${value}`)], { environment });
const maasK8s = (...args: string[]): Promise<Result> => attempt('node', ['build/maas-k8s.js', ...args]);

async function succeed(running: Promise<Result>): Promise<Result> {
  const result = await running;
  if (result.code !== 0) throw new Error(`exit code ${String(result.code)}\n${result.stdout}${result.stderr}`);
  return result;
}

const namespaces = async (): Promise<string[]> =>
  (JSON.parse(await kubectl('get', 'namespaces', '-o', 'json')) as { items: KubernetesObject[] }).items
    .filter(({ status }) => status.phase === 'Active')
    .map(({ metadata }) => metadata.name as string);

const api = async (): Promise<Api> => new Api(main, await main.secret('maas-api-key', 'key'));
const nodes = async (): Promise<string[]> =>
  (JSON.parse(await kubectl('get', 'nodes', '-o', 'json')) as { items: KubernetesObject[] }).items.map(({ metadata }) => metadata.name as string);

const nodeAddress = async (): Promise<string> =>
  ((JSON.parse(await kubectl('get', 'nodes', '-o', 'json')) as { items: KubernetesObject[] }).items[0]!.status.addresses as KubernetesObject[]).find(
    ({ type }) => type === 'InternalIP',
  )!.address as string;

/** Racks that are connected, as the region says. */
async function connected(): Promise<string[]> {
  const { body } = await (await api()).call('rackcontrollers/');
  return (body as KubernetesObject[])
    .filter(({ service_set }) => (service_set as KubernetesObject[]).some(({ name, status }) => name === 'rackd' && status === 'running'))
    .map(({ hostname }) => hostname as string)
    .sort();
}

beforeAll(async () => {
  await Promise.all([main.remove(), edge.remove()]);
});
afterAll(() => edge.remove());

test('before there is anything, that is what is said', async () => {
  const { code, stdout, stderr } = await make('get_region_api_key', '--no-wait');
  expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining('there is no MAAS in namespace maas; maas-k8s up makes one')]);
  expect((await maasK8s('status')).stdout).toContain('Next: there is no MAAS in namespace maas: maas-k8s up makes one');
});

test('preflight names what something else listens on where a rack would, with the cure', async () => {
  const [node] = await nodes();
  const listen = "require('net').createServer().listen(5248); require('dgram').createSocket('udp4').bind(69)";
  const { images } = defaults();
  const image = `${images.registry}/${images.toolbox.repository}:${images.toolbox.tag}`;
  const container = {
    name: 'busy',
    image,
    imagePullPolicy: 'IfNotPresent',
    command: ['/opt/maas-k8s/bin/node', '-e', listen],
    securityContext: { runAsUser: 0 },
  };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'busy', namespace: other },
    spec: { hostNetwork: true, nodeName: node, terminationGracePeriodSeconds: 0, containers: [container] },
  };
  await kubectl('create', 'namespace', other);
  try {
    await run('kubectl', ['apply', '-f', '-'], { input: JSON.stringify(pod) });
    await kubectl('-n', other, 'wait', '--for=condition=Ready', 'pod/busy', '--timeout=60s');
    const { code, stdout } = await maasK8s('preflight', ...values.split(' '));
    expect(stdout).toMatch(new RegExp(`fail\\s+${node!}\\s+ports\\s+in use: udp/69 \\(tftp\\), tcp/5248 \\(rack-http\\)`));
    expect([code, stdout]).toEqual([5, expect.stringMatching(/stop what listens there .*, or keep racks off the node/)]);
  } finally {
    await kubectl('delete', 'namespace', other, '--wait=true');
  }
});

test('run_region says what it will do, and changes nothing with --dry-run', async () => {
  const { stderr } = await succeed(make('run_region', `${values} --dry-run`));
  expect(stderr).toMatch(/will be made: Namespace maas, .*Deployment maas-region-a/);
  expect(await namespaces()).not.toContain('maas');
});

test('run_region stays until the API answers; meanwhile the key is asked for too early', async () => {
  const started = Date.now();
  const running = make('run_region', values);
  await until('the namespace', 60, async () => ((await namespaces()).includes('maas') ? true : undefined));
  const early = await make('get_region_api_key', '--no-wait');
  expect([early.code, early.stdout]).toEqual([2, '']);
  expect(early.stderr).toMatch(/the region is still starting|there is no MAAS/);
  // Asked without --no-wait, it waits.
  const [{ stderr }, waited] = await Promise.all([succeed(running), succeed(make('get_region_api_key'))]);
  console.log(`run_region: ${String(seconds(started))} s\n${stderr}`);
  expect(stderr).toMatch(/region: MAAS 3\.7\.3\S* answers, a/);
  expect(waited.stdout.trim()).toBe(await main.secret('maas-api-key', 'key'));
});

test('the secret, the key and the addresses are printed alone', async () => {
  expect((await succeed(make('get_region_secret'))).stdout.trim()).toBe(await main.secret('maas-region-secret', 'secret'));
  expect((await succeed(make('get_region_api_key'))).stdout.trim()).toBe(await main.secret('maas-api-key', 'key'));
  const { stdout } = await succeed(make('get_region_ip_address'));
  console.log(stdout);
  const { spec } = await main.get('service', 'maas-region');
  url = `http://${String(spec.clusterIP)}:5240/MAAS`;
  expect(stdout).toContain(url);
});

test('status has its schema, exit codes, and answers within a second', async () => {
  const times: number[] = [];
  for (let n = 0; n < 3; n++) {
    const started = Date.now();
    const { code, stdout } = await maasK8s('status', '-o', 'json');
    times.push(Date.now() - started);
    expect(code).toBe(0);
    expect([...Value.Errors(statusSchema, JSON.parse(stdout))]).toEqual([]);
  }
  console.log(`status: ${times.join(', ')} ms`);
  expect(times.sort((a, b) => a - b)[1]).toBeLessThanOrEqual(1000);
});

describe('register_rack refuses, and changes nothing:', () => {
  const good = async (): Promise<string> => main.secret('maas-region-secret', 'secret');
  const refused = async (address: string, secret: string, code: number, said: RegExp): Promise<void> => {
    const { code: found, stderr } = await make('register_rack', `-n maas-edge ${values}`, { URL: address, SECRET: secret });
    expect(stderr).toMatch(said);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stderr).not.toContain(secret);
    expect([found, stderr.match(/Error (\d+)/)?.[1]]).toEqual([2, String(code)]);
    expect(await namespaces()).not.toContain('maas-edge');
  };

  test('a wrong URL', async () => {
    // Something that speaks HTTP and is no MAAS: the mux, where the kubelet asks it.
    const [region] = await main.pods('region');
    const other = `http://${String(region!.status.podIP)}:${String(ports.health.number)}/MAAS`;
    await refused(other, await good(), 1, /is no MAAS: .*HTTP 404.*nothing was changed/);
    await refused(`${url.replace('/MAAS', '')}/wrong`, await good(), 2, /--url is ".*\/wrong"; it must be a URL like http:\/\/HOST:5240\/MAAS/);
    await refused('maas.internal', await good(), 2, /--url is "maas.internal"; it must be a URL like http:\/\/HOST:5240\/MAAS/);
  });
  test('another secret than the region has', async () => {
    await refused(url, 'f'.repeat(32), 1, /the region at .* has another secret; nothing was changed/);
  });
  test('a secret of 31 characters', async () => {
    await refused(url, (await good()).slice(1), 1, /has 31 characters; MAAS needs exactly 32 lower-case hex characters/);
  });
  test('a region that nobody answers for', async () => {
    await refused(
      `${(await nodeAddress()).replace(/\d+$/, '77').replace(/^/, 'http://')}:5240/MAAS`,
      await good(),
      3,
      /node \S+ does not reach it: .*nothing was changed/,
    );
  });
  test('and leaves nothing of its looking behind', async () => {
    await until('the probes’ namespaces to go', 60, async () => ((await namespaces()).some((name) => name.startsWith('maas-probe')) ? undefined : true));
  });
});

test('a set-up of racks alone joins the region', async () => {
  const started = Date.now();
  const { stderr } = await succeed(
    make(
      'register_rack',
      `-n maas-edge ${values}`,
      { URL: url, SECRET: await main.secret('maas-region-secret', 'secret') },
      { MAAS_API_KEY: await main.secret('maas-api-key', 'key') },
    ),
  );
  console.log(`register_rack: ${String(seconds(started))} s\n${stderr}`);
  expect(stderr).toMatch(/the region lists 2 racks/);
  const names = (await nodes()).map((node) => `${node}-default`).sort();
  await until('racks connected', 60, async () => ((await connected()).join() === names.join() ? true : undefined));
  expect((await edge.list('pods')).map(({ metadata }) => metadata.labels['app.kubernetes.io/component'] as string)).toEqual(names.map(() => 'rack'));
  expect((await maasK8s('status', '-n', 'maas-edge')).stdout).toMatch(/registered with its region/);
});

test('a second time everything is as it should be', async () => {
  const { stderr } = await succeed(make('register_rack', `-n maas-edge ${values}`, { URL: url, SECRET: await main.secret('maas-region-secret', 'secret') }));
  expect(stderr).toMatch(/Secret maas-region-secret: as it should be/);
  expect(stderr).not.toMatch(/will be/);
});

test('down --purge takes the set-up away with its namespace', async () => {
  const plan = await succeed(make('down', '-n maas-edge --purge --dry-run'));
  expect(plan.stderr).toContain('nothing was changed (--dry-run)');
  await succeed(make('down', '-n maas-edge --purge --yes'));
  expect(await namespaces()).not.toContain('maas-edge');
});

test('run_rack stays until every rack is connected', async () => {
  const started = Date.now();
  const { stderr } = await succeed(make('run_rack', values));
  console.log(`run_rack: ${String(seconds(started))} s\n${stderr}`);
  expect(stderr).toContain('registration: every rack is connected');
  expect(await connected()).toEqual((await nodes()).map((node) => `${node}-default`).sort());
});

test('a service is restarted by its MAAS name; logs and status go on until Ctrl-C', async () => {
  const since = async (): Promise<Map<string, string>> => {
    const { services } = JSON.parse((await succeed(maasK8s('services', '-o', 'json'))).stdout) as {
      services: { pod: string; service: string; current: string; since: string }[];
    };
    return new Map(services.filter(({ service }) => service === 'http').map(({ pod, current, since: at }) => [pod, `${current} ${at}`]));
  };
  const before = await since();
  const { stderr } = await succeed(maasK8s('services', 'restart', 'http'));
  for (const [pod, was] of before) expect(stderr).toContain(`restart http in ${pod} (now ${was.split(' ')[0]!})`);
  const after = await since();
  expect([...after.keys()]).toEqual([...before.keys()]);
  for (const [pod, is] of after) expect([is.split(' ')[0], is === before.get(pod)]).toEqual(['active', false]);

  const untilInterrupted = (...args: string[]): Promise<Result> =>
    attempt('timeout', ['--preserve-status', '--signal=INT', '12', 'node', 'build/maas-k8s.js', ...args]);
  const [logs, status] = await Promise.all([untilInterrupted('logs', '--follow', 'http'), untilInterrupted('status', '--watch')]);
  expect([logs.code, status.code]).toEqual([130, 130]);
  for (const pod of after.keys()) expect(logs.stdout).toContain(`${pod}/http`);
  expect(status.stdout).toMatch(/^database .* ready/m);
});

test('the secret is rotated, through an interruption, and racks reconnect by themselves', async () => {
  const before = await main.secret('maas-region-secret', 'secret');
  const started = Date.now();
  expect((await succeed(maasK8s('rotate', 'secret', '--dry-run'))).stderr).toContain('nothing was changed (--dry-run)');
  expect(await main.secret('maas-region-secret', 'secret')).toBe(before);
  // Ended in the middle, by its time here.
  const interrupted = await maasK8s('rotate', 'secret', '--yes', '--timeout', '1s');
  expect([interrupted.code, interrupted.stderr]).toEqual([4, expect.stringMatching(/run this again to go on/)]);
  const { stderr } = await succeed(maasK8s('rotate', 'secret', '--yes'));
  console.log(`rotate secret: ${String(seconds(started))} s\n${stderr}`);
  expect(stderr).toMatch(/goes on/);
  const after = await main.secret('maas-region-secret', 'secret');
  expect(after).toMatch(/^[0-9a-f]{32}$/);
  expect(after).not.toBe(before);
  const seeded = "select value->>'secret' from maasserver_secret where path = 'global/rpc-shared'";
  expect((await main.sql(seeded)).trim()).toBe(after);
  for (const { metadata } of [...(await main.pods('region')), ...(await main.pods('rack'))])
    expect(await main.exec(metadata.name as string, 'services', 'cat', '/var/lib/maas/secret')).toBe(after);
  const names = (await nodes()).map((node) => `${node}-default`).sort();
  await until('racks connected', 90, async () => ((await connected()).join() === names.join() ? true : undefined));
});

test('a support bundle holds what helps, and no secret', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
  const started = Date.now();
  await succeed(maasK8s('support-bundle', '--file', join(folder, 'maas.tar.gz')));
  console.log(`support-bundle: ${String(seconds(started))} s, ${String(Math.round(statSync(join(folder, 'maas.tar.gz')).size / 1024))} KiB`);
  execFileSync('tar', ['-xzf', join(folder, 'maas.tar.gz'), '-C', folder]);
  const files = readdirSync(join(folder, 'maas-support'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const all = files.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8')).join('\n');
  rmSync(folder, { recursive: true });
  expect(all).toContain('maas-region-a');
  const key = await main.secret('maas-api-key', 'key');
  for (const secret of [
    await main.secret('maas-region-secret', 'secret'),
    await main.secret('maas-database', 'password'),
    await main.secret('maas-admin', 'password'),
    ...key.split(':'),
  ]) {
    expect(all.includes(secret)).toBe(false);
    expect(all.includes(Buffer.from(secret).toString('base64').replace(/=+$/, ''))).toBe(false);
  }
});

test('down keeps what holds data, and up goes on with it', async () => {
  const [secret, key] = [await main.secret('maas-region-secret', 'secret'), await main.secret('maas-api-key', 'key')];
  const identities = await (await api()).controllers('region');
  const { stderr } = await succeed(make('down', '--yes'));
  expect(stderr).toMatch(/will stay: .*persistentvolumeclaim\/maas-database-data/);
  expect((await main.list('pods')).filter(({ metadata }) => !(metadata.name as string).startsWith('maas-re'))).toEqual([]);
  const started = Date.now();
  const again = await succeed(make('up', values));
  console.log(`up: ${String(seconds(started))} s\n${again.stderr}`);
  expect([await main.secret('maas-region-secret', 'secret'), await main.secret('maas-api-key', 'key')]).toEqual([secret, key]);
  expect(await (await api()).controllers('region')).toEqual(identities);
});

test('preflight beside what runs already', async () => {
  const { code, stdout, stderr } = await maasK8s('preflight', ...values.split(' '));
  console.log(stdout);
  expect([code, stderr]).toEqual([0, expect.stringContaining('MAAS can be put here')]);
  expect(stdout).toMatch(/pass\s+\S+\s+ports\s+a rack of this MAAS has them/);
});
