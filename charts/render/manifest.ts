/** Kubernetes objects written as they are, typed by the Kubernetes client, with expressions anywhere. */

import type {
  V1CronJob,
  V1DaemonSet,
  V1Deployment,
  V1Job,
  V1Namespace,
  V1ObjectMeta,
  V1PersistentVolumeClaim,
  V1Pod,
  V1PodDisruptionBudget,
  V1RoleBinding,
  V1Service,
  V1StatefulSet,
  V1ValidatingAdmissionPolicy,
  V1ValidatingAdmissionPolicyBinding,
} from '@kubernetes/client-node';
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import type { Expr, Template } from './expression';
import { rendererOf } from './renderer';

interface Kinds {
  'v1/Namespace': V1Namespace;
  'v1/PersistentVolumeClaim': V1PersistentVolumeClaim;
  'v1/Pod': V1Pod;
  'v1/Service': V1Service;
  'apps/v1/DaemonSet': V1DaemonSet;
  'apps/v1/Deployment': V1Deployment;
  'apps/v1/StatefulSet': V1StatefulSet;
  'batch/v1/CronJob': V1CronJob;
  'batch/v1/Job': V1Job;
  'rbac.authorization.k8s.io/v1/RoleBinding': V1RoleBinding;
  'policy/v1/PodDisruptionBudget': V1PodDisruptionBudget;
  'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy': V1ValidatingAdmissionPolicy;
  'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding': V1ValidatingAdmissionPolicyBinding;
}

export type Body<K extends keyof Kinds> = Template<Omit<Kinds[K], 'apiVersion' | 'kind' | 'status'>>;

export class Manifest<K extends keyof Kinds> extends ApiObject {
  private readonly body: Body<K>;

  /** @param type API version and kind, as 'apps/v1/Deployment' */
  constructor(scope: Construct, id: string, type: K, body: Body<K>) {
    const slash = type.lastIndexOf('/');
    super(scope, id, { apiVersion: type.slice(0, slash), kind: type.slice(slash + 1), metadata: { name: id } });
    this.body = body;
  }

  override toJson(): unknown {
    return rendererOf(this).object({ apiVersion: this.apiVersion, kind: this.kind, ...(this.body as object) });
  }
}

/** An object that is not known before its expression is. */
export class Verbatim extends ApiObject {
  constructor(
    scope: Construct,
    id: string,
    private readonly object: Expr<unknown>,
  ) {
    super(scope, id, { apiVersion: 'v1', kind: 'Object' });
  }

  override toJson(): unknown {
    return rendererOf(this).object(this.object);
  }
}

/** Gives an object of another library metadata with expressions in it. */
export function setMetadata(construct: Construct, metadata: Template<V1ObjectMeta>): void {
  const object = ApiObject.of(construct);
  const render = object.toJson.bind(object);
  object.toJson = () => ({ ...(render() as object), metadata: rendererOf(object).object(metadata) });
}
