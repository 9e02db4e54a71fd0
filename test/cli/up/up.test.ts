import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { up, type UpOptions } from '../../../cli/up/up';
import { capture } from '../captured';
import { clusterTools, withEnvironment, type ClusterTools } from '../cluster-tools';
import { fakeKubernetes, keep, type FakeKubernetes } from '../fake-kubernetes';
import { fakeMaas, type FakeMaas } from '../fake-maas';
import { folder } from '../folder';
import { failed, job, pod, rackPod, regionPod } from '../objects';

const written = capture();
const standard = { metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } } };
let kubernetes: FakeKubernetes;
let maas: FakeMaas;
beforeEach(async () => {
  [kubernetes, maas] = await Promise.all([fakeKubernetes(), fakeMaas()]);
  kubernetes.objects.set('/version', { gitVersion: 'v1.33.0' });
  kubernetes.objects.set('/apis/storage.k8s.io/v1/storageclasses/standard', standard);
  // What the cluster's own controllers would make of it.
  keep(kubernetes, '/api/v1/namespaces/maas/pods', pod('database', 'maas-database-0'), regionPod(), rackPod());
  kubernetes.put('maas-api-key', { key: 'c:t:s' });
  kubernetes.ports.set('maas-region-a-1:5240', maas.port);
  const running = ['rackd', 'http'].map((name) => ({ name, status: 'running', status_info: '' }));
  maas.answers.set('api/2.0/rackcontrollers/', [{ system_id: 'r', hostname: 'node-1-default', service_set: running }]);
});
afterEach(() => Promise.all([kubernetes.close(), maas.close()]));

const values = (content = ''): string => {
  const path = join(folder(), 'values.yaml');
  writeFileSync(path, `images: { registry: registry.internal/maas }\n${content}`);
  return path;
};
const go = (part: 'all' | 'region' | 'rack', options: Partial<UpOptions> = {}): Promise<void> =>
  up(part, { kubeconfig: kubernetes.kubeconfig(), values: values(), wait: true, timeout: 5000, ...options });
const applied = (): string[] => [...kubernetes.objects.keys()].map((path) => path.split('/').slice(-2).join('/'));

const statuses: Readonly<Record<string, object>> = {
  jobs: { succeeded: 1 },
  daemonsets: { desiredNumberScheduled: 1, updatedNumberScheduled: 1, observedGeneration: 1 },
  deployments: { updatedReplicas: 1, observedGeneration: 1 },
  statefulsets: { updatedReplicas: 1, observedGeneration: 1 },
};
let acting: NodeJS.Timeout | undefined;
afterEach(() => {
  clearInterval(acting);
});

/** Jobs are done as soon as they are made, and pods are where they are wanted, unless something else is said. */
function controllers(other: Readonly<Record<string, object>> = {}): void {
  clearInterval(acting);
  acting = setInterval(() => {
    for (const [path, object] of kubernetes.objects) {
      const status = { ...statuses, ...other }[path.split('/').at(-2) ?? ''];
      if (status !== undefined && !('status' in object)) Object.assign(object, { status });
    }
  }, 20);
}
const jobsAt = '/apis/batch/v1/namespaces/maas/jobs';
const jobs = (): string[] => [...kubernetes.objects.keys()].filter((path) => path.startsWith(`${jobsAt}/`)).map((path) => path.slice(jobsAt.length + 1));

test('a plan changes nothing, and says what would be made', async () => {
  const before = applied();
  await go('all', { dryRun: true });
  expect(applied()).toEqual(before);
  expect(written.stderr).toMatch(/will be made: Namespace maas, .*Deployment maas-region-a, .*DaemonSet maas-rack-default/);
  expect(written.stderr).toContain('nothing was changed (--dry-run)');
  expect(kubernetes.requests.filter((asked) => !asked.startsWith('GET ') && !asked.endsWith('/selfsubjectaccessreviews'))).toEqual([]);
});

test('applies, waits, and says what is next', async () => {
  controllers();
  await go('all');
  expect(applied()).toEqual(
    expect.arrayContaining(['namespaces/maas', 'statefulsets/maas-database', 'deployments/maas-region-a', 'daemonsets/maas-rack-default']),
  );
  for (const said of [
    'database: ready',
    'region: MAAS 3.7.3 answers, a',
    'racks: default/node-1 connected',
    'registration: every rack is connected',
    'Next: there are no images',
  ])
    expect(written.stderr).toContain(said);
  expect(written.stdout).toBe('');
});

