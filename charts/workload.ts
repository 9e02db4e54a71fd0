/** What users may set of the pods of a part: laid over what the part itself wants. */

import type { V1Affinity, V1Container, V1PodSpec, V1PodTemplateSpec, V1ResourceRequirements } from '@kubernetes/client-node';
import { labels, type Component } from './labels';
import { each, entry, when, type Expr, type References, type Template } from './render/expression';
import { given } from './render/functions';
import { values, type Pods } from './tables/values';

export type Workload = Pick<References<Pods>, keyof Pods>;

type Body<T> = { readonly [K in keyof T]: Template<T[K]> };

/** A list of ours with a list of the users' behind it. */
function extended<T>(own: readonly Template<T>[], added: Expr<readonly T[]>): Template<T[]> {
  if (own.length === 0) return when(given(added), added as Expr<T[]>);
  return [...own, each(added, (element) => element as Expr<T>)];
}

type Lists = { readonly env?: readonly Template<unknown>[]; readonly volumeMounts?: readonly Template<unknown>[] };

/** A container of a part. */
export function container(
  workload: Workload,
  body: Omit<Body<V1Container>, 'env' | 'volumeMounts' | 'name'> & Lists & { readonly name: string },
): Template<V1Container> {
  const resources = entry(workload.resources as unknown as Expr<Readonly<Record<string, V1ResourceRequirements>>>, body.name);
  return {
    ...body,
    env: extended(body.env ?? [], workload.extraEnv),
    volumeMounts: extended(body.volumeMounts ?? [], workload.extraVolumeMounts),
    resources: when(given(resources as unknown as Expr<Record<string, unknown>>), resources, body.resources as Template<V1ResourceRequirements>),
  } as Template<V1Container>;
}

/** A pod template whose two parts are written down, not an expression as a whole. */
export type PodTemplate = { readonly [K in 'metadata' | 'spec']: Template<NonNullable<V1PodTemplateSpec[K]>> };

/** The pods of a part. */
export function podTemplate(
  component: Component,
  workload: Workload,
  spec: Omit<Body<V1PodSpec>, 'volumes' | 'affinity'> & { readonly volumes?: readonly Template<unknown>[]; readonly affinity?: Template<V1Affinity> },
  own: Readonly<Record<string, string | Expr<string>>> = {},
): PodTemplate {
  const affinity = workload.affinity as unknown as Expr<V1Affinity>;
  const wanted = given(workload.affinity);
  return {
    metadata: {
      labels: labels(component, own, workload.podLabels),
      annotations: when(given(workload.podAnnotations), workload.podAnnotations),
    },
    spec: {
      ...spec,
      imagePullSecrets: when(given(values.images.pullSecrets), values.images.pullSecrets),
      enableServiceLinks: false,
      priorityClassName: when(given(workload.priorityClassName), workload.priorityClassName),
      affinity: spec.affinity ? when(wanted, affinity, spec.affinity) : when(wanted, affinity),
      topologySpreadConstraints: when(given(workload.topologySpreadConstraints), workload.topologySpreadConstraints),
      volumes: extended(spec.volumes ?? [], workload.extraVolumes as unknown as Expr<readonly unknown[]>),
    },
  } as unknown as PodTemplate;
}
