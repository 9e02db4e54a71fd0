/** One container's Pebble, through its Unix socket (canonical/pebble internals/daemon/api.go). */

import { request } from 'node:http';
import { codeOf, messageOf } from '../failure';

/** As in real Pebble's answers; other fields are passed on untouched. */
export interface ServiceInfo {
  readonly name: string;
  readonly startup: string;
  /** active, inactive, backoff or error; "active" from the moment the command was run. */
  readonly current: string;
  readonly 'current-since'?: string;
}

export interface ChangeInfo {
  readonly id: string;
  readonly kind: string;
  readonly summary: string;
  readonly status: string;
  readonly ready: boolean;
  readonly err?: string;
  readonly tasks?: readonly unknown[];
  readonly 'spawn-time'?: string;
  readonly 'ready-time'?: string;
}

/** The envelope of every answer. */
export interface Answer<T = unknown> {
  readonly type: 'sync' | 'async' | 'error';
  readonly 'status-code': number;
  readonly status: string;
  readonly result?: T;
  readonly change?: string;
}

/** No Pebble is there: its container is being started or restarted, or is not deployed. */
export class Away extends Error {}

/** A Pebble is there, but does not answer, or not in Pebble's way. */
export class Deaf extends Error {}

/** Milliseconds. */
const patience = 5000;

export class Pebble {
  constructor(readonly socket: string) {}

  /**
   * @param timeout milliseconds; 0 for as long as it takes
   * @throws Away, Deaf
   */
  ask<T>(
    method: 'GET' | 'POST',
    path: string,
    body?: object,
    { timeout = patience, signal }: { timeout?: number; signal?: AbortSignal } = {},
  ): Promise<Answer<T>> {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const headers = text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
      const outgoing = request({ socketPath: this.socket, method, path, headers, agent: false, signal }, (incoming) => {
        const parts: Buffer[] = [];
        incoming.on('data', (part: Buffer) => parts.push(part));
        incoming.on('error', fail);
        incoming.on('end', () => {
          clearTimeout(timer);
          try {
            resolve(JSON.parse(Buffer.concat(parts).toString()) as Answer<T>);
          } catch {
            reject(new Deaf(`${this.socket} did not answer in Pebble's way (HTTP ${String(incoming.statusCode)})`));
          }
        });
      });
      const fail = (error: Error): void => {
        clearTimeout(timer);
        const code = codeOf(error);
        if (error instanceof Deaf) reject(error);
        else if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === 'EPIPE') reject(new Away(`${this.socket}: ${code}`));
        else reject(new Deaf(`${this.socket}: ${messageOf(error)}`));
      };
      const timer =
        timeout === 0 ? undefined : setTimeout(() => outgoing.destroy(new Deaf(`${this.socket} did not answer within ${String(timeout / 1000)} s`)), timeout);
      outgoing.on('error', fail);
      outgoing.end(text);
    });
  }
}
