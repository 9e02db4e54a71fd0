/** Service accounts and what they may do. Nobody but bootstrap writes Secrets, and nobody but the Jobs has a token. */

import { ApiResource, Role, Secret, ServiceAccount, type IApiResource } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { labels, type Component } from './labels';
import type { Expr } from './render/expression';
import { Manifest } from './render/manifest';
import { values } from './tables/values';

export const rackAccount = 'maas-rack';

/** cdk8s-plus wants strings; what is an expression here is evaluated when the object is rendered. */
const asString = (expression: Expr<string>): string => expression as unknown as string;

const metadata = (component: Component, name: string) => ({ name, namespace: asString(values.namespace), labels: labels(component) });

/** An account without a token. */
export const account = (scope: Construct, component: Component, name: string): ServiceAccount =>
  new ServiceAccount(scope, 'account', { metadata: metadata(component, name), automountToken: false });

export interface Permission {
  readonly verbs: readonly string[];
  readonly resources: readonly IApiResource[];
}

/** An account with just these permissions in the namespace. Its pods ask for the token themselves. */
export function accountWith(scope: Construct, component: Component, name: string, permissions: readonly Permission[]): ServiceAccount {
  const created = account(scope, component, name);
  const role = new Role(scope, 'role', { metadata: metadata(component, name) });
  for (const { verbs, resources } of permissions) role.allow([...verbs], ...resources);
  // cdk8s-plus gives the subject an empty apiGroup, which the server drops, so that each apply would count as a change.
  new Manifest(scope, 'role-binding', 'rbac.authorization.k8s.io/v1/RoleBinding', {
    metadata: { name, namespace: values.namespace, labels: labels(component) },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace: values.namespace }],
  });
  return created;
}

/** One Secret by name. */
export const secret = (scope: Construct, id: string, name: Expr<string>): IApiResource => Secret.fromSecretName(scope, id, asString(name));

export { ApiResource };