test('a second time there is nothing to make or to change', async () => {
  controllers();
  await go('all');
  written.stderr = '';
  await go('all', { dryRun: true });
  expect(written.stderr).not.toMatch(/will be/);
  expect(written.stderr).toMatch(/as they should be: \d+ objects/);
});

test('a cluster that is not fit is refused with the cures, before anything is changed', async () => {
  kubernetes.objects.delete('/apis/storage.k8s.io/v1/storageclasses/standard');
  kubernetes.objects.set('/version', { gitVersion: 'v1.28.3' });
  await expect(go('region', { wait: false })).rejects.toThrow(
    /not fit for MAAS; nothing was changed.*\n {2}Kubernetes: v1.28.3 is too old; .*\n {2}storage: no StorageClass is the default/,
  );
  expect(applied()).not.toContain('namespaces/maas');
  await go('region', { wait: false, preflight: false });
  expect(applied()).toContain('namespaces/maas');
});

test('the region and the racks one by one', async () => {
  await go('region', { wait: false });
  expect(applied()).not.toContain('daemonsets/maas-rack-default');
  await go('rack', { wait: false });
  expect(applied()).toContain('daemonsets/maas-rack-default');
});

test('the namespace of the command line wins', async () => {
  await go('region', { wait: false, namespace: 'maas-test' });
  expect([...kubernetes.objects.keys()].some((path) => path === '/apis/apps/v1/namespaces/maas-test/deployments/maas-region-a')).toBe(true);
});

test('a conflict is shown, with its owner and the field; nothing is changed; and it may be forced', async () => {
  await go('region', { wait: false });
  const path = '/apis/apps/v1/namespaces/maas/deployments/maas-region-a';
  kubernetes.conflicts.set(path, '.spec.replicas');
  const before = kubernetes.requests.length;
  await expect(go('region', { wait: false })).rejects.toThrow(/Deployment maas-region-a\n\s+spec.replicas: conflict with "kubectl"\n.*--force-conflicts/s);
  const asked = kubernetes.requests.slice(before).filter((one) => one.startsWith('PATCH'));
  expect(new Set(asked).size).toBe(asked.length);
  await go('region', { wait: false, forceConflicts: true });
});

test.each([
  ['region: { workers: 11 }', 'region.workers: 11 is not allowed'],
  ['rack: { pools: [] }', 'the values have no rack pool'],
])('%s is refused before the cluster is asked', async (content, said) => {
  await expect(go('rack', { values: values(content) })).rejects.toThrow(said);
  expect(kubernetes.requests).toEqual([]);
});

test('images that no node could pull are named with their nodes', async () => {
  kubernetes.objects.set('/api/v1/nodes/n1', { metadata: { name: 'n1' }, spec: {}, status: { images: [{ names: ['localhost/maas-rack:3'] }] } });
  writeFileSync(join(folder(), 'x'), '');
  const local = join(folder(), 'values.yaml');
  writeFileSync(local, '');
  await expect(go('rack', { values: local })).rejects.toThrow(
    /images that no node can pull are missing: localhost\/maas-rack:.* \(n1\).*maas-k8s build --import/,
  );
  expect(kubernetes.requests.filter((asked) => asked.startsWith('PATCH'))).toEqual([]);
});

test('a bootstrap that has failed ends the wait, with the cure', async () => {
  controllers({ jobs: failed('BackoffLimitExceeded') });
  await expect(go('region')).rejects.toThrow(/has failed: BackoffLimitExceeded; maas-k8s logs bootstrap says why, and once that is mended maas-k8s up runs it/);
});

test('once that is mended, it is run again', async () => {
  controllers({ jobs: failed() });
  await expect(go('region')).rejects.toThrow(/has failed/);
  const before = jobs();
  controllers();
  await go('region');
  expect(written.stderr).toContain(`will be run again: Job ${before[0]!}, for it has failed`);
  expect(jobs()).toEqual(before);
});

