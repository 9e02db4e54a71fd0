import { createHash } from 'node:crypto';
import { bootstrap } from '../../../cli/bootstrap/bootstrap';
import { unguarded } from '../../../cli/kubernetes/transport';
import { rotateSecret, type RotateOptions } from '../../../cli/rotate/rotate';
import { rotateSeed } from '../../../cli/rotate/seed';
import { FakeDatabase } from '../bootstrap/fake-database';
import { capture } from '../captured';
import { fakeKubernetes, keep, type FakeKubernetes } from '../fake-kubernetes';
import { folder } from '../folder';
import { pod, rackPod, reconciler, regionPod } from '../objects';

let database: FakeDatabase;
jest.mock('../../../cli/postgres/client', () => ({
  connect: async (_: unknown, password: string) => Promise.resolve().then(() => database.connect(password)),
}));
jest.mock('../../../cli/debian', () => ({ installedVersion: () => '3.7.3', isNewer: () => false }));

const written = capture();
const old = '0123456789abcdef0123456789abcdef';
const next = 'fedcba9876543210fedcba9876543210';
let kubernetes: FakeKubernetes;
const secrets = '/api/v1/namespaces/maas/secrets';
const environment = Object.fromEntries(reconciler().spec!.jobTemplate.spec!.template.spec!.containers[0]!.env!.map(({ name, value }) => [name, value ?? '']));
const value = (key = 'secret'): string | undefined => kubernetes.value('maas-region-secret', key);

beforeEach(async () => {
  kubernetes = await fakeKubernetes();
  database = new FakeDatabase();
  database.migrated = true;
  database.seed = old;
  kubernetes.put('maas-database', { password: 'right' });
  kubernetes.put('maas-region-secret', { secret: old });
});
afterEach(() => kubernetes.close());

describe('the step in the cluster', () => {
  const go = (): Promise<void> => rotateSeed(environment, { timeout: 300 }, unguarded(kubernetes.port));
  const begin = (): void => {
    kubernetes.put('maas-region-secret', { secret: old, next });
  };

  test('without a next value there is nothing to do', async () => {
    await go();
    expect([database.seed, value()]).toEqual([old, old]);
  });

  test('database and Secret take the next value', async () => {
    begin();
    await go();
    expect([database.seed, value(), value('next')]).toEqual([next, next, undefined]);
    expect(written.stdout).not.toContain(next);
  });

  test('ended before the database, between the two, or never: run again, it comes to the same', async () => {
    begin();
    database.breakAt = /UPDATE maasserver_secret/;
    await expect(go()).rejects.toThrow('Connection terminated');
    expect([database.seed, value()]).toEqual([old, old]);
    database.breakAt = undefined;
    kubernetes.lasting.set(`PATCH ${secrets}`, 403);
    await expect(go()).rejects.toThrow('HTTP 403');
    expect([database.seed, value(), value('next')]).toEqual([next, old, next]);
    kubernetes.lasting.clear();
    await go();
    expect([database.seed, value(), value('next')]).toEqual([next, next, undefined]);
  });

  test('bootstrap finishes what was left between the two', async () => {
    begin();
    database.seed = next;
    database.version = '3.7.3';
    database.users = ['admin'];
    database.keys = ['c:t:s'];
    process.env['MAAS_REGION_CONFIG'] = `${folder()}/regiond.conf`;
    await bootstrap(environment, { timeout: 300 }, unguarded(kubernetes.port));
    expect([value(), value('next')]).toEqual([next, undefined]);
  });

  test('a database that holds something else is left alone', async () => {
    begin();
    database.seed = 'a'.repeat(32);
    await expect(go()).rejects.toThrow('holds neither the value that the Secret maas-region-secret has nor the next one');
    expect([database.seed, value('next')]).toEqual(['a'.repeat(32), next]);
  });

  test('a next value of bad form is refused', async () => {
    kubernetes.put('maas-region-secret', { secret: old, next: 'short' });
    await expect(go()).rejects.toThrow('key "next", has 5 characters');
    expect(database.seed).toBe(old);
  });
});

