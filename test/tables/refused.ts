/** Values that a rule refuses, and the path that it names. */

const pool = (name: string, nodeSelector: object = {}) => ({ name, nodeSelector });

export const refusedByRules: readonly (readonly [string, object, string])[] = [
  ['an external database without a host', { database: { embedded: false } }, 'database.host'],
  ['a database that allows too few connections', { database: { embedded: false, host: 'db', maxConnections: 79 } }, 'database.maxConnections'],
  ['a database image that says no version', { database: { image: 'postgres' } }, 'database.image'],
  ['the latest database image', { database: { image: 'postgres:latest' } }, 'database.image'],
  ['an image without tag and digest', { images: { rack: { tag: '' } } }, 'images.rack'],
  ['the latest image', { images: { toolbox: { tag: 'latest' } } }, 'images.toolbox.tag'],
  ['two members of one name', { region: { members: [{ name: 'a' }, { name: 'b' }, { name: 'a' }] } }, 'region.members[2].name'],
  ['two pools of one name', { rack: { pools: [pool('x', { zone: 'a' }), pool('x', { zone: 'b' })] } }, 'rack.pools[1].name'],
  ['two pools that can share a node', { rack: { pools: [pool('x', { zone: 'a' }), pool('y', { rack: 'b' })] } }, 'rack.pools[1].nodeSelector'],
  ['a pool for all nodes beside another', { rack: { pools: [{ name: 'x' }, pool('y', { rack: 'b' })] } }, 'rack.pools[1].nodeSelector'],
  ['a host name that is too long', { fullnameOverride: 'm'.repeat(30), region: { members: [{ name: 'n'.repeat(40) }] } }, 'region.members[0].name'],
  ['a pool name that is too long', { fullnameOverride: 'm'.repeat(30), rack: { pools: [{ name: 'n'.repeat(40) }] } }, 'rack.pools[0].name'],
  ['a URL that machines cannot resolve', { maasUrl: 'http://maas-region.maas.svc.cluster.local:5240/MAAS' }, 'maasUrl'],
  ['a URL of a cluster with another domain', { clusterDomain: 'k8s.corp', maasUrl: 'http://maas-region.maas.svc.k8s.corp:5240/MAAS' }, 'maasUrl'],
  ['a URL of this machine', { maasUrl: 'http://localhost:5240/MAAS' }, 'maasUrl'],
  ['a placeholder for a URL', { maasUrl: 'http://maas.example.com:5240/MAAS' }, 'maasUrl'],
  ['a placeholder for a host', { database: { embedded: false, host: 'CHANGEME' } }, 'database.host'],
  ['a placeholder in a name', { database: { embedded: false, host: 'fix-me.corp' } }, 'database.host'],
  ['a placeholder for an address', { admin: { email: 'me@example.org' } }, 'admin.email'],
  ['a node port for a ClusterIP', { region: { service: { nodePort: 30001 } } }, 'region.service.nodePort'],
  ['a node port outside of the range', { region: { service: { type: 'NodePort', nodePort: 5240 } } }, 'region.service.nodePort'],
  ['an address of a load balancer for a ClusterIP', { region: { service: { loadBalancerIP: '10.0.0.1' } } }, 'region.service.loadBalancerIP'],
  ['an address of a load balancer for a NodePort', { region: { service: { type: 'NodePort', loadBalancerIP: '10.0.0.1' } } }, 'region.service.loadBalancerIP'],
  ['a toleration of nothing', { region: { tolerations: [{}] } }, 'region.tolerations[0]'],
  ['a toleration of an effect alone', { jobs: { tolerations: [{ key: 'a' }, { effect: 'NoSchedule', operator: 'Equal' }] } }, 'jobs.tolerations[1]'],
  ['a value that is not compared', { database: { tolerations: [{ key: 'a', operator: 'Exists', value: 'b' }] } }, 'database.tolerations[0].value'],
  [
    'seconds without an effect, of a pool',
    { rack: { pools: [pool('x', { zone: 'a' }), { ...pool('y', { zone: 'b' }), tolerations: [{ key: 'a', tolerationSeconds: 0 }] }] } },
    'rack.pools[1].tolerations[0].tolerationSeconds',
  ],
  [
    'seconds of an effect that has none',
    { region: { tolerations: [{ operator: 'Exists', effect: 'NoSchedule', tolerationSeconds: 30 }] } },
    'region.tolerations[0].tolerationSeconds',
  ],
  ['a variable with two values', { rack: { extraEnv: [{ name: 'A', value: '1', valueFrom: { secretKeyRef: { name: 'a', key: 'b' } } }] } }, 'rack.extraEnv[0]'],
  ['a mount of no volume', { rack: { extraVolumeMounts: [{ name: 'x', mountPath: '/x' }] } }, 'rack.extraVolumeMounts[0].name'],
  [
    'two mounts at one place',
    {
      jobs: {
        extraVolumes: [{ name: 'x' }, { name: 'y' }],
        extraVolumeMounts: [
          { name: 'x', mountPath: '/x' },
          { name: 'y', mountPath: '/y' },
          { name: 'y', mountPath: '/x' },
        ],
      },
    },
    'jobs.extraVolumeMounts[2].mountPath',
  ],
  [
    'spreading that counts no pods',
    { region: { topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }] } },
    'region.topologySpreadConstraints[0].labelSelector',
  ],
  ['resources of a container that is not there', { region: { resources: { regoind: {} } } }, 'region.resources'],
  [
    'a variable given twice',
    {
      region: {
        extraEnv: [
          { name: 'A', value: '1' },
          { name: 'A', value: '2' },
        ],
      },
    },
    'region.extraEnv[1].name',
  ],
  ['a volume given twice', { jobs: { extraVolumes: [{ name: 'x' }, { name: 'x' }] } }, 'jobs.extraVolumes[1].name'],
  ['a volume named like one of ours', { rack: { extraVolumes: [{ name: 'state', emptyDir: {} }] } }, 'rack.extraVolumes[0].name'],
  ['a folder of the node for another than a rack', { jobs: { extraVolumes: [{ name: 'x', hostPath: { path: '/x' } }] } }, 'jobs.extraVolumes[0].hostPath'],
  ['a path that is no plain one', { rack: { extraVolumes: [{ name: 'x', hostPath: { path: "/x', '/" } }] } }, 'rack.extraVolumes[0].hostPath.path'],
  ['a variable of a process', { region: { extraEnv: [{ name: 'PEBBLE', value: '/x' }] } }, 'region.extraEnv[0].name'],
  ['a variable of bootstrap', { jobs: { extraEnv: [{ name: 'HTTPS_PROXY' }, { name: 'NAMESPACE', value: 'default' }] } }, 'jobs.extraEnv[1].name'],
  ['a variable of the Pebble layers', { rack: { extraEnv: [{ name: 'MAAS_HOSTNAME', value: 'x' }] } }, 'rack.extraEnv[0].name'],
  [
    'a mount over one of ours',
    { region: { extraVolumes: [{ name: 'x' }], extraVolumeMounts: [{ name: 'x', mountPath: '/etc/maas' }] } },
    'region.extraVolumeMounts[0].mountPath',
  ],
  ['a label that is ours', { commonLabels: { 'app.kubernetes.io/name': 'x' } }, 'commonLabels'],
  ['a pod label that is ours', { rack: { podLabels: { 'maas-k8s.io/pool': 'x' } } }, 'rack.podLabels'],
  ['an annotation that is ours', { commonAnnotations: { 'helm.sh/resource-policy': 'x' } }, 'commonAnnotations'],
];