describe('Jobs of earlier values', () => {
  const old = { name: 'old', made: '2026-01-01T00:00:00Z' };

  test('neither their success nor their failure counts, and they are removed with their pods', async () => {
    keep(kubernetes, jobsAt, job('bootstrap', failed(), old), job('registration', { succeeded: 1 }, old));
    controllers({ jobs: { active: 1 } });
    await expect(go('all', { timeout: 2500 })).rejects.toThrow(/wait for bootstrap/);
    expect(jobs().filter((name) => name.endsWith('-old'))).toEqual([]);
    expect(written.stderr).toContain('will be removed: Job maas-bootstrap-old, Job maas-registration-old, superseded');
    expect(written.stderr).not.toContain('bootstrap: secrets');
  });

  test('the failure of another part’s does not stand in the way', async () => {
    maas.answers.set('api/2.0/rackcontrollers/', []);
    keep(kubernetes, jobsAt, job('registration', failed(), old));
    controllers();
    await go('region');
    expect(written.stderr).toContain('region: MAAS 3.7.3 answers, a');
  });

  test('only those of what is applied go: not another part’s, another release’s, a CronJob’s or Helm’s', async () => {
    const of = (name: string, metadata: object) => {
      const made = job('bootstrap', { succeeded: 1 }, { name });
      return { ...made, metadata: { ...made.metadata, ...metadata } };
    };
    const others = [
      job('registration', failed(), old),
      job('reconcile', failed(), old),
      of('owned', { ownerReferences: [{ kind: 'CronJob', name: 'x' }] }),
      of('other', { labels: { ...job('bootstrap').metadata?.labels, 'app.kubernetes.io/instance': 'other' } }),
      of('helm', { labels: { ...job('bootstrap').metadata?.labels, 'app.kubernetes.io/managed-by': 'Helm' } }),
    ];
    keep(kubernetes, jobsAt, ...others);
    await go('region', { wait: false });
    expect(jobs()).toEqual(expect.arrayContaining(others.map(({ metadata }) => metadata?.name)));
  });

  test('one that is wanted once more after another is run again', async () => {
    controllers();
    await go('region');
    const [wanted] = jobs();
    kubernetes.objects.set(`${jobsAt}/${wanted!}`, { ...kubernetes.objects.get(`${jobsAt}/${wanted!}`), status: { succeeded: 1 } });
    keep(kubernetes, jobsAt, job('bootstrap', { succeeded: 1 }, { name: 'between', made: '2999-01-01T00:00:00Z' }));
    await go('region', { dryRun: true });
    expect(jobs()).toHaveLength(2);
    kubernetes.requests.length = 0;
    await go('region');
    expect(written.stderr).toContain(`will be run again: Job ${wanted!}, for maas-bootstrap-between was applied after it`);
    expect(kubernetes.requests.filter((asked) => asked.startsWith('DELETE'))).toEqual([
      `DELETE ${jobsAt}/${wanted!}`,
      `DELETE ${jobsAt}/maas-bootstrap-between`,
    ]);
    expect(jobs()).toEqual([wanted]);
  });

  test('one that may not be removed is named, and does not stand in the way', async () => {
    keep(kubernetes, jobsAt, job('bootstrap', failed(), old));
    controllers();
    kubernetes.lasting.set(`DELETE ${jobsAt}/maas-bootstrap-old`, 403);
    const made = setInterval(() => {
      for (const name of jobs())
        if (!name.endsWith('-old'))
          Object.assign((kubernetes.objects.get(`${jobsAt}/${name}`) as { metadata: object }).metadata, { creationTimestamp: '2026-02-02T00:00:00Z' });
    }, 10);
    await go('region').finally(() => {
      clearInterval(made);
    });
    expect(written.stderr).toMatch(/the superseded Job maas-bootstrap-old stays: cannot remove .*HTTP 403/);
  });
});

test.each([
  ['statefulsets', { observedGeneration: 1 }, /wait for the database maas-database-0: its pod is not yet the one that was applied last/],
  ['deployments', { observedGeneration: 1 }, /wait for region a: its pod is not yet the one that was applied last/],
  ['daemonsets', { desiredNumberScheduled: 1, observedGeneration: 1 }, /wait for racks: pool default has 0 of 1 pods as they were applied last/],
])('pods of earlier %s are not taken for what was applied', async (kind, status, said) => {
  controllers({ [kind]: status });
  await expect(go('all', { timeout: 2500 })).rejects.toThrow(said);
});

