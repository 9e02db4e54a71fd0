/** The image of the pods that look at the nodes, and what is needed to pull it. */

import { images } from '../../charts/image';
import { evaluate } from '../../charts/render/expression';
import { scopeOf, type Values } from '../../charts/tables/values';
import type { Kubernetes } from '../kubernetes/kubernetes';
import type { SecretObject } from '../kubernetes/types';

export interface Toolbox {
  readonly image: string;
  readonly pullPolicy: Values['images']['pullPolicy'];
  /**
   * Secrets for the registry that are copied to the pods, for the time that they are there: in MAAS's own namespace the rule of
   * admission would turn the pods away, and before the first installation there is no such namespace.
   */
  readonly pullSecrets: readonly SecretObject[];
  /** Names of those that the values name and that are not there. */
  readonly lackingSecrets: readonly string[];
  /** Where they are looked for. */
  readonly namespace: string;
}

/** @throws ApiRefusal when the account may not read the Secrets */
export async function toolbox(kubernetes: Kubernetes, values: Values): Promise<Toolbox> {
  const { pullPolicy, pullSecrets: named } = values.images;
  const found = await Promise.all(
    named.map(async ({ name }) => ({ name, secret: await kubernetes.find<SecretObject>(kubernetes.path('secrets', name), `get the Secret ${name}`) })),
  );
  return {
    image: images.toolbox[evaluate](scopeOf(values)),
    pullPolicy,
    pullSecrets: found.flatMap(({ secret }) => secret ?? []),
    lackingSecrets: found.filter(({ secret }) => secret === undefined).map(({ name }) => name),
    namespace: kubernetes.namespace,
  };
}
