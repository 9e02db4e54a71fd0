/** Labels and names that more than one part needs. */

import { fallback, text, type Expr } from './render/expression';
import { ports } from './tables/ports';
import { values } from './tables/values';

export type Component = 'database' | 'bootstrap' | 'reconcile' | 'region' | 'rack' | 'registration';

/** The labels that select a component's pods. They are immutable, so they hold nothing that changes. */
export const selector = (component: Component) => ({
  'app.kubernetes.io/name': 'maas',
  'app.kubernetes.io/component': component,
});

export const labels = (component: Component) => ({ ...selector(component), 'app.kubernetes.io/part-of': 'maas' });

export const memberLabel = 'maas-k8s.io/member';
export const poolLabel = 'maas-k8s.io/pool';

export const regionService = 'maas-region';

/** How racks, machines and the region itself reach the region. */
export const maasUrl: Expr<string> = fallback(
  values.maasUrl,
  text`http://${regionService}.${values.namespace}.svc.${values.clusterDomain}:${ports.api.number}/MAAS`,
);
