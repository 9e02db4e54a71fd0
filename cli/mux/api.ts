/** Pebble's API, in front of the Pebbles of a pod: what MAAS asks (maas-internals 1.4) and what the `pebble` command needs. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { messageOf } from '../failure';
import { log } from '../log';
import { combineChanges, compact, OwnChanges, parseChangeId, printChangeId, type Part } from './changes';
import type { HealthCache } from './health';
import type { Action, Member } from './member';
import { Away, Deaf, type Answer, type ChangeInfo } from './pebble';

/** What a handler answers: a result (200), or something of its own. */
type Reply = { readonly result: unknown; readonly status?: number } | { readonly change: string };

/** An error answer. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

const statusTexts: Readonly<Record<number, string>> = {
  200: 'OK',
  202: 'Accepted',
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  504: 'Gateway Timeout',
};

/** The id that changes of the mux itself carry instead of a service's name. */
const own = 'mux';

/** Bytes; the longest request names every service. */
const longest = 1 << 16;

const commaSeparated = (values: readonly string[]): string[] =>
  values
    .flatMap((value) => value.split(','))
    .map((value) => value.trim())
    .filter((value) => value !== '');

export class Api {
  readonly #members: ReadonlyMap<string, Member>;
  readonly #own = new OwnChanges();

  constructor(
    members: readonly Member[],
    private readonly health: HealthCache,
    private readonly version: string,
  ) {
    this.#members = new Map(members.map((member) => [member.service, member]));
  }

