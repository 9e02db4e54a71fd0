import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { authenticate, decodeBoxes, digestOf, encodeBox } from '../../../cli/maas/rpc';
import { probeRegion } from '../../../cli/probe/probe';
import { judge, maasUrl, registerRack, type RegisterRackOptions } from '../../../cli/register-rack/register-rack';
import { capture } from '../captured';
import { fakeKubernetes, keep, type FakeKubernetes } from '../fake-kubernetes';
import { fakeMaas, type FakeMaas } from '../fake-maas';
import { rackPod, rackSet, reconciler } from '../objects';

const written = capture();
const secret = '0123456789abcdef0123456789abcdef';

/** The region's half of the handshake, which asks, too, before it answers. */
function region(known: string): Promise<Server> {
  const server = createServer((socket) => {
    socket.write(encodeBox({ _ask: 'b2', _command: 'Authenticate', message: 'theirs' }));
    let received = Buffer.alloc(0);
    socket.on('data', (part: Buffer) => {
      const { boxes, rest } = decodeBoxes(Buffer.concat([received, part]));
      received = Buffer.from(rest);
      for (const box of boxes) {
        const salt = Buffer.from('sixteen bytes .s');
        const answer = encodeBox({ _answer: box.get('_ask')!, digest: digestOf(known, box.get('message')!, salt), salt });
        // In two pieces, as a network may bring it.
        socket.write(answer.subarray(0, 9));
        setTimeout(() => socket.write(answer.subarray(9)), 5);
      }
    });
    socket.on('error', () => undefined);
  });
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      resolve(server);
    }),
  );
}
const portOf = (server: Server): number => (server.address() as AddressInfo).port;

describe('the handshake', () => {
  test('proves that the region knows the secret, without telling ours', async () => {
    const server = await region(secret);
    const message = Buffer.from('sixteen bytes .m');
    const { digest, salt } = await authenticate('127.0.0.1', portOf(server), message, 1000);
    server.close();
    expect(digest.equals(digestOf(secret, message, salt))).toBe(true);
    expect(digest.equals(digestOf('f'.repeat(32), message, salt))).toBe(false);
  });

  test('with nobody, or with somebody else', async () => {
    const server = await region(secret);
    const port = portOf(server);
    await new Promise((done) => server.close(done));
    await expect(authenticate('127.0.0.1', port, Buffer.alloc(16), 500)).rejects.toThrow(`127.0.0.1:${String(port)}: connection refused`);
    const silent = createServer(() => undefined);
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
    await expect(authenticate('127.0.0.1', portOf(silent), Buffer.alloc(16), 100)).rejects.toThrow('no answer');
    silent.close();
  });

  test('the digest is MAAS’s: HMAC-SHA256 over message and salt, keyed with the bytes of the secret', () => {
    // hmac.new(bytes.fromhex("00" * 16), b"m" + b"s", "sha256").hexdigest()
    expect(digestOf('0'.repeat(32), Buffer.from('m'), Buffer.from('s')).toString('hex')).toBe(
      'f09313b2c3d33575112deb6dfadab5ed5b0fb1e435b1975870f3c9008acad1e6',
    );
  });
});

test.each([
  ['http://h:5240/MAAS', 'http://h:5240/MAAS'],
  ['http://h:5240', 'http://h:5240/MAAS'],
  ['http://h:5240/MAAS/r/', 'http://h:5240/MAAS'],
])('%s means %s', (given, url) => {
  expect(maasUrl(given)).toBe(url);
});

describe('what nodes have seen', () => {
  const message = Buffer.alloc(16);
  const salt = Buffer.alloc(16);
  const proof = (known: string) => ({ digest: digestOf(known, message, salt).toString('hex'), salt: salt.toString('hex') });
  test.each([
    [{ problem: 'ImagePullBackOff' }, 'the region at u: node n: ImagePullBackOff; nothing was changed'],
    [{ view: { problem: 'connection refused' } }, 'node n does not reach it: connection refused'],
    [{ view: { version: '3.7', rpcProblem: 'no answer' } }, 'reaches its API, but not its RPC ports, which racks need: no answer'],
    [{ view: { version: '3.7', rpcProblem: 'no answer' } }, 'nothing was changed. Racks open connections to the addresses of the region’s pods'],
    [{ view: { version: '3.7', rpcProblem: 'the region has no event loops yet' } }, /the region has no event loops yet; nothing was changed$/],
    [{ view: { version: '3.7', proof: proof('f'.repeat(32)) } }, 'the region at u has another secret; nothing was changed'],
  ])('%j', (view, said) => {
    expect(() => {
      judge('u', secret, message, new Map([['n', view]]));
    }).toThrow(said);
  });
  test('the right secret passes', () => {
    judge('u', secret, message, new Map([['n', { view: { version: '3.7', proof: proof(secret) } }]]));
  });
});