describe('what the values make no more', () => {
  const wide = values.bind(
    undefined,
    'rack: { pools: [{ name: left, nodeSelector: { site: left } }, { name: right, nodeSelector: { site: right } }] }\nregion: { members: [{ name: a }, { name: b }] }\n',
  );
  const managed = (manager: string): void => {
    for (const object of kubernetes.objects.values()) if ('metadata' in object) Object.assign(object.metadata as object, { managedFields: [{ manager }] });
  };

  test('is named, with the command that removes it; claims stay, and nothing is removed', async () => {
    await go('all', { wait: false, values: wide() });
    expect(written.stderr).not.toContain('of earlier values');
    managed('maas-k8s');
    const before = applied();
    kubernetes.requests.length = 0;
    await go('region', { wait: false, values: values('rack: { pools: [{ name: left, nodeSelector: { site: left } }] }') });
    expect(written.stderr).toMatch(
      new RegExp(
        'of earlier values, and not of these: daemonset/maas-rack-right, deployment/maas-region-b, poddisruptionbudget/maas-region; to remove it: ' +
          'kubectl --kubeconfig \\S+ --context fake -n maas delete daemonset/maas-rack-right deployment/maas-region-b poddisruptionbudget/maas-region\n',
      ),
    );
    expect(written.stderr).toContain('of earlier values, and holds data: persistentvolumeclaim/maas-region-b-images; it stays\n');
    expect(applied().filter((path) => !path.startsWith('jobs/'))).toEqual(before.filter((path) => !path.startsWith('jobs/')));
  });

  test('a Job is, too, where the values make none of its kind; else up removes it itself', async () => {
    await go('all', { wait: false });
    managed('maas-k8s');
    await go('all', { wait: false, values: values('rack: { pools: [{ name: other, nodeSelector: { site: left } }] }') });
    expect(written.stderr).not.toContain('not of these: job');
    managed('maas-k8s');
    await go('region', { wait: false, values: values('rack: { pools: [] }') });
    expect(written.stderr).toMatch(/not of these: [^;]*\bjob\/maas-register-/);
  });

  test('by a change of the database, too', async () => {
    await go('region', { wait: false });
    managed('maas-k8s');
    await go('region', { dryRun: true, values: values('database: { embedded: false, host: db.corp, maxConnections: 200 }') });
    expect(written.stderr).toContain('not of these: statefulset/maas-database, service/maas-database, serviceaccount/maas-database; to remove it');
    expect(written.stderr).toContain('holds data: persistentvolumeclaim/maas-database-data');
  });

  test('is only named where others have applied it, and not at all where it is somebody’s own', async () => {
    await go('all', { wait: false, values: wide() });
    managed('argocd-controller');
    Object.assign((kubernetes.objects.get('/apis/apps/v1/namespaces/maas/deployments/maas-region-b') as { metadata: object }).metadata, { managedFields: [] });
    await go('all', { dryRun: true, values: values('rack: { pools: [{ name: left, nodeSelector: { site: left } }] }') });
    expect(written.stderr).toContain(
      'not of these: daemonset/maas-rack-right (argocd-controller), poddisruptionbudget/maas-region (argocd-controller); who has applied it has to remove it',
    );
    expect(written.stderr).not.toContain('kubectl --context');
  });

  test('is not known to whoever may not list it', async () => {
    kubernetes.lasting.set('GET /apis/policy/v1/namespaces/maas/poddisruptionbudgets', 403);
    await go('region', { dryRun: true });
    expect(written.stderr).toMatch(/what earlier values have left is not known: cannot list poddisruptionbudgets .*HTTP 403/);
  });
});

test('what is not ready in time is named', async () => {
  controllers();
  keep(kubernetes, '/api/v1/namespaces/maas/pods', pod('database', 'maas-database-0', { notReady: ['main'] }));
  await expect(go('region', { timeout: 1500 })).rejects.toMatchObject({
    name: 'TimedOut',
    message: expect.stringContaining('wait for the database maas-database-0: not ready: main') as string,
  });
});

