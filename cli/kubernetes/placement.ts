/** Which nodes a pod may go to, as far as nodes alone decide it: the scheduler's rules of labels, taints and required node affinity. */

import type { Node } from './types';

export interface Toleration {
  readonly key?: string;
  readonly operator?: 'Exists' | 'Equal';
  readonly value?: string;
  readonly effect?: string;
}

export interface Placement {
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly Toleration[];
  /** As Kubernetes has it; what it requires of nodes counts here. */
  readonly affinity?: object;
}

/** What every pod of a DaemonSet on the host's network tolerates unasked. */
export const daemonTolerations: readonly Toleration[] = [
  'not-ready',
  'unreachable',
  'disk-pressure',
  'memory-pressure',
  'pid-pressure',
  'unschedulable',
  'network-unavailable',
].map((condition) => ({ key: `node.kubernetes.io/${condition}`, operator: 'Exists' }));

export const mayRun = (node: Node, { nodeSelector = {}, tolerations = [], affinity = {} }: Placement): boolean =>
  Object.entries(nodeSelector).every(([label, value]) => node.metadata?.labels?.[label] === value) &&
  (node.spec?.taints ?? []).every((taint) => taint.effect === 'PreferNoSchedule' || tolerations.some((one) => tolerates(one, taint))) &&
  required(node, affinity);

const tolerates = ({ key, operator = 'Equal', value = '', effect }: Toleration, taint: { key: string; value?: string; effect: string }): boolean =>
  (effect === undefined || effect === taint.effect) &&
  (key === undefined ? operator === 'Exists' : key === taint.key && (operator === 'Exists' || value === (taint.value ?? '')));

interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}
interface Affinity {
  readonly nodeAffinity?: {
    readonly requiredDuringSchedulingIgnoredDuringExecution?: {
      readonly nodeSelectorTerms?: readonly { readonly matchExpressions?: readonly Requirement[]; readonly matchFields?: readonly Requirement[] }[];
    };
  };
}

function required({ metadata }: Node, { nodeAffinity }: Affinity): boolean {
  const terms = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (terms === undefined) return true;
  return terms.some(
    ({ matchExpressions = [], matchFields = [] }) =>
      matchExpressions.length + matchFields.length > 0 &&
      matchExpressions.every((one) => meets(metadata?.labels?.[one.key], one)) &&
      matchFields.every((one) => meets(metadata?.name, one)),
  );
}

function meets(found: string | undefined, { operator, values = [] }: Requirement): boolean {
  switch (operator) {
    case 'Exists':
      return found !== undefined;
    case 'DoesNotExist':
      return found === undefined;
    case 'In':
      return found !== undefined && values.includes(found);
    case 'NotIn':
      return found === undefined || !values.includes(found);
    case 'Gt':
      return Number(found) > Number(values[0]);
    case 'Lt':
      return Number(found) < Number(values[0]);
    default:
      return true;
  }
}
