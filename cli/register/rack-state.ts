/** What is to be said about one rack, from its pod and from what MAAS knows. */

import type { Pod } from '../kubernetes/types';
import type { RackController } from '../maas/types';

export interface RackState {
  readonly done: boolean;
  readonly text: string;
}

/** maasagent starts these when there is DHCP to serve; until then they are off. */
const optional = new Set(['dhcpd', 'dhcpd6']);

const waiting = (text: string): RackState => ({ done: false, text });

/**
 * @param controller what MAAS has under the rack's host name
 */
export function rackState(pod: Pod, controller: RackController | undefined): RackState {
  if (controller === undefined) {
    const problem = podProblem(pod);
    return waiting(`not registered: ${problem ?? 'its containers are ready, but MAAS does not know it; the log of its container rackd says why'}`);
  }
  const services = controller.service_set;
  const rackd = services.find(({ name }) => name === 'rackd');
  if (rackd?.status !== 'running' && rackd?.status !== 'degraded') return waiting(`registered, not connected${detail(rackd)}${because(podProblem(pod))}`);
  const bad = services.filter(({ name, status }) => (optional.has(name) ? status === 'dead' || status === 'degraded' : status !== 'running'));
  if (bad.length > 0)
    return waiting(`connected; not running: ${bad.map(({ name, status, status_info: info }) => `${name} is ${status}${info ? ` (${info})` : ''}`).join(', ')}`);
  const off = services.filter(({ status }) => status !== 'running').map(({ name }) => name);
  return { done: true, text: `connected, ${String(services.length - off.length)} services running${off.length > 0 ? `, off: ${off.join(' ')}` : ''}` };
}

const because = (problem: string | undefined): string => (problem === undefined ? '' : `; ${problem}`);

const detail = (service: RackController['service_set'][number] | undefined): string => (service?.status_info ? ` (${service.status_info})` : '');

/** Why a pod does not do its work, or undefined when all its containers are ready. */
export function podProblem({ metadata, spec, status }: Pod): string | undefined {
  if (metadata?.deletionTimestamp !== undefined) return 'its pod is being deleted';
  if (!spec?.nodeName) return `its pod has no node: ${status?.conditions?.find(({ type }) => type === 'PodScheduled')?.message ?? 'not scheduled yet'}`;
  const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  for (const { name, state } of statuses) {
    const blocked = state?.waiting;
    if (blocked?.reason !== undefined && blocked.reason !== 'PodInitializing')
      return `container ${name}: ${blocked.reason}${blocked.message ? `, ${firstLine(blocked.message)}` : ''}`;
    const ended = state?.terminated;
    if (ended !== undefined && ended.exitCode !== 0)
      return `container ${name} ended with exit code ${String(ended.exitCode)}${ended.message ? `, ${firstLine(ended.message)}` : ''}`;
  }
  if (status?.phase === 'Failed') return `its pod has failed: ${status.message ?? status.reason ?? 'no reason given'}`;
  const containers = status?.containerStatuses ?? [];
  const notReady = containers.filter(({ ready }) => !ready).map(({ name }) => name);
  if (containers.length === 0) return `its pod is ${status?.phase ?? 'new'}`;
  return notReady.length > 0 ? `not ready: ${notReady.join(', ')}` : undefined;
}

const firstLine = (text: string): string => text.split('\n')[0] ?? '';

/**
 * Why a region has turned a rack away, which only the rack's own log tells (provisioningserver/rpc/clusterservice.py: performHandshake).
 *
 * @param log the end of rackd's log
 */
export function rejection(rack: string, log: string): string | undefined {
  if (/FAILED authentication/.test(log))
    return `rack ${rack} has another secret than the region; its pod reads the region Secret when it starts, so restart it`;
  if (/REJECTED by the region/.test(log)) return `the region refuses to register rack ${rack}; the region's log says why`;
  return undefined;
}