  server(): Server {
    return createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        log(`${request.method ?? ''} ${request.url ?? ''}: ${messageOf(error)}`);
        response.destroy();
      });
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const aborted = new AbortController();
    response.on('close', () => {
      aborted.abort();
    });
    let status: number;
    let answer: object;
    try {
      const reply = await this.#route(request, aborted.signal);
      status = 'change' in reply ? 202 : (reply.status ?? 200);
      answer = 'change' in reply ? { type: 'async', change: reply.change, result: null } : { type: 'sync', result: reply.result };
    } catch (error) {
      status = error instanceof Refusal ? error.status : error instanceof Away || error instanceof Deaf ? 504 : 500;
      answer = { type: 'error', result: { message: messageOf(error) } };
    }
    const text = JSON.stringify({ ...answer, 'status-code': status, status: statusTexts[status] });
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text);
  }

  async #route(request: IncomingMessage, signal: AbortSignal): Promise<Reply> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const query = url.searchParams;
    const [, version, resource, id, rest, ...more] = url.pathname.split('/').map(decodeURIComponent);
    const route =
      version === 'v1' && more.length === 0 ? [resource, ...(id === undefined ? [] : ['{id}']), ...(rest === undefined ? [] : [rest])].join('/') : '';
    const method = request.method ?? '';
    switch (route) {
      case 'services':
        if (method === 'GET') return { result: await this.#services(commaSeparated(query.getAll('names'))) };
        if (method === 'POST') return this.#act(await readJson(request));
        break;
      case 'signals':
        if (method === 'POST') return this.#signal(await readJson(request));
        break;
      case 'changes':
        if (method === 'GET') return { result: await this.#changes(query) };
        break;
      case 'changes/{id}':
        if (method === 'GET')
          return { result: await this.#change(id ?? '', (member, number) => member.pebble.ask<ChangeInfo>('GET', `/v1/changes/${number}`)) };
        if (method === 'POST') return { result: await this.#abort(id ?? '', await readJson(request)) };
        break;
      case 'changes/{id}/wait':
        if (method === 'GET') return { result: await this.#waitForChange(id ?? '', query.get('timeout') ?? '', signal) };
        break;
      case 'system-info':
        if (method === 'GET') return { result: { version: this.version, 'boot-id': '' } };
        break;
      case 'health':
        if (method === 'GET') return this.#health(query);
        break;
      default:
        throw new Refusal(404, 'invalid API endpoint requested');
    }
    throw new Refusal(405, `method "${method}" not allowed`);
  }

  async #services(names: readonly string[]): Promise<unknown> {
    const asked = names.length === 0 ? [...this.#members.values()] : [...this.#members.values()].filter(({ service }) => names.includes(service));
    const infos = await Promise.all(asked.map((member) => member.info()));
    return infos.sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  async #act(payload: { action?: unknown; services?: unknown }): Promise<Reply> {
    const action = payload.action;
    const services = stringsOf(payload.services);
    switch (action) {
      case 'start':
      case 'stop':
      case 'restart':
        if (services.length === 0) throw new Refusal(400, `must specify services for ${action} action`);
        return this.#actOn(action, this.#membersOf(action, services));
      case 'autostart':
      case 'replan': {
        if (services.length > 0) throw new Refusal(400, `${action} accepts no service names`);
        const enabled = [...this.#members.values()].filter(({ deployed, process }) => deployed && process.startedBy === 'pebble');
        return action === 'autostart' ? this.#actOn('start', enabled) : this.#replan();
      }
      default:
        throw new Refusal(400, `invalid action ${JSON.stringify(action)}`);
    }
  }

  #membersOf(action: string, services: readonly string[]): Member[] {
    return [...new Set(services)].map((service) => {
      const member = this.#members.get(service);
      if (member === undefined) throw new Refusal(400, `cannot ${action} services: service "${service}" does not exist`);
      return member;
    });
  }

  async #actOn(action: Action, members: readonly Member[]): Promise<Reply> {
    for (const member of members) member.want(action);
    log(`${action} ${members.map(({ service }) => service).join(', ')}, as asked`);
    const parts = await Promise.all(
      members.map(async (member): Promise<Part> => {
        if (!member.deployed) return { service: own, id: this.#own.make(action, member.service) };
        try {
          const answer = await member.act(action);
          if (answer.type === 'async' && answer.change !== undefined) return { service: member.service, id: answer.change };
          return { service: own, id: this.#own.make(action, member.service, messageIn(answer)) };
        } catch (error) {
          // What has no container does not run; a start is made up for when the container is back.
          const away = error instanceof Away;
          if (away && action === 'stop') return { service: own, id: this.#own.make(action, member.service) };
          const cure = away ? 'its container is not up; it is started when it is' : messageOf(error);
          return { service: own, id: this.#own.make(action, member.service, `cannot ${action} service "${member.service}": ${cure}`) };
        }
      }),
    );
    return { change: printChangeId(parts) };
  }

  async #replan(): Promise<Reply> {
    const parts: Part[] = [];
    for (const member of this.#members.values()) {
      if (!member.deployed) continue;
      try {
        const answer = await member.pebble.ask('POST', '/v1/services', { action: 'replan' });
        if (answer.change !== undefined) parts.push({ service: member.service, id: answer.change });
      } catch (error) {
        if (!(error instanceof Away)) throw error;
      }
    }
    return { change: parts.length > 0 ? printChangeId(parts) : printChangeId([{ service: own, id: this.#own.make('replan', '') }]) };
  }

  async #signal(payload: { signal?: unknown; services?: unknown }): Promise<Reply> {
    const services = stringsOf(payload.services);
    if (services.length === 0) throw new Refusal(400, 'must specify one or more services');
    const problems = await Promise.all(
      services.map(async (service) => {
        const member = this.#members.get(service);
        if (member === undefined) return `cannot send signal to "${service}": service is not running`;
        if (!member.deployed) return undefined;
        try {
          const answer = await member.pebble.ask('POST', '/v1/signals', { signal: payload.signal, services: [service] });
          return answer.type === 'error' ? messageIn(answer) : undefined;
        } catch (error) {
          return `cannot send signal to "${service}": ${error instanceof Away ? 'service is not running' : messageOf(error)}`;
        }
      }),
    );
    const failed = problems.filter((problem) => problem !== undefined);
    if (failed.length > 0) throw new Refusal(500, failed.join('; '));
    return { result: true };
  }

  /** @throws Refusal 404 when any part of it is unknown */
  async #change(id: string, ask: (member: Member, number: string) => Promise<Answer<ChangeInfo>>): Promise<ChangeInfo> {
    const unknown = new Refusal(404, `cannot find change with id "${id}"`);
    const parts = parseChangeId(id);
    if (parts === undefined) throw unknown;
    const changes = await Promise.all(
      parts.map(async (part): Promise<ChangeInfo> => {
        if (part.service === own) {
          const change = this.#own.find(part.id);
          if (change === undefined) throw unknown;
          return change;
        }
        const member = [...this.#members.values()].find(({ service }) => compact(service) === part.service);
        if (member === undefined) throw unknown;
        try {
          const answer = await ask(member, part.id);
          if (answer.type !== 'error' && answer.result !== undefined) return answer.result;
          throw answer['status-code'] === 404 ? unknown : new Refusal(answer['status-code'], messageIn(answer));
        } catch (error) {
          if (!(error instanceof Away)) throw error;
          const now = new Date().toISOString();
          return {
            id: part.id,
            kind: '',
            summary: `Change of service "${member.service}"`,
            status: 'Error',
            ready: true,
            err: `the container of service "${member.service}" went away in the middle of the change`,
            'spawn-time': now,
            'ready-time': now,
          };
        }
      }),
    );
    return combineChanges(id, changes);
  }

  #waitForChange(id: string, timeout: string, signal: AbortSignal): Promise<ChangeInfo> {
    const suffix = timeout === '' ? '' : `?timeout=${encodeURIComponent(timeout)}`;
    return this.#change(id, (member, number) => member.pebble.ask<ChangeInfo>('GET', `/v1/changes/${number}/wait${suffix}`, undefined, { timeout: 0, signal }));
  }

  async #abort(id: string, payload: object): Promise<ChangeInfo> {
    return this.#change(id, (member, number) => member.pebble.ask<ChangeInfo>('POST', `/v1/changes/${number}`, payload));
  }

  async #changes(query: URLSearchParams): Promise<unknown> {
    const wanted = query.get('for');
    const members = [...this.#members.values()].filter(({ deployed, service }) => deployed && (wanted === null || wanted === '' || service === wanted));
    const path = `/v1/changes?select=${encodeURIComponent(query.get('select') ?? '')}`;
    const lists = await Promise.all(
      members.map(async (member) => {
        try {
          const { result } = await member.pebble.ask<ChangeInfo[]>('GET', path);
          return (result ?? []).map((change) => ({ ...change, id: printChangeId([{ service: member.service, id: change.id }]) }));
        } catch {
          return [];
        }
      }),
    );
    return lists.flat();
  }

  /** Names are those of containers, as in the probes. */
  async #health(query: URLSearchParams): Promise<Reply> {
    const level = query.get('level') ?? '';
    if (level !== '' && level !== 'alive' && level !== 'ready') throw new Refusal(400, 'level must be "alive" or "ready"');
    const names = commaSeparated(query.getAll('names'));
    const processes = [...this.#members.values()].map(({ process }) => process.name).filter((name) => names.length === 0 || names.includes(name));
    const healths = await Promise.all(processes.map(async (name) => this.health.get(level === 'ready' ? 'ready' : 'alive', name)));
    const healthy = healths.every((health) => health?.ok);
    return { result: { healthy }, status: healthy ? 200 : 502 };
  }
}

const messageIn = (answer: Answer): string => (answer.result as { message?: string } | undefined)?.message ?? answer.status;

function stringsOf(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((element) => typeof element === 'string')) return value;
  throw new Refusal(400, 'cannot decode data from request body: services must be a list of strings');
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > longest) throw new Refusal(400, 'cannot decode data from request body: it is too long');
    parts.push(part);
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(parts).toString());
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new Refusal(400, 'cannot decode data from request body: it is not a JSON object');
}