describe('the verb', () => {
  /** What each pod's MAAS has, and when the services that follow regiond were started: seconds. */
  let copies: Map<string, { secret: string; started: number }>;
  let restarted: string[];
  /** Whether the keepers of the other services do their work. */
  let followers: boolean;
  let controllers: NodeJS.Timeout;
  const now = (): number => Math.floor(Date.now() / 1000);

  beforeEach(() => {
    keep(kubernetes, '/apis/batch/v1/namespaces/maas/cronjobs', reconciler());
    keep(kubernetes, '/api/v1/namespaces/maas/pods', pod('database', 'maas-database-0'), regionPod(), rackPod());
    restarted = [];
    followers = true;
    copies = new Map(['maas-region-a-1', 'maas-rack-default-node-1'].map((name) => [name, { secret: old, started: 1000 }]));
    kubernetes.execute = (name, _container, command) => {
      const copy = copies.get(name)!;
      if (command[0] === 'sh') return { stdout: `${createHash('sha256').update(copy.secret).digest('hex')}  -\n` };
      if (command.includes('restart')) {
        restarted.push(`${name}/${command.at(-1) ?? ''}`);
        copies.set(name, { secret: value()!, started: followers ? now() : copy.started });
        return {};
      }
      const since = new Date(copy.started * 1000).toISOString();
      const rows = ['apiserver', 'temporal-worker', 'rackd'].map((service) => `${service}  enabled  active  ${since}`);
      return { stdout: `Service  Startup  Current  Since\n${rows.join('\n')}\n` };
    };
    // The Job runs, and the kubelet brings the Secret to the racks.
    let at = 0;
    controllers = setInterval(() => {
      for (const [path, job] of kubernetes.objects)
        if (path.includes('/jobs/maas-rotate-') && !('status' in job) && at++ === 0)
          void rotateSeed(environment, { timeout: 300 }, unguarded(kubernetes.port))
            .then(() => Object.assign(job, { status: { succeeded: 1 } }))
            .finally(() => (at = 0));
      if (value() !== old) copies.set('maas-rack-default-node-1', { secret: value()!, started: now() });
    }, 50);
  });
  afterEach(() => {
    clearInterval(controllers);
  });
  const go = (options: Partial<RotateOptions> = {}): Promise<void> =>
    rotateSecret({ kubeconfig: kubernetes.kubeconfig(), yes: true, timeout: 20_000, interval: 50, ...options });

  test('a plan changes nothing', async () => {
    await go({ dryRun: true });
    expect(kubernetes.requests.filter((asked) => !/^(GET|UPGRADE)/.test(asked))).toEqual([]);
    expect(written.stderr).toContain('will be changed: the Secret maas-region-secret, and the region secret in the database');
  });

  test('everywhere there is a new secret, and only regiond is restarted by hand', async () => {
    kubernetes.put('maas-region-secret', { secret: old }, {}, { annotations: { kept: 'yes' } });
    await go();
    expect(value()).toMatch(/^[0-9a-f]{32}$/);
    expect(value()).not.toBe(old);
    expect(database.seed).toBe(value());
    expect(restarted).toEqual(['maas-region-a-1/regiond']);
    expect(written.stderr + written.stdout).not.toContain(value());
    // What else the Secret has is not ours to lose.
    expect(kubernetes.secrets.get('maas-region-secret')?.metadata).toMatchObject({ annotations: { kept: 'yes' } });
  });

  test('an interruption in the middle: the same rotation goes on, and no second one begins', async () => {
    kubernetes.put('maas-region-secret', { secret: old, next });
    await go();
    expect(written.stderr).toContain('a rotation has begun and goes on');
    expect(value()).toBe(next);
  });

  test('an interruption before it was everywhere: it goes on to those who lack it', async () => {
    kubernetes.put('maas-region-secret', { secret: next });
    database.seed = next;
    await go();
    expect(written.stderr).toMatch(/a rotation has not got everywhere yet \(.*maas-region-a-1/);
    expect([value(), restarted]).toEqual([next, ['maas-region-a-1/regiond']]);
  });

  test('a worker that still has the old secret is waited for, for it would fail without a word', async () => {
    kubernetes.put('maas-region-secret', { secret: next });
    database.seed = next;
    followers = false;
    await expect(go({ timeout: 1500 })).rejects.toMatchObject({
      name: 'TimedOut',
      message: expect.stringContaining('apiserver, temporal-worker not started with it yet; run this again to go on') as string,
    });
  });

  describe('a Secret that somebody else brings', () => {
    const sealed = {
      ownerReferences: [{ apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', name: 'maas-region-secret', uid: '1' }],
      annotations: { kept: 'yes' },
    };
    const bring = (data: Record<string, string>): void => {
      kubernetes.put('maas-region-secret', data, {}, sealed);
    };

    test('is not changed behind their back', async () => {
      bring({ secret: old });
      await expect(go()).rejects.toThrow(
        'belongs to SealedSecret maas-region-secret, which would put back what is changed here; add the new secret there, under the key "next"',
      );
      expect(kubernetes.requests.filter((asked) => !/^(GET|UPGRADE)/.test(asked))).toEqual([]);
    });

    test('the database has their next value, and it is said what is theirs to do; when they have, the rotation goes on', async () => {
      bring({ secret: old, next });
      await expect(go({ timeout: 1500 })).rejects.toMatchObject({
        name: 'TimedOut',
        message:
          'the database has the next value; the Secret maas-region-secret belongs to SealedSecret maas-region-secret: move the value of "next" to "secret" there; run this again to go on',
      });
      expect([database.seed, value(), value('next')]).toEqual([next, old, next]);
      // With what was next left behind, too.
      bring({ secret: next, next });
      await go();
      expect([...copies.values()].map(({ secret }) => secret)).toEqual([next, next]);
      expect(kubernetes.requests.filter((asked) => /^(PUT|PATCH)/.test(asked))).toEqual([]);
    }, 15_000);
  });

  test('without a region there is nothing to rotate', async () => {
    kubernetes.objects.clear();
    await expect(go()).rejects.toThrow('there is no region in namespace maas; the secret is rotated where the region is');
  });
});
