import { broadcastOf, discoverMessage, serverOf } from '../../../cli/probe/dhcp';
import { checkValues, defaults } from '../../../charts/tables/valuesfile';
import { sockets } from '../../../cli/probe/probe';
import * as found from '../../../cli/preflight/findings';

const view = { listening: [], ipv6: true, capabilities: '2400', dhcpServers: [] };
const everything = { rack: true, region: true, ours: false };
const levels = (findings: readonly found.Finding[]): string[] =>
  findings.filter(({ level }) => level !== 'pass').map(({ level, check, text }) => `${level} ${check}: ${text}`);

test('a node that has everything', () => {
  expect(levels(found.node('n', view, defaults(), everything))).toEqual([]);
});

test.each([
  [{ listening: ['tcp/8000', 'udp/53', 'tcp/22', 'udp/5250'] }, ['fail ports: in use: udp/53 (dns), tcp/8000 (proxy)']],
  [{ ipv6: false }, ['fail IPv6: switched off in the kernel']],
  [{ capabilities: '400' }, ['fail capabilities: containers do not get NET_RAW']],
  [{ dnsProblem: 'ENOTFOUND' }, ['fail DNS: kubernetes.default.svc does not resolve: ENOTFOUND']],
  [{ dhcpServers: ['10.0.0.1 on eth0'] }, ['warn DHCP: another server answers: 10.0.0.1 on eth0']],
  [{ database: 'db:5432: connection refused' }, ['fail database: db:5432: connection refused']],
])('a node with %j', (changes, expected) => {
  expect(levels(found.node('n', { ...view, ...changes }, defaults(), everything)).sort()).toEqual(
    expected.map((text) => expect.stringContaining(text.split(', ')[0]!) as string),
  );
});

test('a rack’s own ports are no reason to keep it away', () => {
  expect(levels(found.node('n', { ...view, listening: ['udp/69'] }, defaults(), { ...everything, ours: true }))).toEqual([]);
  expect(levels(found.node('n', { ...view, listening: ['udp/69'] }, defaults(), everything))).toHaveLength(1);
});

test('a node that only a region may come to: its ports, raw sockets and DHCP are nobody’s business', () => {
  const busy = { ...view, listening: ['udp/53'], capabilities: '400', dhcpServers: ['10.0.0.1 on eth0'] };
  expect(levels(found.node('n', busy, defaults(), { rack: false, region: true, ours: false }))).toEqual([]);
  expect(levels(found.node('n', { ...busy, ipv6: false, database: 'db:5432: no answer' }, defaults(), { rack: false, region: true, ours: false }))).toEqual([
    'fail IPv6: switched off in the kernel',
    'fail database: db:5432: no answer',
  ]);
});

test('a node that only a rack will be on needs no way to the database', () => {
  expect(levels(found.node('n', { ...view, database: 'db:5432: no answer' }, defaults(), { rack: true, region: false, ours: false }))).toEqual([]);
});

test('a process that is switched off needs no port', () => {
  const busy = { ...view, listening: ['udp/123', 'tcp/8000', 'udp/67'] };
  expect(levels(found.node('n', busy, defaults(), everything))).toEqual(['fail ports: in use: udp/67 (dhcp), tcp/8000 (proxy), udp/123 (ntp)']);
  const off = checkValues({ rack: { ntp: { enabled: false }, proxy: { enabled: false }, dhcp: { enabled: false } } }, 'test');
  expect(levels(found.node('n', busy, off, everything))).toEqual([]);
});

test.each([
  ['v1.29.9', 'fail'],
  ['v1.30.0', 'pass'],
  ['v1.33.1+k3s1', 'pass'],
])('Kubernetes %s: %s', (version, level) => {
  expect(found.version(version).level).toBe(level);
});

test('storage: the default class, a named one, none', () => {
  const standard = { metadata: { name: 'local', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } } };
  expect(levels(found.storage([standard], ['', '']))).toEqual([]);
  expect(levels(found.storage([], ['']))).toEqual(['fail storage: no StorageClass is the default; there are none']);
  expect(levels(found.storage([standard], ['fast']))).toEqual(['fail storage: there is no StorageClass fast; there are local']);
});

