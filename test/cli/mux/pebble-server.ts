/** Answers on a Unix socket as canonical/pebble does (internals/daemon/api_services.go, api_changes.go, api_signals.go), for one service. */

import { mkdirSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';

export class PebbleServer {
  current = 'inactive';
  since: string | undefined;
  startup = 'enabled';
  /** Takes requests, answers none. */
  hangs = false;
  /** Changes stay "Doing" until told. */
  holds = false;
  /** What is started ends, and waits in back-off. */
  fails = false;
  /** METHOD path body, in order. */
  readonly asked: string[] = [];
  readonly #changes = new Map<string, { id: string; kind: string; status: string; ready: boolean; err?: string }>();
  #server: Server | undefined;

  constructor(
    private readonly service: string,
    private readonly socket: string,
  ) {}

  /** What was asked to be done, without questions. */
  get done(): string[] {
    return this.asked.filter((line) => line.startsWith('POST')).map((line) => line.replace(/^POST \S+ /, ''));
  }

  async up(): Promise<void> {
    mkdirSync(dirname(this.socket), { recursive: true });
    const server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        this.#serve(request, response, Buffer.concat(parts).toString());
      });
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.socket, resolve));
  }

  /** Its container is gone: no socket, no memory of the service. */
  async down(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
      server.closeAllConnections();
    });
    rmSync(this.socket, { force: true });
    this.#server = undefined;
    this.current = 'inactive';
    this.since = undefined;
  }

  start(): void {
    this.current = this.fails ? 'backoff' : 'active';
    this.since = new Date().toISOString();
  }

  /** Ends all changes. */
  finish(err?: string): void {
    for (const change of this.#changes.values())
      Object.assign(change, { status: err === undefined ? 'Done' : 'Error', ready: true, ...(err === undefined ? {} : { err }) });
  }

  #serve(request: IncomingMessage, response: ServerResponse, body: string): void {
    const url = new URL(request.url ?? '', 'http://pebble');
    this.asked.push(`${request.method ?? ''} ${url.pathname} ${body}`.trim());
    if (this.hangs) return;
    const reply = (status: number, answer: object): void => {
      const text = JSON.stringify({ 'status-code': status, status: 'text', ...answer });
      response.writeHead(status, { 'content-type': 'application/json' }).end(text);
    };
    const [, , resource, id] = url.pathname.split('/');
    if (resource === 'services' && request.method === 'GET') {
      reply(200, {
        type: 'sync',
        result: [{ name: this.service, startup: this.startup, current: this.current, ...(this.since === undefined ? {} : { 'current-since': this.since }) }],
      });
    } else if (resource === 'services') {
      const { action } = JSON.parse(body) as { action: string };
      const number = String(this.#changes.size + 1);
      this.#changes.set(number, { id: number, kind: action, status: this.holds ? 'Doing' : 'Done', ready: !this.holds });
      if (action === 'stop') this.current = 'inactive';
      else this.start();
      reply(202, { type: 'async', change: number, result: null });
    } else if (resource === 'changes') {
      const change = this.#changes.get(id ?? '');
      if (change === undefined) reply(404, { type: 'error', result: { message: `cannot find change with id "${id ?? ''}"` } });
      else reply(200, { type: 'sync', result: { summary: 'S', 'spawn-time': '2026-01-01T00:00:00Z', tasks: [{ id: '1' }], 'extra-field': 1, ...change } });
    } else if (resource === 'signals') {
      if (this.current === 'active') reply(200, { type: 'sync', result: true });
      else reply(500, { type: 'error', result: { message: `cannot send signal to "${this.service}": service is not running` } });
    } else reply(404, { type: 'error', result: { message: 'invalid API endpoint requested' } });
  }
}
