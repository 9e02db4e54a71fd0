/** Questions over HTTP, asked inside a pod. */

import type { Pod } from './pod';

export interface Question {
  /** http://host:port/path, or a path when `socket` is given. */
  readonly url: string;
  readonly socket?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes, one per character. */
  readonly body?: string;
}

export interface Answer {
  /** 0 when there was none. */
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly problem?: string;
}

/** Put into each pod; the image brings the program that runs it. */
export const askScript = `
const http = require('node:http');
const ask = ({ url, socket, method, headers, body }) =>
  new Promise((resolve) => {
    const fail = (problem) => resolve({ status: 0, type: '', body: '', problem });
    const where = socket ? [{ socketPath: socket, path: url, method, headers: { host: 'localhost', ...headers } }] : [url, { method, headers }];
    const asked = http.request(...where, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part) => (text += part));
      answer.on('end', () => resolve({ status: answer.statusCode, type: answer.headers['content-type'] ?? '', body: text }));
      answer.on('error', (error) => fail(error.message));
    });
    asked.setTimeout(15000, () => asked.destroy(new Error('no answer within 15 s')));
    asked.on('error', (error) => fail(error.message || error.code));
    asked.end(body === undefined ? undefined : Buffer.from(body, 'latin1'));
  });
let input = '';
process.stdin.on('data', (part) => (input += part)).on('end', async () => {
  console.log(JSON.stringify(await Promise.all(JSON.parse(input).map(ask))));
});
`;

/** All at once. */
export async function ask(pod: Pod, ...questions: Question[]): Promise<Answer[]> {
  return JSON.parse(await pod.sh('exec /opt/maas-k8s/bin/node /contract/ask.js', { input: JSON.stringify(questions) })) as Answer[];
}

export async function get(pod: Pod, url: string, socket?: string): Promise<Answer> {
  return (await ask(pod, { url, socket }))[0]!;
}

/** OAuth 1.0 with PLAINTEXT signatures (RFC 5849, section 3.4.4), as MAAS wants it. */
export function authorization(key: string): string {
  const [consumer = '', token = '', secret = ''] = key.trim().split(':');
  return `OAuth oauth_version="1.0", oauth_signature_method="PLAINTEXT", oauth_consumer_key="${consumer}", oauth_token="${token}", oauth_signature="%26${secret}", oauth_nonce="${String(Math.random())}", oauth_timestamp="${String(Math.floor(Date.now() / 1000))}"`;
}
