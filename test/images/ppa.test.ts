import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { newBench } from './shim';

const key = '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQINBFRt\n=abcd\n-----END PGP PUBLIC KEY BLOCK-----\n';
const noble = 'ID=ubuntu\nVERSION_CODENAME=noble\nPRETTY_NAME="Ubuntu 24.04"\n';

let server: Server | undefined;
afterEach(() => server?.close());

/** Adds a PPA, with a Launchpad that gives these answers one after the other. */
async function add(ppa: string, answers: readonly { status: number; body: string }[], release = noble) {
  const asked: string[] = [];
  server = createServer((request, response) => {
    const { status, body } = answers[Math.min(asked.length, answers.length - 1)]!;
    asked.push(request.url ?? '');
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  await new Promise<void>((listening) => server!.listen(0, '127.0.0.1', listening));
  const bench = newBench();
  mkdirSync(bench.path('sources'));
  const child = spawn(resolve(__dirname, '../../images/toolbox/install/ppa'), [ppa], {
    env: {
      PATH: process.env.PATH,
      LAUNCHPAD_API: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/devel`,
      APT_SOURCES: bench.path('sources'),
      OS_RELEASE: bench.write('os-release', release),
    },
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise<number | null>((ended) => child.on('close', ended));
  return { code, stderr, asked, bench };
}

describe('ppa', () => {
  test('writes a deb822 source with the key that Launchpad gives', async () => {
    const { code, stderr, asked, bench } = await add('ppa:maas/3.7', [{ status: 200, body: JSON.stringify(key) }]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(asked).toEqual(['/devel/~maas/+archive/ubuntu/3.7?ws.op=getSigningKeyData']);
    expect(bench.read('sources/maas-3.7.sources')).toBe(
      [
        'Types: deb',
        'URIs: https://ppa.launchpadcontent.net/maas/3.7/ubuntu',
        'Suites: noble',
        'Components: main',
        'Signed-By:',
        ' -----BEGIN PGP PUBLIC KEY BLOCK-----',
        ' .',
        ' mQINBFRt',
        ' =abcd',
        ' -----END PGP PUBLIC KEY BLOCK-----',
        '',
      ].join('\n'),
    );
  });

  test('asks again when Launchpad is in trouble', async () => {
    const { code, asked } = await add('ppa:maas/3.7', [
      { status: 500, body: 'oops' },
      { status: 200, body: JSON.stringify(key) },
    ]);
    expect({ code, asked: asked.length }).toEqual({ code: 0, asked: 2 });
  });

  test.each([
    ['a PPA that does not exist', 'ppa:maas/9.9', { status: 404, body: 'not found' }, noble, '404'],
    ['what is not a PPA', 'maas/3.7', { status: 200, body: '' }, noble, 'is not like ppa:maas/3.7'],
    ['a base that is not Ubuntu', 'ppa:maas/3.7', { status: 200, body: '' }, 'ID=debian\n', 'this base is debian'],
    ['an answer that is no key', 'ppa:maas/3.7', { status: 200, body: '"hello"' }, noble, 'is not one'],
  ])('refuses %s', async (_, ppa, answer, release, reason) => {
    const { code, stderr } = await add(ppa, [answer], release);
    expect(code).toBe(1);
    expect(stderr).toContain(reason);
  });
});
