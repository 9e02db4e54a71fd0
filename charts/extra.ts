import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { Verbatim } from './render/manifest';
import { rendererOf } from './render/renderer';
import { values } from './tables/values';

/** Objects of the users' own. */
export class Extra extends Chart {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    rendererOf(this).each(this, 'object', values.extraObjects, (inner, object) => new Verbatim(inner, 'object', object));
  }
}
