/** maas-run.md 4: the rack. */

import { until } from '../e2e/cluster';
import { read } from './api';
import { sql } from './database';
import { get } from './http';
import { listeners, listensOn } from './listeners';
import { control, pids } from './mux';
import { staysTrue, timed } from './pod';
import { rack, region } from './pods';
import { begin, connected, hostName, known, startEverything, startRackd } from './rack';
import { certificates, eventloops, live, liveRegion, podAddress, seeded, state } from './region';

interface Controller {
  readonly hostname: string;
  readonly service_set?: readonly { readonly name: string; readonly status: string }[];
}

/** PIDs of the region's event loops, as it says them itself. */
const loops = async (): Promise<string[]> =>
  Object.keys((await eventloops()).loops)
    .map((name) => name.split('=').at(-1)!)
    .sort((left, right) => Number(left) - Number(right));

/** The live region's, which 5-images has changed if it was there before. */
let secret: string;

beforeAll(async () => {
  await liveRegion();
  secret = await seeded(live);
});

// Nothing of it is wanted any more; it would go on asking.
afterAll(() => rack.sweep());

describe('4: rackd alone', () => {
  test('without the secret it runs, and offers nothing', async () => {
    await begin(secret);
    await rack.sh(`rm ${state}/secret`);
    const rackd = await startRackd();
    await staysTrue('rackd runs and listens nowhere', 8, async () => (await rackd.runs()) && (await listensOn(rack, ['tcp/5249', 'udp/69'])).length === 0);
    await rackd.kill('KILL', 5);
  });

  test('without tftp_root it ends, because of ipxe.cfg', async () => {
    await begin(secret);
    await rack.sh(`rm -r ${state}/tftp_root`);
    const rackd = await startRackd();
    const { code, log } = await rackd.ends(60);
    expect(code).not.toBe(0);
    expect(log).toMatch(/tftp_root/);
  });

  test('with another secret than the region’s it is not taken', async () => {
    await begin('f'.repeat(32));
    const rackd = await startRackd();
    await rackd.says(/FAILED authentication|handshake failed/i, 60);
    expect(await known(hostName)).toEqual([]);
    expect(await rack.exists(`${state}/maas_id`)).toBe(false);
    await rackd.kill('KILL', 5);
  });
});

describe('4: with the secret and maas_url in rackd.conf laid down', () => {
  let seconds: number;

  beforeAll(async () => {
    await begin(secret);
    ({ seconds } = await timed(
      (async () => {
        await startEverything();
        await rack.appear([`${state}/maas_id`], 90);
      })(),
    ));
  });

  test('it registers, under the name that it is given', async () => {
    expect(seconds).toBeLessThan(60);
    expect(await known(hostName)).toEqual([await rack.read(`${state}/maas_id`)]);
    expect(await known('rack')).toEqual([]);
  });

  test('it connects to every event loop of the region', async () => {
    expect(await connected(loops, 60)).toHaveLength(2);
  });

  test('it follows a new event loop', async () => {
    const before = await loops();
    // One of the workers ends; their master starts another.
    await region.sh('kill -KILL "$1"', { args: [before.at(-1)!] });
    await until('a new event loop', 60, async () => {
      const after = await loops();
      return after.length === before.length && after.join() !== before.join() ? true : undefined;
    });
    await connected(loops, 60);
  });

  test('it writes what its daemons and its agent need', async () => {
    await rack.appear(
      [
        '/etc/maas/agent.yaml',
        ...['http/rackd.nginx.conf', 'maas_id', 'maas_uuid', 'rpc.state', 'maas-proxy.conf', 'rsyslog.conf', 'tftp_root/ipxe.cfg'].map(
          (name) => `${state}/${name}`,
        ),
        ...certificates,
      ],
      60,
    );
    const modes = await rack.stat(...certificates, `${state}/secret`, `${state}/maas_id`);
    expect([...modes.values()].map(({ mode }) => mode)).toEqual(['0600', '0644', '0644', '0640', '0640']);
  });

  test('it listens on udp 69 at each address, loopback too, on tcp 5249 and on udp 5240; its nginx on tcp 5248', async () => {
    const own = await podAddress('rack');
    await until('all ports', 60, async () => {
      const found = (await listeners(rack)).map(({ protocol, address, port }) => `${protocol}/${address}/${String(port)}`);
      for (const wanted of [`udp/${own}/69`, 'udp/127.0.0.1/69']) if (!found.includes(wanted)) throw new Error(`${wanted} is missing`);
      for (const wanted of [/^tcp\/.*\/5249$/, /^udp\/.*\/5240$/, /^tcp\/.*\/5248$/])
        if (!found.some((one) => wanted.test(one))) throw new Error(`${String(wanted)} is missing`);
      return true;
    });
    expect((await get(rack, 'http://127.0.0.1:5249/metrics')).status).toBe(200);
  });

  test('its services run, DHCP is off; for regions the API says nothing of services', async () => {
    const wanted = { rackd: 'running', http: 'running', tftp: 'running', ntp_rack: 'running', proxy_rack: 'running', syslog_rack: 'running', agent: 'running' };
    await until('the services of the rack', 120, async () => {
      const found = ((await read('rackcontrollers/')) as Controller[]).find(({ hostname }) => hostname === hostName);
      const services = Object.fromEntries((found?.service_set ?? []).map(({ name, status }) => [name, status]));
      expect(services).toMatchObject({ ...wanted, dhcpd: 'off', dhcpd6: 'off' });
      return true;
    });
    const regions = (await read('regioncontrollers/')) as Controller[];
    expect(regions.map(({ hostname, service_set }) => [hostname, service_set])).toEqual([['region', undefined]]);
  });

  test('what an earlier rackd has left of DHCP is removed before the next one starts', async () => {
    const left = ['dhcpd.sock', 'dhcpd.conf', 'dhcpd6.conf'].map((name) => `${state}/${name}`);
    // maas-agent would write them again.
    await control(rack, 'stop', 'agent');
    await rack.sh('for path; do rm -f "$path"; echo left > "$path"; done', { args: left });
    const before = await pids(rack, '/usr/sbin/rackd');
    await control(rack, 'restart', 'rackd');
    await until('another rackd', 30, async () => {
      const after = await pids(rack, '/usr/sbin/rackd');
      return after.length > 0 && after.join() !== before.join() ? true : undefined;
    });
    const found = await Promise.all(left.map((path) => rack.try('grep -qx left "$1"', { args: [path] })));
    expect(found.map(({ code }) => code)).not.toContain(0);
    await connected(loops, 60);
    expect(await sql(live, `SELECT count(*) FROM maasserver_node WHERE node_type = 2`)).toEqual(['1']);
  });
});