test('Pod Security: a namespace that is there, with racks', () => {
  const restricted = found.podSecurity('maas', { 'pod-security.kubernetes.io/enforce': 'restricted' }, true);
  expect(restricted.level).toBe('warn');
  expect(restricted.cure).toMatch(/--force-conflicts.*kubectl label --overwrite namespace maas pod-security.kubernetes.io\/enforce=privileged/);
  expect(found.podSecurity('maas', { 'pod-security.kubernetes.io/enforce': 'baseline' }, false).level).toBe('pass');
  expect(found.podSecurity('maas', undefined, true).level).toBe('pass');
});

test('a database of somebody else’s', () => {
  const own = { user: 'maas', name: 'maasdb' };
  const sessions = [
    { role: 'app', database: 'app', count: 7 },
    { role: 'maas', database: 'postgres', count: 1 },
    { role: 'postgres', database: null, count: 2 },
  ];
  const good = { maxConnections: 200, sessions, extensions: ['pgcrypto', 'btree_gin'], owner: true, version: 160_004 };
  expect(levels(found.database(good, 80, own))).toEqual([]);
  // Those of a MAAS that runs are among the ones that it needs.
  const running = [{ role: 'maas', database: 'maasdb', count: 60 }];
  expect(levels(found.database({ ...good, maxConnections: 100, sessions: running }, 80, own))).toEqual([]);
  expect(levels(found.database({ ...good, maxConnections: 85, extensions: ['pgcrypto'], owner: false, version: 130_000 }, 80, own))).toEqual([
    'fail database: PostgreSQL 13 is too old',
    'warn database connections: 85 allowed, 10 in use by others, 80 needed',
    'fail database extensions: not available: btree_gin',
    'fail database owner: role maas does not own the database',
  ]);
});

test('what listens, from /proc/net', () => {
  const table = `  sl  local_address rem_address   st tx_queue
   0: 00000000:0016 00000000:0000 0A 00000000:00000000
   1: 0100007F:1F40 0100007F:9999 01 00000000:00000000
   2: 00000000000000000000000000000000:1478 00000000000000000000000000000000:0000 0A 0:0`;
  expect(sockets(table, 'tcp', '0A')).toEqual(['tcp/22', 'tcp/5240']);
});

test.each([
  ['127.0.0.53, as systemd-resolved has it', '3500007F', []],
  ['::1', '00000000000000000000000001000000', []],
  ['127.0.0.1 in IPv6', '0000000000000000FFFF00000100007F', []],
  ['an address of the node', '0100A8C0', ['udp/53']],
  ['every address', '00000000', ['udp/53']],
])('DNS on %s', (_, address, found) => {
  expect(sockets(`  sl  local_address\n   0: ${address}:0035 00000000:0000 07 0:0`, 'udp', '07')).toEqual(found);
  // What listens on every address cannot where one is taken.
  expect(sockets(`  sl  local_address\n   0: ${address}:0045 00000000:0000 07 0:0`, 'udp', '07')).toEqual(['udp/69']);
});

describe('DHCP', () => {
  const transaction = Buffer.from([1, 2, 3, 4]);
  const answer = (type: number, id = transaction): Buffer => {
    const message = discoverMessage(id, '02:99:00:00:00:01').subarray(0, 240);
    return Buffer.concat([message, Buffer.from([0, 54, 4, 10, 0, 0, 1, 53, 1, type, 255])]);
  };
  test('an offer names its server', () => {
    expect(serverOf(answer(2), transaction)).toBe('10.0.0.1');
  });
  test.each([
    ['an acknowledgement', answer(5)],
    ['an offer to somebody else', answer(2, Buffer.from([9, 9, 9, 9]))],
    ['our own question', discoverMessage(transaction, '02:99:00:00:00:01')],
    ['something short', Buffer.alloc(10)],
  ])('%s does not', (_what, message) => {
    expect(serverOf(message, transaction)).toBeUndefined();
  });
  test.each([
    ['10.77.0.5', '255.255.255.0', '10.77.0.255'],
    ['192.168.130.7', '255.255.128.0', '192.168.255.255'],
  ])('%s in %s is reached by %s', (address, mask, all) => {
    expect(broadcastOf(address, mask)).toBe(all);
  });
});
