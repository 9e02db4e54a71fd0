/** Service accounts and what they may do. Nobody but bootstrap writes Secrets, and nobody but the Jobs has a token. */

import { ApiResource, Role, Secret, ServiceAccount, type IApiResource } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { metadata, nameOf, type Component } from './labels';
import { release, type Expr } from './render/expression';
import { Manifest, setMetadata } from './render/manifest';

export const rackAccount = nameOf('rack');

/** An account without a token. */
export function account(scope: Construct, component: Component, name: Expr<string>): ServiceAccount {
  const created = new ServiceAccount(scope, 'account', { automountToken: false });
  setMetadata(created, metadata(component, name));
  return created;
}

export interface Permission {
  readonly verbs: readonly string[];
  readonly resources: readonly IApiResource[];
}

/** An account with just these permissions in the namespace. Its pods ask for the token themselves. */
export function accountWith(scope: Construct, component: Component, name: Expr<string>, permissions: readonly Permission[]): ServiceAccount {
  const created = account(scope, component, name);
  const role = new Role(scope, 'role');
  setMetadata(role, metadata(component, name));
  for (const { verbs, resources } of permissions) role.allow([...verbs], ...resources);
  // cdk8s-plus gives the subject an empty apiGroup, which the server drops, so that each apply would count as a change.
  new Manifest(scope, 'role-binding', 'rbac.authorization.k8s.io/v1/RoleBinding', {
    metadata: metadata(component, name),
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace: release.namespace }],
  });
  return created;
}

/** One Secret by name. cdk8s-plus wants a string; the expression becomes one when the object is rendered. */
export const secret = (scope: Construct, id: string, name: Expr<string>): IApiResource => Secret.fromSecretName(scope, id, name as unknown as string);

export { ApiResource };
