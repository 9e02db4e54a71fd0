/** All that the tables become. */

import { reference } from '../../charts/reference/reference';
import { processes } from '../../charts/tables/processes';
import { checkValues, ValuesError } from '../../charts/tables/valuesfile';
import { layer } from '../../cli/config/layer';

export { plainObjects } from './synth';

/** Why these values are not allowed; empty if they are. */
export function refusals(overlay: object): readonly string[] {
  try {
    checkValues(overlay, 'test');
    return [];
  } catch (error) {
    if (error instanceof ValuesError) return error.problems;
    throw error;
  }
}

interface Layer {
  readonly services: Readonly<Record<string, { readonly command: string }>>;
}

export const layers: readonly Layer[] = processes.map((process) => layer(process) as Layer);

export const pages = [...reference().values()].join('\n');
