/** A mirror of boot images of the suite's own, signed with a key of its own, served inside the region's pod. */

import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../e2e/cluster';
import { run } from '../e2e/command';
import { get } from './http';
import { region } from './pods';
import { start } from './process';

const port = 8088;
export const url = `http://127.0.0.1:${String(port)}/`;
const folder = '/contract/mirror';

/** Serves a folder; images wait as many milliseconds as the file `delay` says, and fail while there is a file `broken`. */
const server = `
const fs = require('node:fs');
require('node:http').createServer((request, response) => {
  const path = '${folder}/www' + decodeURIComponent(request.url.split('?')[0]);
  const image = request.url.startsWith('/noble/');
  setTimeout(() => {
    if (image && fs.existsSync('${folder}/broken')) return response.writeHead(503).end();
    fs.readFile(path, (error, content) => {
      if (error) return response.writeHead(404).end();
      response.writeHead(200, { 'content-length': content.length }).end(request.method === 'HEAD' ? undefined : content);
    });
  }, image ? Number(fs.readFileSync('${folder}/delay', 'utf8')) : 0);
}).listen(${String(port)}, '127.0.0.1');
`;

const version = '20260101';
const kinds = ['boot-initrd', 'boot-kernel', 'squashfs'] as const;
export const files = kinds.map((kind) => {
  const content = `${kind} of the contract\n`.repeat(100);
  return { kind, content, path: `noble/amd64/${version}/${kind}`, sha256: createHash('sha256').update(content).digest('hex') };
});

const product = {
  arch: 'amd64',
  kflavor: 'generic',
  krel: 'noble',
  label: 'stable',
  os: 'ubuntu',
  release: 'noble',
  release_codename: 'Noble Numbat',
  release_title: '24.04 LTS',
  subarch: 'ga-24.04',
  subarches: 'generic,hwe-24.04,ga-24.04',
  support_eol: '2029-05-31',
  support_esm_eol: '2034-04-25',
  version: '24.04',
  versions: {
    [version]: {
      items: Object.fromEntries(
        files.map(({ kind, content, path, sha256 }) => [kind, { ftype: kind, kpackage: 'linux-generic', path, sha256, size: content.length }]),
      ),
    },
  },
};

const content = 'com.ubuntu.maas:stable:v3:download';
const name = 'com.ubuntu.maas.stable:v3:boot:24.04:amd64:ga-24.04';
const updated = 'Thu, 01 Jan 2026 00:00:00 +0000';

export class Mirror {
  private constructor(
    private readonly home: string,
    /** One character per byte. */
    readonly keyring: string,
  ) {}

  static async open(): Promise<Mirror> {
    const home = mkdtempSync(join(tmpdir(), 'contract-'));
    const gpg = (...args: string[]) => run('gpg', ['--homedir', home, '--batch', '--quiet', '--passphrase', '', ...args]);
    await gpg('--quick-generate-key', 'contract', 'rsa2048', 'sign', 'never');
    await gpg('--output', join(home, 'keyring'), '--export', 'contract');
    const mirror = new Mirror(home, readFileSync(join(home, 'keyring'), 'latin1'));
    await mirror.delay(0);
    for (const file of files) await region.write(`${folder}/www/${file.path}`, file.content);
    await mirror.publish(true);
    await region.write(`${folder}/server.js`, server);
    await start(region, 'mirror', ['/opt/maas-k8s/bin/node', `${folder}/server.js`]);
    await until('the mirror answers', 15, async () => ((await get(region, `${url}streams/v1/index.sjson`)).status === 200 ? true : undefined));
    return mirror;
  }

  close(): void {
    rmSync(this.home, { recursive: true, force: true });
  }

  /** With its one image, or with none. */
  async publish(image: boolean): Promise<void> {
    const path = `streams/v1/${content}.sjson`;
    const products = image ? { [name]: product } : {};
    await this.sign(path, { content_id: content, datatype: 'image-downloads', format: 'products:1.0', updated, products });
    const entry = { datatype: 'image-downloads', format: 'products:1.0', path, products: Object.keys(products), updated };
    await this.sign('streams/v1/index.sjson', { format: 'index:1.0', updated, index: { [content]: entry } });
  }

  delay(milliseconds: number): Promise<void> {
    return region.write(`${folder}/delay`, String(milliseconds));
  }

  async breaks(broken: boolean): Promise<void> {
    await region.sh(broken ? `touch ${folder}/broken` : `rm -f ${folder}/broken`);
  }

  private async sign(path: string, document: object): Promise<void> {
    const signed = await run('gpg', ['--homedir', this.home, '--batch', '--quiet', '--clearsign'], { input: JSON.stringify(document) });
    await region.write(`${folder}/www/${path}`, signed);
  }
}
