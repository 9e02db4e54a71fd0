/** Checks: how to tell whether a process is alive or ready, from inside its pod. None of them may depend on the database. */

import type { Port } from './ports';

export type Check =
  /** An HTTP answer below 400. `json` names a field of the answer that must not be empty. */
  | { readonly kind: 'http'; readonly port: number; readonly path: string; readonly json?: string }
  /** The same through a Unix socket. */
  | { readonly kind: 'unixHttp'; readonly socket: string; readonly path: string; readonly json?: string }
  /** Finds a process that does not listen. One that hangs it finds late or never: the kernel accepts for it until its queue is full. */
  | { readonly kind: 'tcp'; readonly port: number }
  | { readonly kind: 'file'; readonly path: string }
  /** Nothing to ask: the process runs, and that is all that can be known. */
  | { readonly kind: 'running' };

export const http = (port: Port, path: string, json?: string): Check => ({ kind: 'http', port: port.number, path, json });
export const unixHttp = (socket: string, path: string, json?: string): Check => ({ kind: 'unixHttp', socket, path, json });
export const listening = (port: Port): Check => ({ kind: 'tcp', port: port.number });
export const exists = (path: string): Check => ({ kind: 'file', path });
export const running: Check = { kind: 'running' };
