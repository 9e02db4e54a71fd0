/**
 * What a user looks at in a MAAS that has just been installed, whichever way; then what goes wrong. The tests follow each other.
 */

import { processesOf } from '../../charts/tables/processes';
import { muxSocket } from '../../charts/tables/volumes';
import { Api, Cluster, seconds, until, type KubernetesObject } from './cluster';
import { attempt, kubectl, run } from './command';

export const cluster = new Cluster('maas');
export const secrets = { region: 'maas-region-secret', database: 'maas-database', admin: 'maas-admin', apiKey: 'maas-api-key' };

export interface Installation {
  /** Begins to install into the namespace; does not wait. */
  readonly install: () => Promise<void>;
  /** The same once more, which must change nothing. */
  readonly again: () => Promise<void>;
  /** All that was given to the cluster. */
  readonly manifests: () => Promise<string>;
}

export const regionPod = async (): Promise<string> => (await cluster.pods('region'))[0]!.metadata.name as string;

/** @param title of the test that installs */
export function describeRunning(title: string, { install, again, manifests }: Installation): void {
  let api: Api;
  let nodes: string[];
  let applied: number;
  /** System ids by host name, as first registered. */
  let controllers: { region: Map<string, string>; rack: Map<string, string> };

  beforeAll(async () => {
    await cluster.remove();
    nodes = (JSON.parse(await kubectl('get', 'nodes', '-o', 'json')) as { items: KubernetesObject[] }).items.map(({ metadata }) => metadata.name as string);
  });

  test(title, async () => {
    applied = Date.now();
    await install();
  });

  test('asked too early, the API key is refused with what is still pending', async () => {
    const { code, stdout, stderr } = await attempt('node', ['build/maas-k8s.js', 'api-key', '--no-wait', '-n', cluster.namespace]);
    expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(/the region is still starting: ./) });
  });

  test('registration completes, and says so rack by rack', async () => {
    await cluster.jobComplete('registration', 300);
    console.log(`installed → registered: ${String(seconds(applied))} s`);
    const log = await cluster.jobLog('registration');
    for (const node of nodes) expect(log).toMatch(new RegExp(`rack default/${node}: connected, \\d+ services running`));
  });

  test('every container of region and rack is ready, and none was restarted', async () => {
    const pods = [...(await cluster.allReady('region', 1, 120)), ...(await cluster.allReady('rack', nodes.length, 120))];
    const restarted = pods.flatMap(({ metadata, status }) =>
      (status.containerStatuses as KubernetesObject[])
        .filter(({ restartCount }) => restartCount > 0)
        .map(({ name }) => `${metadata.name as string}/${name as string}`),
    );
    expect(restarted).toEqual([]);
  });

  test('the same once more changes nothing', again);

  test('every service that MAAS asks about answers through the mux', async () => {
    const state = async (pod: string, service: string): Promise<string> => {
      const output = await cluster.exec(pod, 'services', 'env', `PEBBLE_SOCKET=${muxSocket}`, 'pebble', 'services', service);
      return output.trim().split('\n').at(-1)!.split(/\s+/)[2]!;
    };
    const region = await regionPod();
    for (const { service } of processesOf('region')) expect([service, await state(region, service)]).toEqual([service, 'active']);
    for (const { metadata } of await cluster.pods('rack')) {
      // DHCP is off until somebody declares what to serve; MAAS then sees it as off, too.
      for (const { service, startedBy } of processesOf('rack'))
        expect([service, await state(metadata.name as string, service)]).toEqual([service, startedBy === 'maas' ? 'inactive' : 'active']);
    }
  });

  test('the API key in its Secret works, and no other does', async () => {
    api = new Api(cluster, await cluster.secret(secrets.apiKey, 'key'));
    const { status, body } = await api.call('users/?op=whoami');
    expect([status, (body as KubernetesObject).username]).toEqual([200, 'admin']);
    expect((await new Api(cluster, 'a:b:c').call('users/?op=whoami')).status).toBe(401);
    const printed = await run('node', ['build/maas-k8s.js', 'api-key', '-n', cluster.namespace]);
    expect(printed.trim()).toBe(await cluster.secret(secrets.apiKey, 'key'));
  });

  test('the racks of all nodes are registered and connected, with their services running', async () => {
    controllers = { region: await api.controllers('region'), rack: await api.controllers('rack') };
    expect([...controllers.region.keys()]).toEqual(['maas-region-a']);
    expect([...controllers.rack.keys()].sort()).toEqual(nodes.map((node) => `${node}-default`).sort());
    const { body } = await api.call('rackcontrollers/');
    for (const rack of body as KubernetesObject[]) {
      const services = Object.fromEntries((rack.service_set as KubernetesObject[]).map(({ name, status }) => [name as string, status as string]));
      expect(services).toMatchObject({
        rackd: 'running',
        http: 'running',
        agent: 'running',
        ntp_rack: 'running',
        proxy_rack: 'running',
        syslog_rack: 'running',
        tftp: 'running',
        dhcpd: 'off',
        dhcpd6: 'off',
      });
    }
  });

  test('region and racks share the secret', async () => {
    const secret = await cluster.secret(secrets.region, 'secret');
    expect(secret).toMatch(/^[0-9a-f]{32}$/);
    expect(await cluster.exec(await regionPod(), 'regiond', 'cat', '/var/lib/maas/secret')).toBe(secret);
    for (const { metadata } of await cluster.pods('rack'))
      expect(await cluster.exec(metadata.name as string, 'rackd', 'cat', '/var/lib/maas/secret')).toBe(secret);
  });

  test('a Secret that somebody deletes comes back as it was', async () => {
    const before = await cluster.secret(secrets.region, 'secret');
    await cluster.kubectl('delete', 'secret', secrets.region);
    // What the CronJob does every ten minutes, now.
    await cluster.kubectl('create', 'job', 'reconcile-now', '--from=cronjob/maas-reconcile');
    await cluster.kubectl('wait', '--for=condition=complete', 'job/reconcile-now', '--timeout=120s');
    expect(await cluster.secret(secrets.region, 'secret')).toBe(before);
    await cluster.kubectl('delete', 'job', 'reconcile-now');
  });

  test('a changed database password is taken over without a pod being restarted', async () => {
    const pod = await regionPod();
    const set = async (password: string): Promise<void> => {
      await cluster.sql(`alter role maas password '${password}'`);
      await run('kubectl', ['apply', '--server-side', '--force-conflicts', '-f', '-'], {
        input: JSON.stringify({
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: secrets.database, namespace: cluster.namespace },
          stringData: { password },
        }),
      });
    };
    await set('another-password-of-ours');
    // The kubelet brings a changed Secret into a running pod within about a minute.
    await until('regiond.conf', 180, async () =>
      (await cluster.exec(pod, 'services', 'cat', '/etc/maas/regiond.conf')).includes('another-password-of-ours') ? true : undefined,
    );
    // Nobody keeps a session that the old password has opened.
    await cluster.sql('select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()');
    await until('the API', 120, async () => ((await api.call('users/?op=whoami')).status === 200 ? true : undefined));
    await cluster.allReady('region', 1, 120);
    expect(await regionPod()).toBe(pod);
  });

  test('the image sync has started, and its state can be read', async () => {
    await until('an import', 120, async () => {
      const importing = await api.call('boot-resources/?op=is_importing');
      const resources = await api.call('boot-resources/');
      const log = await cluster.exec(await regionPod(), 'regiond', 'pebble', 'logs', '-n', 'all').catch(() => '');
      if (importing.status !== 200 || resources.status !== 200)
        throw new Error(`is_importing ${String(importing.status)}, boot-resources ${String(resources.status)}`);
      return importing.body === true || /import/i.test(log) ? true : undefined;
    });
    const sources = await api.call('boot-sources/');
    expect((sources.body as KubernetesObject[]).map(({ url }) => url as string)).toEqual(['http://images.maas.io/ephemeral-v3/stable/']);
  });

  test('a process that dies is restarted by Pebble; its container is not', async () => {
    const restarts = async (pod: string): Promise<number> =>
      ((await cluster.get('pod', pod)).status.containerStatuses as KubernetesObject[]).reduce((total, { restartCount }) => total + (restartCount as number), 0);
    const region = await regionPod();
    const killed = Date.now();
    await cluster.exec(region, 'regiond', 'pkill', '-KILL', '-f', '/usr/sbin/regiond');
    await cluster.exec(region, 'apiserver', 'pkill', '-KILL', '-f', '/usr/sbin/maas-apiserver');
    await cluster.exec(region, 'http', 'pkill', '-KILL', '-x', 'nginx');
    const [rack] = await cluster.pods('rack');
    await cluster.exec(rack!.metadata.name as string, 'rackd', 'pkill', '-KILL', '-f', '/usr/sbin/rackd');
    await until('not ready', 60, async () => {
      const ready = ((await cluster.get('pod', region)).status.conditions as KubernetesObject[]).find(({ type }) => type === 'Ready');
      return ready?.status === 'False' ? true : undefined;
    });
    await cluster.allReady('region', 1, 120);
    await cluster.allReady('rack', nodes.length, 120);
    console.log(`four processes killed → ready: ${String(seconds(killed))} s`);
    expect([await restarts(region), await restarts(rack!.metadata.name as string)]).toEqual([0, 0]);
  });

  test('deleted pods come back as the same controllers, and no new ones appear', async () => {
    const deleted = Date.now();
    const [rack] = await cluster.pods('rack');
    await cluster.kubectl('delete', 'pod', await regionPod(), rack!.metadata.name as string);
    await cluster.allReady('region', 1, 180);
    await cluster.allReady('rack', nodes.length, 180);
    console.log(`region pod and a rack pod deleted → ready: ${String(seconds(deleted))} s`);
    await until('racks connected', 60, async () => {
      const { body } = await api.call('rackcontrollers/');
      const down = (body as KubernetesObject[]).filter(({ service_set }) =>
        (service_set as KubernetesObject[]).some(({ name, status }) => name === 'rackd' && status !== 'running'),
      );
      return down.length === 0 ? true : undefined;
    });
    expect({ region: await api.controllers('region'), rack: await api.controllers('rack') }).toEqual(controllers);
  });

  test('the region pod is admitted under Pod Security "baseline"', async () => {
    const { spec } = await cluster.get('deployment', 'maas-region-a');
    const strict = 'maas-baseline';
    await kubectl('delete', 'namespace', strict, '--ignore-not-found');
    try {
      await kubectl('create', 'namespace', strict);
      await kubectl('label', 'namespace', strict, 'pod-security.kubernetes.io/enforce=baseline');
      await kubectl('-n', strict, 'create', 'serviceaccount', spec.template.spec.serviceAccountName as string);
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'region', namespace: strict }, spec: spec.template.spec as object };
      expect((await attempt('kubectl', ['create', '--dry-run=server', '-f', '-'], { input: JSON.stringify(pod) })).stderr).toBe('');
      const host = { ...pod, spec: { ...pod.spec, hostNetwork: true } };
      expect((await attempt('kubectl', ['create', '--dry-run=server', '-f', '-'], { input: JSON.stringify(host) })).stderr).toContain(
        'violates PodSecurity "baseline',
      );
    } finally {
      await kubectl('delete', 'namespace', strict, '--wait=false');
    }
  });

  type Intruder = { readonly spec?: object; readonly container?: object };
  const unconfined = { seccompProfile: { type: 'Unconfined' } };
  const adds = (...names: string[]) => ({ securityContext: { capabilities: { add: names } } });
  const node = (path: string) => ({ volumes: [{ name: 'node', hostPath: { path } }] });
  const ofRack = { serviceAccountName: 'maas-rack' };
  const beside = (container: object) => [{ name: 'b', image: 'localhost/busybox:1', ...container }];

  test.each<[string, Intruder, string]>([
    ['the host’s network', { spec: { hostNetwork: true } }, "may use the host's network here"],
    ['the host’s processes', { spec: { hostPID: true } }, "nothing here needs the host's processes"],
    ['the host’s memory', { spec: { hostIPC: true } }, "nothing here needs the host's processes"],
    ['a privileged container', { container: { securityContext: { privileged: true } } }, 'nothing here needs a privileged container'],
    ['a privileged init container', { spec: { initContainers: beside({ securityContext: { privileged: true } }) } }, 'a privileged container'],
    ['the node’s files', { spec: node('/') }, "of the node's files"],
    ['a rack’s leases', { spec: node('/var/lib/maas-rack/default') }, "of the node's files"],
    ['a port of the node', { container: { ports: [{ containerPort: 80, hostPort: 80 }] } }, 'may have ports of the node here'],
    ['a capability beyond baseline', { container: adds('SYS_ADMIN') }, 'of capabilities'],
    ['a capability of racks', { container: adds('NET_RAW') }, 'of capabilities'],
    ['a capability in an init container', { spec: { initContainers: beside(adds('NET_ADMIN')) } }, 'of capabilities'],
    ['no seccomp profile', { spec: { securityContext: unconfined } }, 'may leave its seccomp'],
    ['a container without seccomp profile', { container: { securityContext: unconfined } }, 'may leave its seccomp'],
    ['no AppArmor profile', { container: { securityContext: { appArmorProfile: { type: 'Unconfined' } } } }, 'may leave its seccomp or AppArmor'],
    ['another SELinux type', { container: { securityContext: { seLinuxOptions: { type: 'spc_t' } } } }, 'SELinux options'],
    ['a setting of the kernel', { spec: { securityContext: { sysctls: [{ name: 'net.ipv4.ip_forward', value: '1' }] } } }, 'settings of the kernel'],
    ['with the racks’ account, the host’s processes', { spec: { ...ofRack, hostNetwork: true, hostPID: true } }, "the host's processes"],
    ['with the racks’ account, the node’s files', { spec: { ...ofRack, ...node('/') } }, "of the node's files"],
    ['with the racks’ account, a folder named almost like theirs', { spec: { ...ofRack, ...node('/var/lib/maas-racks') } }, "of the node's files"],
    ['with the racks’ account, a capability that racks do not need', { spec: ofRack, container: adds('SYS_ADMIN') }, 'of capabilities'],
  ])('a pod is refused that wants %s', async (_, { spec, container }, reason) => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'intruder', namespace: cluster.namespace },
      spec: { containers: [{ name: 'a', image: 'localhost/busybox:1', ...container }], ...spec },
    };
    expect((await attempt('kubectl', ['create', '--dry-run=server', '-f', '-'], { input: JSON.stringify(pod) })).stderr).toContain(reason);
  });

  test('a container that is added to a running pod is refused what the pod would be', async () => {
    const pod = await cluster.get('pod', await regionPod());
    const path = `/api/v1/namespaces/${cluster.namespace}/pods/${pod.metadata.name as string}/ephemeralcontainers?dryRun=All`;
    const add = async (container: object): Promise<string> => {
      const changed = { ...pod, spec: { ...(pod.spec as object), ephemeralContainers: beside(container) } };
      return (await attempt('kubectl', ['replace', '--raw', path, '-f', '-'], { input: JSON.stringify(changed) })).stderr;
    };
    expect(await add({})).toBe('');
    expect(await add({ securityContext: { privileged: true } })).toContain('nothing here needs a privileged container');
    expect(await add(adds('SYS_PTRACE'))).toContain('of capabilities');
  });

  test('the server has nothing to say against the rule of admission', async () => {
    const { status } = await until('the server has looked at it', 60, async () => {
      const policy = JSON.parse(await kubectl('get', 'validatingadmissionpolicy', `${cluster.namespace}-host-network`, '-o', 'json')) as KubernetesObject;
      return policy.status?.observedGeneration === policy.metadata.generation ? policy : undefined;
    });
    expect(status.typeChecking?.expressionWarnings ?? []).toEqual([]);
  });

  test('no container is privileged', async () => {
    const privileged = (await cluster.list('pods')).flatMap(({ metadata, spec }) =>
      [...((spec.initContainers ?? []) as KubernetesObject[]), ...(spec.containers as KubernetesObject[])]
        .filter(({ securityContext }) => securityContext?.privileged === true)
        .map(({ name }) => `${metadata.name as string}/${name as string}`),
    );
    expect(privileged).toEqual([]);
  });

  test('no secret is in the manifests, in a log, in an argument list or in an event', async () => {
    const [consumer, token, key] = (await cluster.secret(secrets.apiKey, 'key')).split(':');
    const hidden = [
      await cluster.secret(secrets.region, 'secret'),
      await cluster.secret(secrets.database, 'password'),
      await cluster.secret(secrets.admin, 'password'),
      key!,
      `${consumer!}:${token!}`,
    ];
    for (const secret of hidden) expect(secret.length).toBeGreaterThan(8);

    const places: [string, string][] = [
      ['manifests', await manifests()],
      ['events', await cluster.kubectl('get', 'events', '-o', 'json')],
      ['pods', await cluster.kubectl('get', 'pods,jobs,deployments,daemonsets,statefulsets,configmaps', '-o', 'json')],
    ];
    for (const { metadata, spec, status } of await cluster.list('pods')) {
      for (const { name } of [...((spec.initContainers ?? []) as KubernetesObject[]), ...(spec.containers as KubernetesObject[])]) {
        places.push([`log of ${metadata.name as string}/${name as string}`, await cluster.kubectl('logs', metadata.name as string, '-c', name as string)]);
      }
      if (status.phase !== 'Running') continue;
      for (const { name } of spec.containers as KubernetesObject[]) {
        places.push([
          `arguments in ${metadata.name as string}/${name as string}`,
          await cluster.exec(metadata.name as string, name as string, 'sh', '-c', "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"),
        ]);
      }
    }
    expect(places.flatMap(([place, content]) => (hidden.some((secret) => content.includes(secret)) ? [place] : []))).toEqual([]);
  });

  test('memory of each container', async () => {
    const region = await regionPod();
    const [rack] = await cluster.pods('rack');
    const table: string[] = [];
    for (const [pod, processes] of [
      [region, processesOf('region')],
      [rack!.metadata.name as string, processesOf('rack')],
    ] as const) {
      for (const name of [...processes.map((process) => process.name), 'services']) {
        const rss = await cluster.exec(pod, name, 'sh', '-c', "cat /proc/[0-9]*/status 2>/dev/null | awk '/^VmRSS/ {sum += $2} END {print sum}'");
        table.push(`${pod}/${name}: ${String(Math.round(Number(rss) / 1024))} MiB`);
        // The shell that counts is counted too.
        if (name === 'services') expect(Number(rss) / 1024).toBeLessThan(72);
      }
    }
    console.log(table.join('\n'));
  });
}
