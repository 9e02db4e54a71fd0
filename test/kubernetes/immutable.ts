/** Whether one set of objects can be applied over another: some fields cannot be changed in an object that exists, only in one of a new name. */

import { canonical } from '../../charts/render/json';
import { titleOf, type KubernetesObject } from './objects';

type Change = (before: KubernetesObject, after: KubernetesObject) => string[];

/** @returns the fields that differ, of those that are asked for */
const changed = (path: string, before: KubernetesObject | undefined, after: KubernetesObject | undefined, asked: (key: string) => boolean): string[] =>
  [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])]
    .filter((key) => asked(key) && canonical(before?.[key]) !== canonical(after?.[key]))
    .map((key) => `${path}${key}`);

const only =
  (...fields: readonly string[]): Change =>
  (before, after) =>
    changed('spec.', before.spec as KubernetesObject, after.spec as KubernetesObject, (key) => fields.includes(key));

const allBut =
  (...fields: readonly string[]): Change =>
  (before, after) =>
    changed('spec.', before.spec as KubernetesObject, after.spec as KubernetesObject, (key) => !fields.includes(key));

const units: Readonly<Record<string, number>> = { m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 };

/** An amount of bytes: "50Gi". */
function bytes(quantity: string): number {
  const [, number, unit] = /^([\d.]+)(\D*)$/.exec(quantity)!;
  return Number(number) * (unit === '' ? 1 : units[unit!]!);
}

/** A claim may grow, where its class allows it. */
const claim: Change = (before, after) => {
  const [was, is] = [before, after].map(({ spec }) => bytes(spec.resources.requests.storage as string)) as [number, number];
  return [...allBut('resources', 'volumeAttributesClassName')(before, after), ...(is < was ? ['spec.resources.requests.storage'] : [])];
};

const headless: Change = (before, after) => ((before.spec.clusterIP === 'None') === (after.spec.clusterIP === 'None') ? [] : ['spec.clusterIP']);

const roleRef: Change = (before, after) => changed('', before, after, (key) => key === 'roleRef');

/** What was made immutable stays so, whatever becomes of the mark. */
const sealed: Change = (before, after) =>
  before.immutable === true ? changed('', before, after, (key) => ['data', 'stringData', 'immutable'].includes(key)) : [];

/** k8s.io/kubernetes/pkg/apis/…/validation: the functions Validate…Update. */
const rules: Readonly<Record<string, Change>> = {
  ConfigMap: sealed,
  ClusterRoleBinding: roleRef,
  DaemonSet: only('selector'),
  Deployment: only('selector'),
  Job: only('template', 'selector', 'completions', 'completionMode', 'podFailurePolicy', 'successPolicy', 'backoffLimitPerIndex', 'managedBy'),
  PersistentVolumeClaim: claim,
  Pod: allBut('activeDeadlineSeconds', 'tolerations'),
  PriorityClass: (before, after) => changed('', before, after, (key) => key === 'value'),
  RoleBinding: roleRef,
  Secret: (before, after) => [...changed('', before, after, (key) => key === 'type'), ...sealed(before, after)],
  Service: headless,
  StatefulSet: allBut('template', 'replicas', 'updateStrategy', 'ordinals', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy', 'minReadySeconds'),
};

/** Helm removes such a one first. */
const replaced = ({ metadata }: KubernetesObject): boolean =>
  String(metadata.annotations?.['helm.sh/hook-delete-policy'] ?? '')
    .split(',')
    .includes('before-hook-creation');

const identityOf = ({ kind, metadata }: KubernetesObject): string => [kind, metadata.namespace, metadata.name].map(String).join('/');

/**
 * @param before all objects that are there
 * @param after all objects that take their place
 * @returns one line per field that would have to change and cannot; empty if all can be applied
 */
export function immutableChanges(before: readonly KubernetesObject[], after: readonly KubernetesObject[]): string[] {
  const old = new Map(before.map((object) => [identityOf(object), object]));
  return after.flatMap((object) => {
    const earlier = old.get(identityOf(object));
    if (!earlier || replaced(object)) return [];
    return (rules[object.kind as string]?.(earlier, object) ?? []).map((field) => `${titleOf(object)}: ${field} cannot be changed`);
  });
}
