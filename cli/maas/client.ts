/** MAAS API 2.0: the few calls that the verbs need. */

import { request as plain } from 'node:http';
import { request as tls } from 'node:https';
import type { Duplex } from 'node:stream';
import { connectionProblem } from '../connect';
import { Failure, Unreachable } from '../failure';
import { sleep } from '../time';
import type { BootResource, BootResourceDetail, EventLoops, Fabric, RackController, RegionController, Version } from './types';

/** Milliseconds. */
const patience = 30_000;
/** Milliseconds: how long a region that is away or overloaded is asked again. */
const endurance = 30_000;

/** MAAS says no: what it said, in one line. */
export class MaasRefusal extends Failure {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/**
 * OAuth 1.0 with the PLAINTEXT method, as MAAS's own client (src/apiclient/maas_client.py): the consumer's secret is empty.
 *
 * @param key consumer:token:secret
 */
export function authorization(key: string, now = Date.now(), nonce = Math.random().toString(36).slice(2) + Math.random().toString(36).slice(2)): string {
  const [consumer = '', token = '', secret = '', ...rest] = key.split(':');
  if (!consumer || !token || !secret || rest.length > 0) throw new Failure('the API key does not have the form consumer:token:secret');
  const fields = {
    oauth_version: '1.0',
    oauth_signature_method: 'PLAINTEXT',
    oauth_consumer_key: consumer,
    oauth_token: token,
    oauth_signature: `&${secret}`,
    oauth_nonce: nonce,
    oauth_timestamp: String(Math.floor(now / 1000)),
  };
  return `OAuth ${Object.entries(fields)
    .map(([name, value]) => `${name}="${encodeURIComponent(value)}"`)
    .join(', ')}`;
}

export class Maas {
  /**
   * @param url as maas_url: http://HOST:5240/MAAS
   * @param key undefined for calls that need none
   * @param endure milliseconds: how long it is asked again while it is away (502 to 504, 429, no connection)
   * @param dial a way there that is not the URL's own, such as a port-forward
   * @param limit milliseconds for one answer
   */
  constructor(
    private readonly url: string,
    private readonly key?: string,
    private readonly endure = endurance,
    private readonly dial?: () => Duplex,
    private readonly limit = patience,
  ) {}

  /** Needs no key. */
  version = (): Promise<Version> => this.#get('version/');
  /** Needs no key: where racks connect (maasserver/rpc/views.py). */
  eventLoops = async (): Promise<EventLoops> => (await this.#get<{ eventloops: EventLoops | null }>('rpc/', '')).eventloops ?? {};
  regionControllers = (): Promise<readonly RegionController[]> => this.#get('regioncontrollers/');
  bootResource = (id: number): Promise<BootResourceDetail> => this.#get(`boot-resources/${String(id)}/`);
  fabrics = (): Promise<readonly Fabric[]> => this.#get('fabrics/');
  rackControllers = (): Promise<readonly RackController[]> => this.#get('rackcontrollers/');
  bootResources = (): Promise<readonly BootResource[]> => this.#get('boot-resources/');
  isImporting = (): Promise<boolean> => this.#get('boot-resources/?op=is_importing');

  /** @throws MaasRefusal, or Failure when the region does not answer */
  async #get<T>(path: string, base = 'api/2.0/'): Promise<T> {
    const started = Date.now();
    for (let pause = 250; ; pause = Math.min(pause * 2, 5000)) {
      let problem: string;
      try {
        const { status, text } = await this.#ask(`${base}${path}`);
        if (status < 400) return JSON.parse(text) as T;
        const said = `${path}: HTTP ${String(status)}, ${summary(text)}`;
        if (status !== 429 && status < 502) throw new MaasRefusal(status, status === 401 ? `MAAS does not know the API key (${said})` : `MAAS refused ${said}`);
        problem = said;
      } catch (error) {
        if (error instanceof Failure) throw error;
        problem = error instanceof SyntaxError ? `${path}: the answer is not JSON; is this a MAAS URL?` : connectionProblem(error);
      }
      if (Date.now() - started + pause > this.endure) throw new Unreachable(`${this.url}: ${problem}`);
      await sleep(pause);
    }
  }

  #ask(path: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const url = new URL(`${this.url}/${path}`);
      const headers = { accept: 'application/json', ...(this.key === undefined ? {} : { authorization: authorization(this.key) }) };
      const { dial } = this;
      const way = dial === undefined ? { agent: false } : { createConnection: () => dial() };
      const fail = (error: Error): void => {
        clearTimeout(timer);
        reject(error);
      };
      const outgoing = (url.protocol === 'https:' ? tls : plain)(url, { headers, ...way }, (incoming) => {
        const parts: Buffer[] = [];
        incoming.on('data', (part: Buffer) => parts.push(part));
        incoming.on('error', fail);
        incoming.on('end', () => {
          clearTimeout(timer);
          resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(parts).toString() });
        });
      });
      const timer = setTimeout(() => outgoing.destroy(new Error(`no answer within ${String(this.limit / 1000)} s`)), this.limit);
      outgoing.on('error', fail);
      outgoing.end();
    });
  }
}

/** What an error page says: MAAS answers in plain text, JSON or HTML (nginx, Django). */
export function summary(text: string): string {
  const title = /<title>([^<]*)<\/title>/i.exec(text)?.[1] ?? /<h1>([^<]*)<\/h1>/i.exec(text)?.[1];
  const plainText = title ?? text.replace(/<[^>]*>/g, ' ');
  return plainText.replace(/\s+/g, ' ').trim().slice(0, 200) || 'no reason given';
}
