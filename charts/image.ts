/** Image references. */

import { given, text, when, type Expr, type References } from './render/expression';
import { values, type Values } from './tables/values';

/** Left out where there are none: an empty list would count as a change at each apply. */
export const pullSecrets = when(given(values.images.pullSecrets), values.images.pullSecrets);

export const pull = { imagePullPolicy: values.images.pullPolicy };

/** registry/repository:tag, with the digest where one is given. */
export function imageOf(image: References<Values['images']['region']>): Expr<string> {
  const tagged = text`${values.images.registry}/${image.repository}:${image.tag}`;
  return when(given(image.digest), text`${tagged}@${image.digest}`, tagged);
}
