import { processes } from '../../charts/tables/processes';
import { muxSocket } from '../../charts/tables/volumes';
import { newBench, type Result } from './shim';

const table = (service: string, current: string): string =>
  `printf 'Service  Startup   Current  Since\\n${service}  disabled  ${current}  today at 10:00 UTC\\n'`;

/** Runs the shim with a pebble that notes how it is called and then does as the script says. */
function systemctl(args: readonly string[], script = ''): Result & { readonly calls: string } {
  const bench = newBench();
  bench.write('calls', '');
  bench.fake('pebble', `echo "$PEBBLE_SOCKET: $*" >>${bench.path('calls')}\n${script}`);
  const environment = { PEBBLE: '/run/maas-services/agent', PEBBLE_SOCKET: '/run/maas-services/agent/.pebble.socket' };
  return { ...bench.shim('systemctl', args, { environment }), calls: bench.read('calls') };
}

const asked = (what: string): string => `${muxSocket}: ${what}\n`;

describe('systemctl', () => {
  test.each([
    // maasagent/internal/servicecontroller/systemd.go
    [['start', 'maas-dhcpd'], 'start dhcpd'],
    [['stop', 'maas-dhcpd6.service'], 'stop dhcpd6'],
    [['restart', 'maas-dhcpd'], 'restart dhcpd'],
    // provisioningserver/rpc/clusterservice.py: it asks for itself, so it must not wait.
    [['restart', 'maas-rackd'], 'restart --no-wait rackd'],
    // provisioningserver/utils/service_monitor.py
    [['reload', 'maas-http'], 'signal SIGHUP http'],
    [['kill', '-s', 'SIGKILL', 'bind9'], 'signal SIGKILL bind9'],
    [['kill', '--signal=HUP', 'maas-proxy'], 'signal SIGHUP proxy'],
    [['kill', 'maas-syslog'], 'signal SIGTERM syslog'],
    [['--no-pager', 'restart', 'chrony'], 'restart ntp'],
    [['restart', 'maas-temporal-worker'], 'restart temporal-worker'],
    [['restart', 'maas-temporal'], 'restart temporal'],
    [['restart', 'maas-agent'], 'restart agent'],
  ])('%j asks the mux: %s', (args, expected) => {
    expect(systemctl(args)).toEqual({ code: 0, stdout: '', stderr: '', calls: asked(expected) });
  });

  test('every service of the table is one that can be asked about', () => {
    // The units that MAAS does not call after itself (maasserver/service_monitor.py, provisioningserver/service_monitor.py).
    const units: Readonly<Record<string, string>> = { bind9: 'bind9', ntp: 'chrony' };
    const services = [...new Set(processes.map(({ service }) => service))];
    const calls = services.map((service) => systemctl(['start', units[service] ?? `maas-${service}`]).calls);
    expect(calls).toEqual(services.map((service) => asked(`start ${service}`)));
  });

  test('a failure of Pebble is the result, with its message', () => {
    expect(systemctl(['start', 'maas-dhcpd'], 'echo "error: dhcpd exited quickly" >&2; exit 1')).toMatchObject({
      code: 1,
      stderr: 'error: dhcpd exited quickly\n',
    });
  });

  test.each([
    ['active', 0, 'active', 'active (running)'],
    ['inactive', 3, 'inactive', 'inactive (dead)'],
    ['backoff', 3, 'activating', 'activating (auto-restart)'],
    ['error', 3, 'failed', 'failed (Result: exit-code)'],
  ])('a service that Pebble calls %s', (current, code, active, detail) => {
    const script = table('dhcpd', current);
    expect(systemctl(['status', 'maas-dhcpd'], script)).toEqual({
      code,
      stdout: `maas-dhcpd.service\n   Loaded: loaded (pebble; dhcpd)\n   Active: ${detail}\n`,
      stderr: '',
      calls: asked('services dhcpd'),
    });
    expect(systemctl(['is-active', 'maas-dhcpd'], script)).toMatchObject({ code, stdout: `${active}\n` });
    // systemd.go splits lines at "=" until it has met this one.
    expect(systemctl(['show', 'maas-dhcpd'], script)).toMatchObject({ code: 0, stdout: `ActiveState=${active}\n` });
  });

  test('no answer from the mux is no state', () => {
    const script = 'echo "error: cannot communicate with server" >&2; exit 1';
    expect(systemctl(['status', 'maas-http'], script)).toMatchObject({ code: 1, stdout: '', stderr: 'error: cannot communicate with server\n' });
    expect(systemctl(['show', 'maas-http'], script)).toMatchObject({ code: 1, stdout: '' });
  });

  test.each([[['enable', 'maas-rackd']], [['disable', 'nginx.service']], [['daemon-reload']], [['mask', '--now', 'x']]])('%j does nothing', (args) => {
    expect(systemctl(args)).toEqual({ code: 0, stdout: '', stderr: '', calls: '' });
  });

  test('units that are not MAAS’s', () => {
    expect(systemctl(['restart', 'ssh'])).toMatchObject({ code: 4, calls: '', stderr: "systemctl (shim): unit 'ssh' is not known\n" });
    expect(systemctl(['status', 'ssh'])).toMatchObject({ code: 4, stdout: expect.stringContaining('Loaded: not-found') as string });
  });

  test.each([[['list-units']], [[]], [['start', 'maas-http', 'maas-proxy']]])('%j is refused', (args) => {
    const { code, stderr, calls } = systemctl(args);
    expect({ code, calls }).toEqual({ code: 1, calls: '' });
    expect(stderr).toMatch(/^systemctl \(shim\): /);
  });
});