describe('the verb', () => {
  let kubernetes: FakeKubernetes;
  let maas: FakeMaas;
  let rpc: Server;
  let kubelet: NodeJS.Timeout;
  beforeEach(async () => {
    [kubernetes, maas, rpc] = await Promise.all([fakeKubernetes(), fakeMaas(), region(secret)]);
    maas.answers.set('rpc/', { eventloops: { 'a:pid=1': [['127.0.0.1', portOf(rpc)]] } });
    kubernetes.objects.set('/api/v1/nodes/node-1', {
      metadata: { name: 'node-1', labels: { 'kubernetes.io/os': 'linux' } },
      status: { images: Array.from({ length: 50 }, () => ({})) },
    });
    process.env['MAAS_REGION_SECRET'] = secret;
    // A kubelet that runs the probes, for real.
    kubelet = setInterval(() => {
      for (const [path, object] of kubernetes.objects) {
        const pod = object as { spec?: { containers: { args?: string[] }[] }; metadata: { name: string }; status?: object };
        if (!/\/namespaces\/maas-probe-\w+\/pods\//.test(path) || pod.status !== undefined) continue;
        const args = pod.spec?.containers[0]?.args ?? [];
        const option = (name: string): string => args[args.indexOf(name) + 1] ?? '';
        pod.status = { phase: 'Running' };
        void probeRegion(option('--url'), option('--message')).then((view) => {
          kubernetes.logs.set(`${pod.metadata.name}/probe`, [JSON.stringify(view)]);
          pod.status = { phase: 'Succeeded' };
        });
      }
    }, 20);
    keep(kubernetes, '/api/v1/namespaces/edge/pods', rackPod());
  });
  afterEach(async () => {
    clearInterval(kubelet);
    delete process.env['MAAS_REGION_SECRET'];
    rpc.close();
    await Promise.all([kubernetes.close(), maas.close()]);
  });
  const go = (options: Partial<RegisterRackOptions> = {}): Promise<void> =>
    registerRack({ kubeconfig: kubernetes.kubeconfig(), namespace: 'edge', url: maas.url, probe: true, wait: false, timeout: 3000, ...options });
  const changes = (): string[] =>
    kubernetes.requests.filter((asked) => !/^(GET|UPGRADE) /.test(asked) && !asked.includes('/maas-probe-') && asked !== 'POST /api/v1/namespaces');

  test('refuses a loopback URL that machines could not reach, by the rule of the values', async () => {
    await expect(go()).rejects.toThrow(/maasUrl: machines that racks serve by DHCP cannot reach/);
    expect(kubernetes.requests).toEqual([]);
  });

  describe('with racks that serve no DHCP', () => {
    const values = 'test/cli/register-rack/values.yaml';
    test('writes the Secret and applies the racks, and only them', async () => {
      await go({ values });
      expect(kubernetes.value('maas-region-secret', 'secret')).toBe(secret);
      const kinds = [...kubernetes.objects.keys()].map((path) => path.split('/').at(-2));
      expect(kinds).toContain('daemonsets');
      for (const other of ['deployments', 'statefulsets', 'jobs', 'cronjobs']) expect(kinds).not.toContain(other);
      expect([...kubernetes.objects.keys()].filter((path) => path.includes('maas-probe'))).toEqual([]);
    });
    test('nothing of the secret is in what is said or in the probes', async () => {
      await go({ values, dryRun: true });
      expect(written.stderr + written.stdout).not.toContain(secret);
      expect(JSON.stringify([...kubernetes.objects.values()])).not.toContain(secret);
      expect(changes()).toEqual([]);
    });
    test.each([
      [
        'another secret',
        () => {
          process.env['MAAS_REGION_SECRET'] = 'f'.repeat(32);
        },
        'has another secret; nothing was changed',
      ],
      [
        '31 characters',
        () => {
          process.env['MAAS_REGION_SECRET'] = secret.slice(1);
        },
        'has 31 characters; MAAS needs exactly 32',
      ],
      ['no MAAS', () => maas.troubles.push([404, '<title>Not Found</title>']), 'is no MAAS: MAAS refused version/: HTTP 404, Not Found; nothing was changed'],
      [
        'a region in the namespace',
        () => {
          keep(kubernetes, '/apis/batch/v1/namespaces/edge/cronjobs', reconciler());
        },
        'namespace edge has a region of its own',
      ],
      ['no rights to look at the nodes', () => kubernetes.lasting.set('POST /api/v1/namespaces', 403), '--no-probe does without'],
    ])('%s: refused, and nothing is changed', async (_what, spoil, said) => {
      spoil();
      await expect(go({ values })).rejects.toThrow(said);
      expect(changes()).toEqual([]);
      expect(kubernetes.secrets.size).toBe(0);
    });
    test('a secret that is there is changed only when told so', async () => {
      kubernetes.put('maas-region-secret', { secret: 'f'.repeat(32) });
      await expect(go({ values })).rejects.toThrow('--yes answers it');
      expect(kubernetes.value('maas-region-secret', 'secret')).toBe('f'.repeat(32));
      await go({ values, yes: true });
      expect(kubernetes.value('maas-region-secret', 'secret')).toBe(secret);
    });
    test('not one that somebody else brings, and would bring again', async () => {
      kubernetes.put(
        'maas-region-secret',
        { secret: 'f'.repeat(32) },
        {},
        { annotations: { 'argocd.argoproj.io/tracking-id': 'racks:/Secret:edge/maas-region-secret' } },
      );
      await expect(go({ values, yes: true })).rejects.toThrow('belongs to Argo CD application racks, which would put it back; give it the region’s there');
      expect(changes()).toEqual([]);
    });
    test('racks that the region turns away are named when the time is over', async () => {
      keep(kubernetes, '/apis/apps/v1/namespaces/edge/daemonsets', rackSet());
      keep(kubernetes, '/api/v1/namespaces/edge/pods', rackPod('node-1', ['rackd']));
      kubernetes.logs.set('maas-rack-default-node-1/rackd', ["Event-loop 'a:pid=1' FAILED authentication; dropping connection."]);
      await expect(go({ values, wait: true, timeout: 1500 })).rejects.toThrow(/not ready after .*rack node-1 has another secret than the region/);
    });
  });
});
