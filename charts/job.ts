import type { V1PodSpec } from '@kubernetes/client-node';
import type { Construct } from 'constructs';
import { labels, type Component } from './labels';
import { digest, text, type Template } from './render/expression';
import { Manifest } from './render/manifest';
import { values } from './tables/values';

export interface JobProps {
  readonly component: Component;
  /** Beginning of the name; the rest follows the content. */
  readonly name: string;
  readonly pod: Template<V1PodSpec>;
  /** What else calls for another run when it changes. */
  readonly follows?: unknown;
}

/**
 * A Job that may change: its name follows its content, so that a changed one is a new one and never meets
 * "field is immutable". Argo CD runs it as a hook, so that a finished Job does not count as missing.
 */
export class ContentJob extends Manifest<'batch/v1/Job'> {
  constructor(scope: Construct, id: string, { component, name, pod, follows }: JobProps) {
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
