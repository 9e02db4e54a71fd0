/**
 * The project's own shims (images/toolbox/shims): what each is for, and what happens where it is taken out.
 * The last file: it leaves the live region without regiond.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../e2e/cluster';
import { attempt, kubectl, run } from '../e2e/command';
import { control, stateOf } from './mux';
import { ownNamespace, Pod } from './pod';
import { rack, rackImage, region } from './pods';
import { start } from './process';
import { eventloops, liveRegion, podAddress, startProcess, state, webapp } from './region';
import { get } from './http';

beforeAll(liveRegion);

/** Takes a file out of a pod's image while something is done. */
async function without<T>(pod: Pod, path: string, work: () => Promise<T>): Promise<T> {
  await pod.sh('mv "$1" "$1.taken-out"', { args: [path] });
  try {
    return await work();
  } finally {
    await pod.sh('mv "$1.taken-out" "$1"', { args: [path] });
  }
}

describe('systemctl: maas-agent’s way to its daemons leads to the service mux', () => {
  const systemctl = (...args: string[]) => region.try('exec sudo --non-interactive /bin/systemctl "$@"', { args, limit: 40 });

  test('with it services are stopped, started and described', async () => {
    expect(await systemctl('stop', 'chrony')).toMatchObject({ code: 0 });
    expect(await stateOf(region, 'ntp')).toBe('inactive');
    const status = await systemctl('status', 'chrony');
    expect(status.code).toBe(3);
    expect(status.stdout).toMatch(/^\s*Loaded: loaded/m);
    expect(status.stdout).toMatch(/^\s*Active: inactive/m);
    expect(await systemctl('start', 'chrony')).toMatchObject({ code: 0 });
    expect(await stateOf(region, 'ntp')).toBe('active');
    expect((await systemctl('status', 'chrony')).stdout).toMatch(/^\s*Active: active/m);
  });

  test('without it nothing happens', async () => {
    await without(region, '/usr/bin/systemctl', async () => {
      expect((await systemctl('stop', 'chrony')).code).not.toBe(0);
      expect(await stateOf(region, 'ntp')).toBe('active');
    });
  });
});

describe('rsyslog-to-stdout: what MAAS and machines log is seen', () => {
  const syslog = '/contract/run/pebble-syslog/log';
  const send = (text: string): Promise<string> =>
    region.sh(
      `exec /usr/bin/python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(sys.argv[1].encode(), "${state}/rsyslog/log.sock")' "$1"`,
      { args: [`<30>maas.contract[1]: ${text}`] },
    );
  const seen = async (text: string): Promise<boolean> => (await region.try('grep -q "$1" "$2"', { args: [text, syslog] })).code === 0;

  test('with it', async () => {
    await region.appear([`${state}/rsyslog/log.sock`], 60);
    await send('a-line-that-is-seen');
    await until('the line', 15, async () => ((await seen('a-line-that-is-seen')) ? true : undefined));
  });

  test('without it every line is lost without a word', async () => {
    const conf = `${state}/rsyslog.conf`;
    await region.sh('cp "$1" "$1.kept"; sed -i \'s|type="omfile" file="/dev/stdout"|type="omjournal"|; 1i module(load="omjournal")\' "$1"', { args: [conf] });
    try {
      await control(region, 'restart', 'syslog');
      await until('a socket that takes lines', 15, async () => {
        await send('a-line-that-is-lost');
        return true;
      });
      await sleep(2000);
      expect(await seen('a-line-that-is-lost')).toBe(false);
    } finally {
      await region.sh('mv "$1.kept" "$1"', { args: [conf] });
      await control(region, 'restart', 'syslog');
    }
  });
});

describe.each(['/usr/lib/maas/beacon-monitor', '/usr/sbin/maas-netmon', '/usr/bin/avahi-browse'])('idle: %s', (path) => {
  const name = path.split('/').at(-1)!;

  test('with it: stays', async () => {
    const process = await start(region, name, [path, 'eth0']);
    await sleep(1500);
    expect(await process.runs()).toBe(true);
    await process.kill('TERM', 5);
  });

  test('without it: ends, again and again', async () => {
    // What the package has, if it has anything; the image keeps it beside.
    expect((await (await start(region, name, [`${path}.real`, 'eth0'])).ends(20)).code).not.toBe(0);
  });
});

describe('the host name: a rack on the host’s network has a name of its own', () => {
  const ask = () => rack.sh("MAAS_HOSTNAME=a-name exec /usr/bin/python3 -c 'import platform, socket; print(socket.gethostname(), platform.node())'");

  test('with it', async () => {
    expect(await ask()).toBe('a-name a-name');
  });

  test('without it', async () => {
    const site = await rack.sh("exec /usr/bin/python3 -c 'import site; print(site.getsitepackages()[0])'");
    await without(rack, `${site}/maas_k8s_hostname.pth`, async () => {
      expect(await ask()).toBe('rack rack');
    });
  });
});

