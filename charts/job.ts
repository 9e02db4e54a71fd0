import type { V1Container, V1PodSecurityContext, V1PodSpec } from '@kubernetes/client-node';
import type { Construct } from 'constructs';
import { pullSecrets } from './image';
import { labels, type Component } from './labels';
import { digest, text, type Template } from './render/expression';
import { Manifest } from './render/manifest';
import { values } from './tables/values';

export interface JobProps {
  readonly component: Component;
  /** The service account's name, and the beginning of the Job's; the rest follows the content. */
  readonly name: string;
  readonly container: Template<V1Container>;
  readonly security: Template<V1PodSecurityContext>;
  /** What else calls for another run when it changes. */
  readonly follows?: unknown;
}

/** The pod of a Job: it has a token, unlike all others. */
export const jobPod = ({
  account,
  container,
  security,
  restartPolicy = 'OnFailure',
}: { readonly account: string; readonly restartPolicy?: 'OnFailure' | 'Never' } & Pick<JobProps, 'container' | 'security'>): Template<V1PodSpec> => ({
  serviceAccountName: account,
  automountServiceAccountToken: true,
  enableServiceLinks: false,
  imagePullSecrets: pullSecrets,
  restartPolicy,
  securityContext: security,
  containers: [container],
});

/**
 * A Job that may change: its name follows its content, so that a changed one is a new one and never meets
 * "field is immutable". Argo CD runs it as a hook, so that a finished Job does not count as missing.
 */
export class ContentJob extends Manifest<'batch/v1/Job'> {
  constructor(scope: Construct, id: string, { component, name, container, security, follows }: JobProps) {
    const pod = jobPod({ account: name, container, security });
    super(scope, id, 'batch/v1/Job', {
      metadata: {
        name: text`${name}-${digest([pod, follows])}`,
        namespace: values.namespace,
        labels: labels(component),
        annotations: { 'argocd.argoproj.io/hook': 'Sync', 'argocd.argoproj.io/hook-delete-policy': 'BeforeHookCreation' },
      },
      spec: {
        backoffLimit: 20,
        template: { metadata: { labels: labels(component) }, spec: pod },
      },
    });
  }
}
