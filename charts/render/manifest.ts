/** Kubernetes objects written as they are, typed by the Kubernetes client, with expressions anywhere. */

import type {
  V1CronJob,
  V1DaemonSet,
  V1Deployment,
  V1Job,
  V1Namespace,
  V1PersistentVolumeClaim,
  V1PodDisruptionBudget,
  V1RoleBinding,
  V1Service,
  V1StatefulSet,
  V1ValidatingAdmissionPolicy,
  V1ValidatingAdmissionPolicyBinding,
} from '@kubernetes/client-node';
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import type { Template } from './expression';
import { rendererOf } from './renderer';

interface Kinds {
  'v1/Namespace': V1Namespace;
  'v1/PersistentVolumeClaim': V1PersistentVolumeClaim;
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
    return { apiVersion: this.apiVersion, kind: this.kind, ...(rendererOf(this).object(this.body) as object) };
  }
}
