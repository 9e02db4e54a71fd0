/**
 * Pods that look at the cluster from its nodes, on their network, as racks will. They live in a namespace of their own, which is made for
 * them and removed again, so that nothing of MAAS is there before everything is known to be well.
 */

import { randomBytes } from 'node:crypto';
import { messageOf } from '../failure';
import { ApiRefusal, Kubernetes, ownLabels } from '../kubernetes/kubernetes';
import type { Pod, SecretObject } from '../kubernetes/types';
import { temporarily } from '../output/interrupt';
import type { Access } from '../kubernetes/access';
import { podProblem } from '../register/rack-state';
import { sleep } from '../time';
import type { Toolbox } from './toolbox';

/** By node: what its pod has said, or why it has said nothing. */
export type Views<T> = ReadonlyMap<string, { readonly view: T } | { readonly problem: string }>;

export interface ProbeOptions extends Toolbox {
  /** Of `maas-k8s probe`. Nothing secret: arguments can be read. */
  readonly args: readonly string[];
  readonly capabilities?: readonly string[];
  /** Milliseconds until a pod that has said nothing is given up. */
  readonly timeout?: number;
}

/** Waiting for an image that is not there is no use. */
const hopeless = /ImagePull|ErrImage|InvalidImageName|CreateContainer/;

/** @throws ApiRefusal when the account may not make a namespace or pods */
export async function probe<T>(
  { transport, endurance }: Pick<Access, 'transport' | 'endurance'>,
  nodes: readonly string[],
  options: ProbeOptions,
): Promise<Views<T>> {
  const namespace = `maas-probe-${randomBytes(3).toString('hex')}`;
  const kubernetes = new Kubernetes(transport, namespace, endurance, () => undefined);
  const path = `/api/v1/namespaces/${namespace}`;
  const remove = async (): Promise<void> => {
    await kubernetes.send('DELETE', path, 'remove the namespace of the probes').catch(() => undefined);
  };
  return temporarily(remove, async () => {
    await kubernetes.send('POST', '/api/v1/namespaces', 'make a namespace for pods that look at the nodes', {
      body: {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: namespace, labels: { ...ownLabels, 'pod-security.kubernetes.io/enforce': 'privileged' } },
      },
    });
    for (const secret of options.pullSecrets) await copy(kubernetes, secret);
    await Promise.all(nodes.map((node, index) => create(kubernetes, podOf(`probe-${String(index)}`, node, options))));
    const views = new Map<string, { view: T } | { problem: string }>();
    const until = Date.now() + (options.timeout ?? 30_000);
    for (;;) {
      for (const pod of await kubernetes.list('pods')) {
        const node = pod.spec?.nodeName ?? '';
        if (views.has(node)) continue;
        const outcome = await read(kubernetes, pod, Date.now() > until, options);
        if (outcome !== undefined) views.set(node, outcome as { view: T } | { problem: string });
      }
      if (views.size >= nodes.length || Date.now() > until + 2000) break;
      await sleep(300);
    }
    return new Map(nodes.map((node) => [node, views.get(node) ?? { problem: 'its pod has said nothing' }]));
  });
}

async function read(
  kubernetes: Kubernetes,
  pod: Pod,
  late: boolean,
  { lackingSecrets, namespace }: ProbeOptions,
): Promise<{ view: unknown } | { problem: string } | undefined> {
  const name = pod.metadata?.name ?? '';
  const phase = pod.status?.phase;
  if (phase === 'Succeeded' || phase === 'Failed') {
    const said = await kubernetes.logTail(name, 'probe', 5);
    try {
      return { view: JSON.parse(said.trim().split('\n').at(-1) ?? '') as unknown };
    } catch {
      return { problem: said.trim() || (podProblem(pod) ?? 'its pod has said nothing') };
    }
  }
  const problem = podProblem(pod);
  if (problem === undefined || !(late || hopeless.test(problem))) return undefined;
  const without =
    /ImagePull/.test(problem) && lackingSecrets.length > 0 ? `; namespace ${namespace} has no Secret ${lackingSecrets.join(', ')} (images.pullSecrets)` : '';
  return { problem: `${problem}${without}` };
}

/** It goes with the namespace. */
async function copy(kubernetes: Kubernetes, { metadata, type, data }: SecretObject): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name: metadata?.name, labels: ownLabels }, type, data };
  await kubernetes.send('POST', kubernetes.path('secrets'), 'copy a Secret for the registry to the pods that look at the nodes', { body });
}

/** The namespace's account comes a moment after it. */
async function create(kubernetes: Kubernetes, body: object): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await kubernetes.send('POST', kubernetes.path('pods'), 'make a pod that looks at a node', { body });
      return;
    } catch (error) {
      if (!(error instanceof ApiRefusal) || tries > 20 || !/serviceaccount/i.test(messageOf(error))) throw error;
      await sleep(250);
    }
  }
}

const podOf = (name: string, node: string, { image, pullPolicy, pullSecrets, args, capabilities = [] }: ProbeOptions): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: ownLabels },
  spec: {
    nodeName: node,
    hostNetwork: true,
    dnsPolicy: 'ClusterFirstWithHostNet',
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    ...(pullSecrets.length > 0 ? { imagePullSecrets: pullSecrets.map(({ metadata }) => ({ name: metadata?.name })) } : {}),
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 0,
    tolerations: [{ operator: 'Exists' }],
    securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'probe',
        image,
        imagePullPolicy: pullPolicy,
        args: ['probe', ...args],
        securityContext: {
          runAsUser: 0,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'], ...(capabilities.length > 0 ? { add: capabilities } : {}) },
        },
      },
    ],
  },
});
