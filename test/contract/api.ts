/** The API of the live region, as an administrator uses it. */

import { ask, authorization, type Answer } from './http';
import { region } from './pods';
import { value } from './database';
import { live } from './region';

const user = 'contract';

/** An administrator of the suite's own, with a key; made by MAAS's own commands. */
export async function apiKey(): Promise<string> {
  const found = await region.try('cat /contract/key');
  if (found.code === 0 && (await value(live, `SELECT count(*) FROM auth_user WHERE username = '${user}'`)) === '1') return found.stdout;
  await region.sh('maas-region createadmin --username "$1" --password secret --email contract@example.com', { args: [user] });
  await region.sh('maas-region apikey --username "$1" --generate > /contract/key', { args: [user] });
  return region.read('/contract/key');
}

export interface Field {
  readonly name: string;
  readonly content: string;
  /** Given as a file. */
  readonly file?: boolean;
}

const boundary = 'a-boundary-of-the-contract';

/** RFC 7578. */
const multipart = (fields: readonly Field[]): string =>
  fields
    .map(
      ({ name, content, file }) =>
        `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file ? `; filename="${name}"\r\nContent-Type: application/octet-stream` : ''}\r\n\r\n${content}\r\n`,
    )
    .join('') + `--${boundary}--\r\n`;

export async function api(path: string, method = 'GET', fields: readonly Field[] = []): Promise<Answer> {
  const headers = {
    authorization: authorization(await apiKey()),
    ...(fields.length > 0 ? { 'content-type': `multipart/form-data; boundary=${boundary}` } : {}),
  };
  const [answer] = await ask(region, {
    url: `http://127.0.0.1:5240/MAAS/api/2.0/${path}`,
    method,
    headers,
    body: fields.length > 0 ? multipart(fields) : undefined,
  });
  return answer!;
}

/** What a GET gives; fails unless it is 200. */
export async function read(path: string): Promise<unknown> {
  const { status, body, problem } = await api(path);
  if (status !== 200) throw new Error(`GET ${path}: HTTP ${String(status)} ${problem ?? body.slice(0, 500)}`);
  return JSON.parse(body) as unknown;
}
