import type { V1Container, V1PodSecurityContext } from '@kubernetes/client-node';
import type { Construct } from 'constructs';
import { metadata, type Component } from './labels';
import { merged, when, type Expr, type Template } from './render/expression';
import { digest, given, text } from './render/functions';
import { Manifest } from './render/manifest';
import { values } from './tables/values';
import { podTemplate, type PodTemplate } from './workload';

export interface JobProps {
  readonly component: Component;
  /** The service account. */
  readonly account: Expr<string>;
  readonly container: Template<V1Container>;
  readonly security: Template<V1PodSecurityContext>;
  /** What else calls for another run when it changes. */
  readonly follows?: unknown;
  /** When it has failed for good; else only after many tries. */
  readonly ends?: {
    /** Its command has given up by itself. The pod stays, with its log. */
    readonly exitCode: number;
    /** Seconds: even a command that never got to that has had its time. */
    readonly deadline: Expr<number>;
  };
}

/** The pod of a Job: it has a token, unlike all others. */
export const jobPod = (
  { component, account, container, security }: Omit<JobProps, 'follows' | 'ends'>,
  restartPolicy: 'OnFailure' | 'Never' = 'OnFailure',
): PodTemplate =>
  podTemplate(component, values.jobs, {
    serviceAccountName: account,
    automountServiceAccountToken: true,
    restartPolicy,
    nodeSelector: when(given(values.jobs.nodeSelector), values.jobs.nodeSelector),
    tolerations: when(given(values.jobs.tolerations), values.jobs.tolerations),
    securityContext: security,
    containers: [container],
  });

/**
 * A Job that may change: its name follows its content, so that a changed one is a new one and never meets
 * "field is immutable". Argo CD runs it as a hook, so that a finished Job does not count as missing.
 */
export class ContentJob extends Manifest<'batch/v1/Job'> {
  constructor(scope: Construct, id: string, { follows, ends, ...props }: JobProps) {
    // Where a container is restarted in its pod, Kubernetes takes the pod away with the last words in its log when the Job fails, and cannot tell by its exit code.
    const template = jobPod(props, ends === undefined ? 'OnFailure' : 'Never');
    const end = ends && {
      activeDeadlineSeconds: ends.deadline,
      podFailurePolicy: { rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [ends.exitCode] } }] },
    };
    super(scope, id, 'batch/v1/Job', {
      metadata: {
        ...metadata(props.component, text`${props.account}-${digest([template, follows])}`),
        annotations: merged({ 'argocd.argoproj.io/hook': 'Sync', 'argocd.argoproj.io/hook-delete-policy': 'BeforeHookCreation' }, values.commonAnnotations),
      },
      spec: { backoffLimit: 20, ...end, template },
    });
  }
}
