/** What machine-resources prints on a node of a cluster, cut down to what MAAS reads (provisioningserver/utils/lxd.py). */

interface Network {
  readonly type: string;
  readonly hwaddr: string;
  readonly state: string;
  readonly addresses: readonly object[];
  readonly bridge: { readonly upper_devices: readonly string[] | null } | null;
  readonly bond: null;
  readonly vlan: { readonly vid: number; readonly lower_device: string } | null;
}

const network = (more: Partial<Network> = {}): Network => ({
  type: 'broadcast',
  hwaddr: '52:54:00:12:34:56',
  state: 'up',
  addresses: [{ family: 'inet', address: '192.0.2.10', netmask: '24', scope: 'global' }],
  bridge: null,
  bond: null,
  vlan: null,
  ...more,
});

export const lxd = (names: readonly string[], more: Readonly<Record<string, Partial<Network>>> = {}) => ({
  api_extensions: ['resources', 'resources_network_usb'],
  api_version: '1.0',
  environment: {
    kernel: 'Linux',
    kernel_architecture: 'x86_64',
    os_name: 'ubuntu',
    os_version: '24.04',
    server: 'maas-machine-resources',
    server_name: 'node-1',
  },
  resources: {
    cpu: { architecture: 'x86_64', total: 2 },
    network: { cards: [{ driver: 'virtio_net', ports: [{ id: 'eth0', address: '52:54:00:12:34:56', port: 0, link_detected: true }] }], total: 1 },
  },
  networks: Object.fromEntries([...names, ...Object.keys(more)].map((name) => [name, network(more[name])])),
});
