import { lxd } from './lxd';
import { newBench } from './shim';

const filter = (data: unknown, ignored?: string): unknown => {
  const environment = ignored === undefined ? undefined : { MAAS_IGNORED_INTERFACES: ignored };
  const { code, stdout, stderr } = newBench().shim('machine-resources', [], { input: JSON.stringify(data), environment });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
};

/** Of hosts and of a pod's own network; ovs, lxd and libvirt names that people choose. */
const kept = ['lo', 'eth0', 'eno1', 'ens3', 'enp0s31f6', 'enx525400123456', 'bond0', 'bond0.100', 'br0', 'br-ex', 'br-lan', 'vlan7', 'wlan0', 'ib0', 'eniac'];
const dropped = [
  ...['veth12ab', 'docker0', 'docker_gwbridge', 'br-0123456789ab', 'podman0', 'lxcbr0', 'virbr0'],
  ...['cni0', 'cni-podman0', 'cbr0', 'kube-ipvs0', 'kube-bridge', 'nodelocaldns', 'flannel.1', 'flannel-v6.1', 'weave', 'vxlan-6784'],
  ...['cali0123456789a', 'tunl0', 'vxlan.calico', 'cilium_host', 'cilium_vxlan', 'lxc_health', 'lxc0123456789ab', 'antrea-gw0', 'antrea-tun0'],
  ...['genev_sys_6081', 'ovn-k8s-mp0', 'ovs-system', 'br-int', 'azv0123', 'eni0123456789a'],
];

describe('machine-resources', () => {
  test('hides what container runtimes and cluster networks make, and changes nothing else', () => {
    expect(filter(lxd([...kept, ...dropped]))).toEqual(lxd(kept));
  });

  test('without such interfaces the output stays as it is, byte by byte', () => {
    const text = `${JSON.stringify(lxd(kept), null, 1)}\n`;
    expect(newBench().shim('machine-resources', [], { input: text }).stdout).toBe(text);
  });

  test('a VLAN goes with its parent, for MAAS cannot model it alone', () => {
    const vlan = (lower: string) => ({ vlan: { vid: 5, lower_device: lower } });
    const hidden = { cni0: {}, 'cni0.5': vlan('cni0'), 'tagged.6': vlan('cni0.5') };
    expect(filter(lxd(['eth0'], { ...hidden, 'eth0.5': vlan('eth0') }))).toEqual(lxd(['eth0'], { 'eth0.5': vlan('eth0') }));
  });

  test('a bridge of the host stays, with its members as they were', () => {
    const br0 = { bridge: { upper_devices: ['eth0', 'veth1'] } };
    expect(filter(lxd(['eth0', 'veth1'], { br0 }))).toEqual(lxd(['eth0'], { br0 }));
  });

  test('MAAS_IGNORED_INTERFACES replaces the patterns, or adds to them', () => {
    expect(filter(lxd(['eth0', 'vmnet1', 'cni0']), 'vmnet*')).toEqual(lxd(['eth0', 'cni0']));
    expect(filter(lxd(['eth0', 'vmnet1', 'tap7', 'cni0']), 'default,vmnet*, tap?')).toEqual(lxd(['eth0']));
    expect(filter(lxd(['eth0', 'cni0']), '')).toEqual(lxd(['eth0', 'cni0']));
  });

  test.each(['', 'not JSON', '{"networks": {"cni0"', '[]', '{}', '{"networks": []}', '{"networks": null}', '{"networks": {"cni0": null, "x": 1}}'])(
    'passes on what it does not understand: %s',
    (text) => {
      const { code, stdout, stderr } = newBench().shim('machine-resources', [], { input: text });
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: text, stderr: '' });
    },
  );

  test('runs a command with its arguments, and ends as it does', () => {
    const bench = newBench();
    const program = bench.fake('amd64', `echo "$1" >&2; echo '${JSON.stringify(lxd(['eth0', 'cni0']))}'; exit 4`);
    const { code, stdout, stderr } = bench.shim('machine-resources', [program, 'x']);
    expect({ code, stderr }).toEqual({ code: 4, stderr: 'x\n' });
    expect(JSON.parse(stdout)).toEqual(lxd(['eth0']));
  });

  test('a command that is not there or is killed', () => {
    const bench = newBench();
    const { code, stderr } = bench.shim('machine-resources', [bench.path('nothing')]);
    expect({ code, stderr }).toEqual({ code: 127, stderr: `machine-resources (shim): ${bench.path('nothing')}: No such file or directory\n` });
    expect(bench.shim('machine-resources', [bench.fake('killed', 'kill -9 $$')]).code).toBe(137);
  });
});
