/** Labels and names that more than one part needs. */

import { merged, named, release, when, type Expr } from './render/expression';
import { fallback, given, text } from './render/functions';
import { ports } from './tables/ports';
import { maasVersion, values } from './tables/values';

export type Component = 'database' | 'bootstrap' | 'reconcile' | 'region' | 'rack' | 'registration' | 'test';

type Texts = Readonly<Record<string, string | Expr<string>>>;

/** The labels that select a component's pods. They are immutable, so they hold nothing that changes. */
export const selector = (component: Component) => ({
  'app.kubernetes.io/name': 'maas',
  'app.kubernetes.io/component': component,
});

/** Prefixes of labels and annotations that are ours to give. */
export const reserved = {
  labels: ['app.kubernetes.io/', 'maas-k8s.io/'],
  annotations: ['argocd.argoproj.io/hook', 'argocd.argoproj.io/sync-options', 'kustomize.toolkit.fluxcd.io/prune', 'helm.sh/', 'maas-k8s.io/'],
};

export const labels = (component: Component, own: Texts = {}, ...added: readonly Expr<Readonly<Record<string, string>>>[]): Expr<Record<string, string>> =>
  merged({ ...selector(component), 'app.kubernetes.io/part-of': 'maas', ...own }, ...added, values.commonLabels);

export const annotations = when(given(values.commonAnnotations), values.commonAnnotations);

/** For what holds data, and the namespace around it: what makes the rest go (`helm uninstall`, an Argo CD application or a Flux Kustomization that is deleted or makes it no more) leaves it. */
export const kept = merged(
  {
    'helm.sh/resource-policy': 'keep',
    'argocd.argoproj.io/sync-options': 'Delete=false,Prune=false',
    'kustomize.toolkit.fluxcd.io/prune': 'disabled',
  },
  values.commonAnnotations,
);

/** The name of one of our objects. */
export const nameOf = (part: string | Expr<string>): Expr<string> => text`${values.fullnameOverride}-${part}`;

/** What the objects of a namespace have in common. The version is not among the pods' labels, or each new one would replace all pods. */
export const metadata = (component: Component, name: Expr<string>, own: Texts = {}) => ({
  name,
  namespace: release.namespace,
  labels: labels(component, { 'app.kubernetes.io/instance': release.name, 'app.kubernetes.io/version': maasVersion, ...own }),
  annotations,
});

export const regionService = nameOf('region');

/** How racks, machines and the region itself reach the region. */
export const maasUrl: Expr<string> = named(
  'url',
  fallback(values.maasUrl, text`http://${regionService}.${release.namespace}.svc.${values.clusterDomain}:${ports.api.number}/MAAS`),
);
