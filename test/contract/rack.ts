/** Racks of the suite, on the pod network. */

import { rackHostName } from '../../cli/rack-host-name';
import { until } from '../e2e/cluster';
import { live, podAddress, startAll } from './region';
import { sql } from './database';
import { emptied, rack } from './pods';
import { confined, processOf, start, type Running } from './process';

export const node = 'a-node';
export const pool = 'a-pool';
/** What MAAS calls the rack. */
export const hostName = rackHostName(node, pool);

/** An empty pod, laid out as the chart does. */
export async function begin(secret: string): Promise<void> {
  await rack.sweep();
  await rack.sh('for folder; do find "$folder" -mindepth 1 -delete; done', { args: emptied('rack') });
  const settings = [
    `MAAS_URL=http://${await podAddress('region')}:5240/MAAS`,
    'REGION_SECRET_FILE=/contract/secret',
    `NODE_NAME=${node}`,
    `RACK_POOL=${pool}`,
    'RACK_CACHE_GIGABYTES=20',
  ];
  await rack.sh('printf %s "$1" > /contract/secret && env "${@:2}" maas-k8s config rack', { args: [secret, ...settings] });
}

/** rackd without its gate and without a supervisor. */
export async function startRackd(environment: Readonly<Record<string, string>> = {}): Promise<Running> {
  const process = processOf('rack', 'rackd');
  await rack.sh('mkdir -p -m 750 /run/prometheus');
  return start(rack, 'rackd', confined(process), { ...process.environment, MAAS_HOSTNAME: hostName, ...environment });
}

export const startEverything = (): Promise<void> => startAll(rack, 'rack');

/** Racks that MAAS knows by that name. */
export const known = (name: string): Promise<string[]> => sql(live, `SELECT system_id FROM maasserver_node WHERE node_type = 2 AND hostname = '${name}'`);

/** The event loops that the rack is connected to, as the region has them in its tables: host name and PID. */
export const connections = (): Promise<string[]> =>
  sql(
    live,
    `SELECT DISTINCT process.pid FROM maasserver_regionrackrpcconnection connection
       JOIN maasserver_regioncontrollerprocessendpoint endpoint ON endpoint.id = connection.endpoint_id
       JOIN maasserver_regioncontrollerprocess process ON process.id = endpoint.process_id
       JOIN maasserver_node rack ON rack.id = connection.rack_controller_id WHERE rack.hostname = '${hostName}' ORDER BY 1`,
  );

/** Until it is connected to exactly these event loops. */
export const connected = (pids: () => Promise<string[]>, limitSeconds: number): Promise<string[]> =>
  until('the rack is connected to every event loop', limitSeconds, async () => {
    const [found, wanted] = await Promise.all([connections(), pids()]);
    if (wanted.length === 0 || found.join() !== wanted.join()) throw new Error(`connected to ${found.join()} of ${wanted.join()}`);
    return found;
  });
