import { createHash } from 'node:crypto';

/** A DNS label. */
const longest = 63;

/**
 * What MAAS calls the rack controller that a pool has on a node. It finds a rack again by this name (maasserver/rpc/rackcontrollers.py),
 * so it must not depend on anything but these two.
 *
 * @returns <node>-<pool>, at most 63 characters; where that is longer, cut, with a hash of all of it
 */
export function rackHostName(node: string, pool: string): string {
  const name = `${node}-${pool}`.toLowerCase().replaceAll('.', '-');
  if (name.length <= longest) return name;
  const hash = createHash('sha256').update(`${node}-${pool}`.toLowerCase()).digest('hex').slice(0, 8);
  return `${name.slice(0, longest - 1 - hash.length).replace(/-+$/, '')}-${hash}`;
}
