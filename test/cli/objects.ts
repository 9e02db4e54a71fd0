/** Kubernetes objects of a MAAS, as its charts make them, with as little as the verbs look at. */

import type { CronJob, DaemonSet, Deployment, Job, Pod } from '../../cli/kubernetes/types';

const namespace = 'maas';
const labels = (component: string, more: object = {}) => ({ 'app.kubernetes.io/part-of': 'maas', 'app.kubernetes.io/component': component, ...more });

const plain = (variables: Record<string, string>) => Object.entries(variables).map(([name, value]) => ({ name, value }));

export const reconciler = (secrets: { region?: string; apiKey?: string } = {}): CronJob =>
  ({
    metadata: { name: 'maas-reconcile', namespace, labels: labels('reconcile') },
    spec: {
      jobTemplate: {
        spec: {
          template: {
            spec: {
              serviceAccountName: 'maas-bootstrap',
              containers: [
                {
                  name: 'bootstrap',
                  image: 'localhost/maas-region:1',
                  command: ['maas-k8s', 'bootstrap'],
                  env: plain({
                    NAMESPACE: namespace,
                    MAAS_URL: 'http://maas-region.maas.svc.cluster.local:5240/MAAS',
                    REGION_IMAGE: 'localhost/maas-region:1',
                    DATABASE_HOST: 'maas-database.maas.svc.cluster.local',
                    DATABASE_PORT: '5432',
                    DATABASE_NAME: 'maasdb',
                    DATABASE_USER: 'maas',
                    DATABASE_EMBEDDED: 'true',
                    SECRET_REGION: secrets.region ?? 'maas-region-secret',
                    SECRET_DATABASE: 'maas-database',
                    SECRET_ADMIN: 'maas-admin',
                    SECRET_API_KEY: secrets.apiKey ?? 'maas-api-key',
                    ADMIN_USERNAME: 'admin',
                    ADMIN_EMAIL: 'admin@maas.invalid',
                  }),
                },
              ],
            },
          },
        },
      },
    },
  }) as unknown as CronJob;

export interface PodFields {
  readonly node?: string;
  readonly containers?: readonly string[];
  readonly notReady?: readonly string[];
  readonly labels?: object;
}

export const pod = (component: string, name: string, { node = 'node-1', containers = ['main'], notReady = [], labels: more }: PodFields = {}): Pod =>
  ({
    metadata: { name, namespace, labels: labels(component, more) },
    spec: { nodeName: node, containers: containers.map((container) => ({ name: container })) },
    status: {
      phase: 'Running',
      startTime: '2026-01-01T00:00:00Z',
      conditions: [{ type: 'Ready', status: notReady.length === 0 ? 'True' : 'False' }],
      containerStatuses: containers.map((container) => ({ name: container, ready: !notReady.includes(container), restartCount: 0, state: { running: {} } })),
    },
  }) as unknown as Pod;

const regionContainers = ['regiond', 'apiserver', 'http', 'services'];
export const regionPod = (notReady: readonly string[] = []): Pod =>
  pod('region', 'maas-region-a-1', { containers: regionContainers, notReady, labels: { 'maas-k8s.io/member': 'a' } });
export const regionDeployment = (): Deployment =>
  ({
    metadata: { name: 'maas-region-a', namespace, generation: 1, labels: labels('region', { 'maas-k8s.io/member': 'a' }) },
    spec: { replicas: 1 },
    status: { observedGeneration: 1, updatedReplicas: 1 },
  }) as unknown as Deployment;

export const rackPod = (node = 'node-1', notReady: readonly string[] = []): Pod =>
  pod('rack', `maas-rack-default-${node}`, { node, containers: ['rackd', 'services'], notReady, labels: { 'maas-k8s.io/pool': 'default' } });
export const rackSet = (wanted = 1): DaemonSet =>
  ({
    metadata: { name: 'maas-rack-default', namespace, generation: 1, labels: labels('rack', { 'maas-k8s.io/pool': 'default' }) },
    spec: {
      template: {
        spec: {
          initContainers: [{ name: 'enrol', env: plain({ MAAS_URL: 'http://maas-region.maas.svc.cluster.local:5240/MAAS' }) }],
          volumes: [{ name: 'secret-region', secret: { secretName: 'maas-region-secret' } }],
        },
      },
    },
    status: { desiredNumberScheduled: wanted, updatedNumberScheduled: wanted, observedGeneration: 1 },
  }) as unknown as DaemonSet;

export const job = (component: string, status: object = { succeeded: 1 }, { name = '1', made = '2026-01-01T00:00:00Z' } = {}): Job => ({
  metadata: { name: `maas-${component}-${name}`, namespace, labels: labels(component, { 'app.kubernetes.io/instance': 'maas' }), creationTimestamp: made },
  status,
});
export const failed = (message = 'Job has reached the specified backoff limit'): object => ({
  conditions: [{ type: 'Failed', status: 'True', message, lastTransitionTime: '2026-01-01T01:00:00Z' }],
});
