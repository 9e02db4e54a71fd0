/** Runs a check of the checks table. */

import { existsSync } from 'node:fs';
import { request } from 'node:http';
import type { Check } from '../../charts/tables/checks';
import { accepts, connectionProblem } from '../connect';
import { messageOf } from '../failure';

/** Milliseconds. */
const patience = 5000;
/** Bytes of an answer that are looked at. */
const enough = 1 << 20;

/** @returns why it fails, or undefined */
export async function run(check: Check, timeout = patience): Promise<string | undefined> {
  switch (check.kind) {
    case 'http':
      return problemOf(`port ${String(check.port)}${check.path}`, await get({ host: '127.0.0.1', port: check.port }, check.path, check.json, timeout));
    case 'unixHttp':
      return problemOf(`${check.socket} ${check.path}`, await get({ socketPath: check.socket }, check.path, check.json, timeout));
    case 'tcp':
      return problemOf(`port ${String(check.port)}`, await accepts({ host: '127.0.0.1', port: check.port }, timeout));
    case 'file':
      return existsSync(check.path) ? undefined : `${check.path} does not exist`;
    case 'running':
      return undefined;
  }
}

const problemOf = (what: string, problem: string | undefined): string | undefined => (problem === undefined ? undefined : `${what}: ${problem}`);

type Where = { readonly socketPath: string } | { readonly host: string; readonly port: number };

function get(where: Where, path: string, json: string | undefined, timeout: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const done = (problem?: string): void => {
      clearTimeout(timer);
      outgoing.destroy();
      resolve(problem);
    };
    const outgoing = request({ ...where, path, agent: false, headers: { host: 'localhost' } }, (incoming) => {
      const status = incoming.statusCode ?? 0;
      if (status >= 400) done(`HTTP ${String(status)}`);
      else if (json === undefined) done();
      else {
        const parts: Buffer[] = [];
        let size = 0;
        incoming.on('data', (part: Buffer) => {
          parts.push(part);
          size += part.length;
          if (size > enough) done('an answer that is too long');
        });
        incoming.on('end', () => {
          done(emptyField(Buffer.concat(parts).toString(), json));
        });
        incoming.on('error', (error) => {
          done(messageOf(error));
        });
      }
    });
    const timer = setTimeout(() => {
      done(`no answer within ${String(timeout / 1000)} s`);
    }, timeout);
    outgoing.on('error', (error) => {
      done(connectionProblem(error));
    });
    outgoing.end();
  });
}

function emptyField(body: string, field: string): string | undefined {
  try {
    const value = (JSON.parse(body) as Record<string, unknown>)[field];
    const full = typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value);
    return full ? undefined : `${field} is empty`;
  } catch {
    return 'the answer is not JSON';
  }
}