test('without a cluster, that is what is said, with a way to get one', async () => {
  await kubernetes.close();
  await expect(go('all', { requestTimeout: 500 })).rejects.toThrow(
    /the cluster cannot be reached: .*connection refused.*\nmaas-k8s up --kind, or --k3d, makes a cluster/s,
  );
  kubernetes = await fakeKubernetes();
});

test('with a kubeconfig that does not exist, too', async () => {
  await expect(go('all', { kubeconfig: join(folder(), 'none') })).rejects.toThrow(/no such file.*\nmaas-k8s up --kind, or --k3d, makes a cluster/s);
});

describe('with a cluster made for it', () => {
  let tools: ClusterTools;
  let kubeconfig: string;
  beforeEach(() => {
    tools = clusterTools(kubernetes.kubeconfig('TOOL-maas'));
    kubeconfig = join(folder(), 'kubeconfig');
    kubernetes.objects.set('/api/v1/nodes/n1', { metadata: { name: 'n1' }, spec: {}, status: { conditions: [{ type: 'Ready', status: 'True' }] } });
  });
  withEnvironment(() => tools);

  test.each(['kind', 'k3d'] as const)('%s: it is made, and MAAS is applied to it', async (tool) => {
    // Its node registers after the tool is done.
    const node = kubernetes.objects.get('/api/v1/nodes/n1')!;
    kubernetes.objects.delete('/api/v1/nodes/n1');
    setTimeout(() => {
      kubernetes.requests.push('the node registers');
      kubernetes.objects.set('/api/v1/nodes/n1', node);
    }, 700);
    await go('region', { kubeconfig, [tool]: true, wait: false });
    expect(kubernetes.requests.findIndex((one) => one.startsWith('PATCH'))).toBeGreaterThan(kubernetes.requests.indexOf('the node registers'));
    expect(kubernetes.requests).toContain('the node registers');
    expect(tools.calls().some((call) => call.includes('create'))).toBe(true);
    expect(written.stderr).toContain(`context ${tool}-maas`);
    expect(applied()).toContain('deployments/maas-region-a');
  });

  test('a plan neither makes it nor goes on', async () => {
    await go('all', { kubeconfig, kind: true, dryRun: true });
    expect(tools.read('cluster')).toBeUndefined();
    expect(written.stderr).toMatch(/would make the kind cluster maas.*\n(.*\n)*nothing was changed \(--dry-run\)/);
    expect(kubernetes.requests).toEqual([]);
  });

  test('a plan for the one that is there says what would be applied', async () => {
    tools.set('cluster');
    await go('all', { kubeconfig: kubernetes.kubeconfig('kind-maas'), kind: true, dryRun: true });
    expect(tools.calls()).toEqual(['kind get clusters']);
    expect(written.stderr).toMatch(/will be made: Namespace maas/);
  });

  test('one that is there and does not answer is named, with the command that removes it', async () => {
    tools.set('cluster');
    await kubernetes.close();
    await expect(go('all', { kubeconfig, k3d: true, requestTimeout: 500 })).rejects.toThrow(
      /cannot be reached.*\nk3d cluster delete maas removes it, and maas-k8s up --k3d makes another/s,
    );
    kubernetes = await fakeKubernetes();
  });

  test.each([
    [{ kind: true, k3d: true }, '--kind and --k3d: choose one'],
    [{ kind: true, context: 'x' }, '--kind and --context: choose one'],
  ])('%j is refused before anything is made', async (options, said) => {
    await expect(go('all', { kubeconfig, ...options })).rejects.toThrow(said);
    expect(tools.calls()).toEqual([]);
  });

  test('images that are missing are built, by the names of the values, before anything is applied', async () => {
    const local = join(folder(), 'values.yaml');
    writeFileSync(local, 'images: { region: { tag: mine } }');
    process.env['PATH'] = '/nowhere';
    await expect(go('region', { kubeconfig: kubernetes.kubeconfig('kind-maas'), values: local })).rejects.toThrow('nothing that builds images was found');
    expect(written.stderr).toMatch(/will be built and loaded into kind cluster maas: localhost\/maas-region:mine \(n1\), localhost\/maas-toolbox/);
    expect(kubernetes.requests.filter((one) => one.startsWith('PATCH') || one.startsWith('POST /api/v1/namespaces'))).toEqual([]);
  });
});
