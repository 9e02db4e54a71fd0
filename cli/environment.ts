/** Environment variables: every problem is found before anything is done, and each names its variable. */

import { readFileSync } from 'node:fs';
import { dnsLabel, dnsSubdomain } from '../charts/tables/names';
import { mostWorkers } from '../charts/tables/ports';
import { Failure, messageOf } from './failure';

export type Environment = Readonly<Record<string, string | undefined>>;

interface Rule {
  readonly pattern: RegExp;
  /** What a good value is, in a message. */
  readonly form: string;
}

export const rules = {
  maasUrl: { pattern: /^https?:\/\/[^/\s]+\/MAAS$/, form: 'a URL like http://HOST:5240/MAAS' },
  address: { pattern: /^[0-9A-Fa-f.:]+$/, form: 'an IP address' },
  port: { pattern: /^([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])$/, form: 'a port, 1 to 65535' },
  workers: { pattern: new RegExp(`^(${Array.from({ length: mostWorkers }, (_, n) => n + 1).join('|')})$`), form: `a number from 1 to ${String(mostWorkers)}` },
  count: { pattern: /^[1-9]\d*$/, form: 'a number from 1' },
  boolean: { pattern: /^(true|false)$/, form: 'true or false' },
  label: { pattern: new RegExp(dnsLabel), form: 'lower-case letters, digits and dashes' },
  subdomain: {
    pattern: new RegExp(dnsSubdomain),
    form: 'lower-case letters, digits, dashes and dots, as Secrets are called',
  },
  node: { pattern: /^[A-Za-z0-9]([-.A-Za-z0-9]*[A-Za-z0-9])?$/, form: 'a node name' },
  any: { pattern: /^[^\0\r\n]+$/, form: 'one line' },
} as const satisfies Record<string, Rule>;

/**
 * The region secret, as MAAS takes it: 32 hex characters, for they are the AES key of Temporal's payloads (maastemporalworker/worker.py);
 * in lower case, for regiond writes its own copy so (maasserver/start_up.py) and an agent's key would differ from the region's.
 *
 * @returns what is wrong with it, without any of it
 */
export function regionSecretProblem(secret: string): string | undefined {
  if (/^[0-9a-f]{32}$/.test(secret)) return undefined;
  if (/^[0-9a-fA-F]{32}$/.test(secret)) return 'has upper-case characters; MAAS needs exactly 32 lower-case hex characters';
  if (/^[0-9a-fA-F]{32}\s+$/.test(secret)) return 'ends with white space; MAAS needs exactly 32 lower-case hex characters';
  return `has ${String(secret.length)} characters${/^[0-9a-f]*$/.test(secret) ? '' : ', not all of them hex'}; MAAS needs exactly 32 lower-case hex characters (openssl rand -hex 16)`;
}

/** Reads variables and remembers what was wrong. */
export class Variables {
  readonly #problems: string[] = [];

  constructor(private readonly environment: Environment) {}

  text(name: string, rule: Rule = rules.any): string {
    const value = this.environment[name];
    if (!value) return this.#problem(`${name} is not set; it must be ${rule.form}`);
    if (!rule.pattern.test(value)) return this.#problem(`${name} is "${value}"; it must be ${rule.form}`);
    return value;
  }

  number(name: string, rule: Rule): number {
    return Number(this.text(name, rule));
  }

  boolean(name: string): boolean {
    return this.text(name, rules.boolean) === 'true';
  }

  /** The content of the file that a variable names, without the newline at its end. */
  file(name: string, problem: (content: string) => string | undefined = () => undefined): string {
    const path = this.text(name);
    if (path === '') return '';
    let content: string;
    try {
      content = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    } catch (error) {
      return this.#problem(`${name} names ${path}, which cannot be read: ${messageOf(error)}`);
    }
    const wrong = content === '' ? 'is empty' : problem(content);
    return wrong === undefined ? content : this.#problem(`${name}: the content of ${path} ${wrong}`);
  }

  /** @throws Failure that names every problem */
  finish(): void {
    if (this.#problems.length > 0) throw new Failure(this.#problems.join('; '));
  }

  #problem(text: string): string {
    this.#problems.push(text);
    return '';
  }
}
