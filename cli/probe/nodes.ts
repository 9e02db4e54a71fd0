/** Which nodes will have a rack, and which may have a region. */

import type { Values } from '../../charts/tables/values';
import { daemonTolerations, mayRun } from '../kubernetes/placement';
import type { Node } from '../kubernetes/types';

type Racks = Pick<Values['rack'], 'pools' | 'affinity'>;

/** The nodes on which the pools' racks will be. */
export const rackNodes = (nodes: readonly Node[], { pools, affinity }: Racks): Node[] =>
  nodes.filter((node) =>
    pools.some(({ nodeSelector, tolerations = [] }) => mayRun(node, { nodeSelector, tolerations: [...tolerations, ...daemonTolerations], affinity })),
  );

/** What is to be said where there are pools, and no node for any. */
export const noRackNode = ({ pools }: Racks): string =>
  `no node may have a rack: ${pools.map(({ name, nodeSelector = {} }) => `pool ${name} wants the labels ${JSON.stringify(nodeSelector)}`).join('; ')}`;

export const rackNodeCure = 'label the nodes, or change rack.pools[].nodeSelector; a taint of a node wants one of rack.pools[].tolerations';

/** The nodes that a region member may come to. */
export const regionNodes = (nodes: readonly Node[], { nodeSelector, tolerations, affinity }: Values['region']): Node[] =>
  nodes.filter((node) => mayRun(node, { nodeSelector, tolerations, affinity }));

export const noRegionNode = ({ nodeSelector }: Values['region']): string => `no node may have a region, which wants the labels ${JSON.stringify(nodeSelector)}`;

export const regionNodeCure = 'label a node, or change region.nodeSelector or region.affinity; a taint of a node wants one of region.tolerations';

export const nameOfNode = ({ metadata }: Node): string => metadata?.name ?? '';
