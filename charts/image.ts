/** Image references. */

import { named, when, type Expr, type References } from './render/expression';
import { given, text } from './render/functions';
import { values, type Values } from './tables/values';

export const pull = { imagePullPolicy: values.images.pullPolicy };

type Image = References<Values['images']['region']>;

/** registry/repository:tag, with the digest where one is given. */
function reference(image: Image): Expr<string> {
  const tagged = text`${values.images.registry}/${image.repository}${when(given(image.tag), text`:${image.tag}`, '')}`;
  return text`${tagged}${when(given(image.digest), text`@${image.digest}`, '')}`;
}

export const images = {
  region: named('image.region', reference(values.images.region)),
  rack: named('image.rack', reference(values.images.rack)),
  toolbox: named('image.toolbox', reference(values.images.toolbox)),
};
