/** One process of the pod, as the mux sees it. */

import { statSync } from 'node:fs';
import type { Process } from '../../charts/tables/processes';
import { messageOf } from '../failure';
import { readReport } from '../wait/report';
import { Away, Pebble, type Answer, type ServiceInfo } from './pebble';
import type { State, Wanted } from './wanted';

export type Action = 'start' | 'stop' | 'restart';

/** What is known about a process at one moment. */
export type Condition =
  /** Its Pebble is not there or does not answer. */
  | { readonly kind: 'unreachable'; readonly hangs: boolean; readonly reason: string }
  /** Not running: inactive, backoff or error. Untouched: its Pebble has never started it, so the container is a new one. */
  | { readonly kind: 'down'; readonly current: string; readonly untouched: boolean; readonly startup: string }
  /** Its command is still behind its gate. */
  | { readonly kind: 'waiting'; readonly reasons: readonly string[] }
  /** Milliseconds since 1970. */
  | { readonly kind: 'running'; readonly since: number };

/** Milliseconds for which an answer is good. */
const remembered = 30_000;

export interface MemberOptions {
  readonly process: Process;
  readonly deployed: boolean;
  readonly socket: string;
  readonly report: string;
  readonly wanted: Wanted;
}

export class Member {
  readonly process: Process;
  readonly deployed: boolean;
  readonly pebble: Pebble;
  readonly #report: string;
  readonly #wanted: Wanted;
  #known: { readonly info: ServiceInfo; readonly at: number; readonly sign: string } | undefined;
  /** How often it was told to do something, or had taken it: an answer that was on its way meanwhile is not kept. */
  #acts = 0;

  constructor({ process, deployed, socket, report, wanted }: MemberOptions) {
    this.process = process;
    this.deployed = deployed;
    this.pebble = new Pebble(socket);
    this.#report = report;
    this.#wanted = wanted;
  }

  get service(): string {
    return this.process.service;
  }

  get wanted(): State {
    return this.#wanted.state(this.process);
  }

  /** What MAAS asked for; undefined when it has not yet. */
  get asked(): State | undefined {
    return this.#wanted.asked(this.process);
  }

  /** Remembers what MAAS asked for. */
  want(action: Action): void {
    this.#wanted.ask(this.process, action === 'stop' ? 'stopped' : 'started');
  }

  /** What MAAS is told; never fails. */
  async info(): Promise<ServiceInfo> {
    const startup = this.process.startedBy === 'pebble' ? 'enabled' : 'disabled';
    if (!this.deployed) {
      const current = this.asked === undefined ? this.process.absent : this.asked === 'started' ? 'active' : 'inactive';
      return { name: this.service, startup, current };
    }
    try {
      return await this.ownInfo();
    } catch (error) {
      return { name: this.service, startup, current: error instanceof Away ? 'inactive' : 'error' };
    }
  }

  /** @throws Away, Deaf */
  async ownInfo(): Promise<ServiceInfo> {
    const [sign, acts] = [this.#sign(), this.#acts];
    const { result } = await this.pebble.ask<ServiceInfo[]>('GET', `/v1/services?names=${encodeURIComponent(this.service)}`);
    const [info] = result ?? [];
    // Its Pebble is there, but has no layer (yet).
    if (info === undefined) return { name: this.service, startup: 'disabled', current: 'inactive' };
    if (acts === this.#acts) this.#known = { info, at: Date.now(), sign };
    return info;
  }

  /**
   * What its Pebble said last, if nothing has happened since that shows from outside. Pebble writes a line to the container's
   * log for each question, and the answer seldom changes.
   *
   * @throws Away, Deaf
   */
  #recentInfo(): ServiceInfo | Promise<ServiceInfo> {
    const known = this.#known;
    return known !== undefined && Date.now() - known.at < remembered && known.sign === this.#sign() ? known.info : this.ownInfo();
  }

  /** Changes with each new Pebble, which makes a new socket, and with each start of the service, whose gate writes a report. */
  #sign(): string {
    return [this.pebble.socket, this.#report]
      .map((path) => statSync(path, { throwIfNoEntry: false }))
      .map((stats) => `${String(stats?.ino)}:${String(stats?.mtimeMs)}`)
      .join(' ');
  }

  /** @throws Away, Deaf */
  async act(action: Action): Promise<Answer> {
    this.#forget();
    try {
      return await this.pebble.ask('POST', '/v1/services', { action, services: [this.service] });
    } finally {
      this.#forget();
    }
  }

  #forget(): void {
    this.#acts++;
    this.#known = undefined;
  }

  async condition(): Promise<Condition> {
    let info: ServiceInfo;
    try {
      info = await this.#recentInfo();
    } catch (error) {
      return { kind: 'unreachable', hangs: !(error instanceof Away), reason: messageOf(error) };
    }
    if (info.current !== 'active') return { kind: 'down', current: info.current, untouched: info['current-since'] === undefined, startup: info.startup };
    const since = Date.parse(info['current-since'] ?? '') || 0;
    const report = readReport(this.#report);
    // A report from before this start is an old one: the gate has not looked yet.
    if (report !== undefined && report.since < since) return { kind: 'waiting', reasons: [] };
    if (report?.state === 'waiting') return { kind: 'waiting', reasons: report.reasons };
    return { kind: 'running', since: report?.since ?? since };
  }
}
