import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { helmChart } from '../../charts/helm';
import { read } from '../../charts/render/publish';
import { exitCodes } from '../../cli/failure';
import { processesOf } from '../../charts/tables/processes';
import { loadValues } from '../../charts/tables/valuesfile';
import { containers, podLabels, podSpec, type KubernetesObject } from '../kubernetes/objects';
import { objects, plainObjects, synthesize } from './synth';

const dist = join(__dirname, '../../dist');
const everything = objects(synthesize());
const named = (kind: string, name: string | RegExp): KubernetesObject => {
  const found = everything.filter((object) => object.kind === kind && (typeof name === 'string' ? object.metadata.name === name : name.test(object.metadata.name as string)));
  expect(found.map((object) => object.metadata.name as string)).toHaveLength(1);
  return found[0]!;
};

test('dist/ is what the charts make of the values here; `make` brings it up to date', () => {
  const { version } = JSON.parse(readFileSync(join(dist, '../package.json'), 'utf8')) as { version: string };
  const chart = [...helmChart(version)].map(([path, content]) => [join('helm/maas', path), content] as const);
  expect(Object.fromEntries(read(dist))).toEqual(Object.fromEntries([...synthesize(loadValues({}).values), ...chart]));
});

test('the namespace comes first, so that one pass of kubectl apply is enough', () => {
  const [first] = [...synthesize().keys()].sort();
  expect(first).toMatch(/namespace/);
  expect(everything[0]!.kind).toBe('Namespace');
});

describe.each(everything.filter(podSpec).map((object) => [`${String(object.kind)} ${String(object.metadata.name)}`, object] as const))('%s', (_name, object) => {
  const pod = podSpec(object)!;

  test('nothing is privileged, all capabilities are dropped, and the seccomp profile is the runtime’s own', () => {
    expect(pod.securityContext.seccompProfile).toEqual({ type: 'RuntimeDefault' });
    for (const container of containers(object)) {
      expect(container.securityContext).toMatchObject({ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } });
      expect(container.securityContext.privileged).toBeUndefined();
    }
  });

  test('every image has a tag, and none is latest', () => {
    for (const container of containers(object)) expect(container.image).toMatch(/:(?!latest$)[A-Za-z0-9._-]+$/);
  });

  test('every volume is mounted somewhere, and every mount has its volume', () => {
    const claims = ((object.spec.volumeClaimTemplates ?? []) as KubernetesObject[]).map((claim) => claim.metadata.name as string);
    const volumes = [...((pod.volumes ?? []) as KubernetesObject[]).map((volume) => volume.name as string), ...claims];
    const mounts = containers(object).flatMap((container) => ((container.volumeMounts ?? []) as KubernetesObject[]).map((mount) => mount.name as string));
    expect([...new Set(mounts)].sort()).toEqual([...new Set(volumes)].sort());
  });

  test('requests are given, and its labels are selected', () => {
    for (const container of containers(object)) expect(container.resources.requests).toEqual({ cpu: expect.stringMatching(/^\d+m$/), memory: expect.stringMatching(/^\d+Mi$/) });
    expect(podLabels(object)).toMatchObject((object.spec.selector?.matchLabels ?? {}) as object);
  });

  test('the account that it names exists', () => {
    expect(everything.filter(({ kind, metadata }) => kind === 'ServiceAccount' && metadata.name === pod.serviceAccountName)).toHaveLength(1);
  });
});

test('region and rack have one container per process, and the mux', () => {
  expect(podSpec(named('Deployment', 'maas-region-a'))!.containers.map(({ name }: KubernetesObject) => name as string)).toEqual([...processesOf('region').map(({ name }) => name), 'services']);
  expect(podSpec(named('DaemonSet', 'maas-rack-default'))!.containers.map(({ name }: KubernetesObject) => name as string)).toEqual([...processesOf('rack').map(({ name }) => name), 'services']);
});

test('the kubelet kills a container only when its Pebble or the mux is silent; no process’s own state is asked', () => {
  for (const object of [named('Deployment', 'maas-region-a'), named('DaemonSet', 'maas-rack-default')]) {
    for (const container of podSpec(object)!.containers as KubernetesObject[]) {
      const expected = container.name === 'services' ? { httpGet: expect.objectContaining({ path: '/alive/services' }) as unknown } : { exec: { command: ['pebble', 'health'] } };
      expect(container.livenessProbe).toMatchObject(expected);
      expect(container.startupProbe).toMatchObject(expected);
      expect(container.readinessProbe.httpGet.path).toBe(`/ready/${String(container.name)}`);
    }
  }
});

test('a process that is switched off has no container, no port on the Service, and the mux is told', () => {
  const without = plainObjects({ region: { proxy: { enabled: false } }, rack: { ntp: { enabled: false } } });
  const region = without.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'maas-region-a')!;
  const rack = without.find(({ kind }) => kind === 'DaemonSet')!;
  const service = without.find(({ kind, metadata }) => kind === 'Service' && metadata.name === 'maas-region')!;
  expect(containers(region).map(({ name }) => name as string)).not.toContain('proxy');
  expect(containers(region).find(({ name }) => name === 'services')!.args).toEqual(['mux', 'region', '--without=proxy']);
  expect(service.spec.ports.map(({ name }: KubernetesObject) => name as string)).not.toContain('proxy');
  expect(containers(rack).map(({ name }) => name as string)).not.toContain('ntp');
  expect(containers(rack).find(({ name }) => name === 'services')!.args).toEqual(['mux', 'rack', '--health-address=127.0.0.1', '--without=ntp']);
});

