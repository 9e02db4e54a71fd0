/** The objects of a MAAS, made here from its values by the same charts that make dist/. */

import { maas } from '../../charts/maas';
import { PlainApp } from '../../charts/render/renderer';
import { scopeOf, type Values } from '../../charts/tables/values';
import { checkValues, loadValues, ValuesError } from '../../charts/tables/valuesfile';
import { Failure } from '../failure';
import type { KubernetesObject } from '../kubernetes/types';

/** What can be brought up by itself. The namespace and the rule of admission belong to everything. */
export type Part = 'all' | 'region' | 'rack' | 'racks of another region';

const charts: Readonly<Record<Part, readonly string[] | undefined>> = {
  all: undefined,
  region: ['namespace', 'admission', 'database', 'bootstrap', 'region', 'extra'],
  rack: ['namespace', 'admission', 'rack', 'registration'],
  'racks of another region': ['namespace', 'admission', 'rack'],
};

export interface Manifests {
  readonly values: Values;
  /** Where the values come from, in words. */
  readonly source: string;
  /** In the order in which they are applied. */
  readonly objects: readonly KubernetesObject[];
  /** Everything that the values make, whatever part is wanted. */
  readonly all: readonly KubernetesObject[];
}

type Overrides = (values: Values) => Values;

/**
 * @param file of values; else MAAS_VALUES, values.yaml, or the defaults
 * @throws Failure with everything that is wrong with the values
 */
export function manifests(part: Part, file: string | undefined, overrides: Overrides = (values) => values): Manifests {
  try {
    const { values: chosen, source } = loadValues(file === undefined ? process.env : { MAAS_VALUES: file });
    const values = checkValues(overrides(chosen), source);
    const app = new PlainApp(scopeOf(values));
    maas(app, { namespace: true });
    const wanted = charts[part];
    const made = app.charts.map((chart) => ({ id: chart.node.id, objects: chart.toJson() as KubernetesObject[] }));
    const objects = made.filter(({ id }) => wanted?.includes(id) ?? true).flatMap((chart) => chart.objects);
    return { values, source, objects, all: made.flatMap((chart) => chart.objects) };
  } catch (error) {
    // Its message is a list of what to mend.
    if (error instanceof ValuesError) throw new Failure(error.message);
    throw error;
  }
}