describe('systemd-detect-virt and sudo: MAAS finds its own network', () => {
  /** The addresses that a regiond advertises which is not the live one's: none if it does not even get so far as to answer. */
  const advertised = async (): Promise<string[]> => {
    // The socket of the one before is still there.
    await region.sh('rm -f "$1"', { args: [webapp] });
    const regiond = await startProcess('regiond');
    try {
      const answers = until('regiond answers', 40, async () => ((await get(region, '/MAAS/rpc/', webapp)).status === 200 ? true : undefined));
      if (!(await answers.catch(() => false))) return [];
      await sleep(6000);
      return Object.values((await eventloops('socket')).loops).flatMap((found) => found.map(([address]) => address));
    } finally {
      await regiond.kill('KILL', 5);
    }
  };

  beforeAll(async () => {
    await control(region, 'stop', 'regiond');
  });

  test('systemd-detect-virt -c says yes in a region’s image, no in a rack’s', async () => {
    const [inRegion, inRack] = await Promise.all([region, rack].map((pod) => pod.try('exec systemd-detect-virt -c')));
    expect([inRegion?.code, inRack?.code]).toEqual([0, 1]);
  });

  // With it the pod's own address is advertised, which is looked at in 3-region-whole.
  test('without systemd-detect-virt it is not', async () => {
    await without(region, '/usr/bin/systemd-detect-virt', async () => {
      expect(await advertised()).not.toContain(await podAddress('region'));
    });
  });

  test('without sudo MAAS can neither write the configuration of chrony nor look at its interfaces', async () => {
    const write = () => region.try('sudo -n /usr/lib/maas/maas-write-file /etc/chrony/maas.conf 644', { input: '# contract\n' });
    const look = () => region.try('sudo /usr/share/maas/machine-resources/"$(dpkg --print-architecture)" > /dev/null');
    expect([(await write()).code, (await look()).code]).toEqual([0, 0]);
    const [written, looked] = await without(region, '/usr/bin/sudo', () => Promise.all([write(), look()]));
    expect([written.code, looked.code]).toEqual([127, 127]);
  });
});

describe('machine-resources: on a node’s network the cluster’s own interfaces are hidden', () => {
  const host = new Pod('host');
  const clusters = /^(veth|cni|cali|flannel|docker|lxc|cilium|kube-|weave|antrea|ovn|genev|vxlan)/;
  const command = '/usr/share/maas/machine-resources/"$(dpkg --print-architecture)"';
  const names = async (script: string): Promise<string[]> => {
    const { networks } = JSON.parse(await host.sh(script)) as { networks: Record<string, unknown> };
    return Object.keys(networks).sort();
  };

  beforeAll(async () => {
    const manifest = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: host.name },
      spec: {
        hostNetwork: true,
        automountServiceAccountToken: false,
        restartPolicy: 'Never',
        terminationGracePeriodSeconds: 1,
        nodeName: (await kubectl('-n', ownNamespace, 'get', 'pod', region.name, '-o', 'jsonpath={.spec.nodeName}')).trim(),
        containers: [{ name: host.name, image: rackImage, command: ['sleep', 'infinity'], securityContext: { runAsUser: 0, capabilities: { drop: ['ALL'] } } }],
      },
    };
    await attempt('kubectl', ['-n', ownNamespace, 'delete', 'pod', host.name, '--ignore-not-found']);
    await run('kubectl', ['-n', ownNamespace, 'apply', '-f', '-'], { input: JSON.stringify(manifest) });
    await until('the pod on the host’s network', 60, async () =>
      (await kubectl('-n', ownNamespace, 'get', 'pod', host.name, '-o', 'jsonpath={.status.phase}')) === 'Running' ? true : undefined,
    );
  });

  afterAll(async () => {
    await kubectl('-n', ownNamespace, 'delete', 'pod', host.name, '--wait=false');
  });

  test('with it', async () => {
    const all = await names(`exec ${command}`);
    const filtered = await names(`exec sudo ${command}`);
    expect(filtered.filter((name) => clusters.test(name))).toEqual([]);
    expect(all).toEqual(expect.arrayContaining(filtered));
    expect(filtered).toContain('lo');
  });

  test('without it MAAS would record them', async () => {
    await host.sh('sed -i "s|^  \\*/usr/share/maas/machine-resources.*|  nothing)|" "$(readlink -f /usr/bin/sudo)"');
    expect((await names(`exec sudo ${command}`)).filter((name) => clusters.test(name))).not.toEqual([]);
  });
});