test('the embedded database has connections for every member, and goes away for an external one', () => {
  const three = plainObjects({ region: { members: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] } });
  expect(podSpec(three.find(({ kind }) => kind === 'StatefulSet')!)!.containers[0].args).toEqual(['-c', 'max_connections=200']);
  expect(three.filter(({ kind }) => kind === 'Deployment').map(({ metadata }) => metadata.name as string)).toEqual(['maas-region-a', 'maas-region-b', 'maas-region-c']);
  const external = plainObjects({ database: { embedded: false, host: 'db.internal' } });
  expect(external.filter(({ kind }) => kind === 'StatefulSet')).toEqual([]);
  const job = external.find(({ kind, metadata }) => kind === 'Job' && (metadata.name as string).startsWith('maas-bootstrap'))!;
  expect(containers(job)[0]!.env).toContainEqual({ name: 'DATABASE_HOST', value: 'db.internal' });
});

test('a Job’s name follows its content', () => {
  const name = (overlay: object) => plainObjects(overlay).flatMap(({ kind, metadata }) => (kind === 'Job' ? [metadata.name as string] : []));
  expect(name({})).toEqual(name({}));
  const [bootstrap, register] = name({});
  expect(name({ images: { region: { tag: 'other' } } })).toEqual([expect.not.stringMatching(bootstrap!), register]);
  expect(name({ rack: { pools: [{ name: 'edge', nodeSelector: {} }] } })).toEqual([bootstrap, expect.not.stringMatching(register!)]);
});

test('a digest is written only where one is given', () => {
  expect([...synthesize().values()].join('\n')).not.toContain('@sha256:');
  const digest = `sha256:${'0'.repeat(64)}`;
  const region = plainObjects({ images: { region: { digest } } }).find(({ kind }) => kind === 'Deployment')!;
  expect(containers(region)[0]!.image).toMatch(new RegExp(`/maas-region:[^@]+@${digest}$`));
});

test('only the Jobs have a token, only bootstrap may write Secrets, and no rule has a wildcard', () => {
  expect(everything.filter((object) => podSpec(object)?.automountServiceAccountToken !== false && podSpec(object)).map(({ kind }) => kind as string)).toEqual(['Job', 'CronJob', 'Job']);
  const rules = everything.filter(({ kind }) => kind === 'Role').flatMap((role): KubernetesObject[] => (role.rules as KubernetesObject[]).map((rule) => ({ role: role.metadata.name as string, ...rule })));
  expect(JSON.stringify(rules)).not.toContain('*');
  const writers = rules.filter((rule) => rule.resources.includes('secrets') && rule.verbs.some((verb: string) => verb !== 'get'));
  expect([...new Set(writers.map(({ role }) => role))]).toEqual(['maas-bootstrap']);
  for (const rule of rules.filter((rule) => rule.resources.includes('secrets') && !rule.verbs.includes('create'))) expect(rule.resourceNames.length).toBeGreaterThan(0);
});

test('nothing secret is written down: no Secret object, no literal that looks like one', () => {
  expect(everything.filter(({ kind }) => kind === 'Secret' || kind === 'ConfigMap')).toEqual([]);
  const literals = everything.flatMap(containers).flatMap((container) => ((container.env ?? []) as KubernetesObject[]).filter(({ name }) => /PASSWORD|SECRET|KEY|TOKEN/.test(name as string)));
  for (const { name, value } of literals) expect([name, value]).toEqual([name, expect.stringMatching(/^(maas-[a-z-]+|\/run\/secrets\/.*)$/)]);
});

test('a budget for disruptions only where there are several members: one alone could never leave its node', () => {
  const budgets = (overlay: object) => plainObjects(overlay).filter(({ kind }) => kind === 'PodDisruptionBudget').length;
  expect([budgets({}), budgets({ region: { members: [{ name: 'a' }, { name: 'b' }] } })]).toEqual([0, 1]);
});

test('registration ends when it gives up, not after 21 times that; what kills it does not end it', () => {
  const { spec } = named('Job', /^maas-register-/);
  const timeout = Number(/^--timeout=(\d+)s$/.exec((containers(named('Job', /^maas-register-/))[0]!.args as string[])[1]!)![1]);
  // A pod that begins late, or takes the place of another, says its last words before the Job ends it.
  expect(spec.activeDeadlineSeconds).toBeGreaterThan(2 * timeout);
  expect(spec.activeDeadlineSeconds).toBeLessThan(3 * timeout);
  expect(spec.podFailurePolicy.rules).toEqual([{ action: 'FailJob', onExitCodes: { operator: 'In', values: [exitCodes.timeout] } }]);
  // Only such pods stay when their Job has failed, and with them their last words.
  expect(spec.template.spec.restartPolicy).toBe('Never');
  expect(spec.backoffLimit).toBeGreaterThan(5);
});

test('what holds data, and the namespace with the Secrets, outlives the application that GitOps has made it by', () => {
  const kept = everything.filter(({ kind }) => kind === 'Namespace' || kind === 'PersistentVolumeClaim');
  expect(kept.map(({ kind }) => kind as string).sort()).toEqual(['Namespace', 'PersistentVolumeClaim', 'PersistentVolumeClaim']);
  for (const { metadata } of kept)
    expect(metadata.annotations).toMatchObject({
      'argocd.argoproj.io/sync-options': 'Delete=false,Prune=false',
      'kustomize.toolkit.fluxcd.io/prune': 'disabled',
      'helm.sh/resource-policy': 'keep',
    });
});
