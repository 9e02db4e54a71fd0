/** What must hold of a running MAAS, and how it is looked at. */

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { usualSecrets } from '../../charts/tables/secrets';
import type { Cluster, KubernetesObject } from '../e2e/cluster';
import { attempt, run } from '../e2e/command';
import { sql } from './database';
import type { Fault } from './fault';
import { passesOn, usable } from './pods';

const components = ['region', 'rack', 'database'];
const secretNames = Object.values(usualSecrets);

/** What MAAS says of services that serve nothing yet. */
const idle: Readonly<Record<string, string>> = { dhcpd: 'off', dhcpd6: 'off' };

export interface Identity {
  /** System ids by kind and host name. */
  readonly controllers: Readonly<Record<string, string>>;
  /** Digests of the Secrets. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly racks: number;
  readonly eventLoops: number;
  readonly key: string;
}

interface Container {
  readonly component: string;
  readonly restarts: number;
}

/** By pod's uid and container. */
export type Restarts = ReadonlyMap<string, Container & { readonly name: string }>;

const digest = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 12);

export class System {
  #identity: Identity | undefined;

  constructor(private readonly cluster: Cluster) {}

  get identity(): Identity {
    if (this.#identity === undefined) throw new Error('nobody has looked at the system yet');
    return this.#identity;
  }

  /** Remembers what must not change from now on. */
  async remember(): Promise<void> {
    const nodes = JSON.parse(await run('kubectl', ['get', 'nodes', '-o', 'json'])) as { items: unknown[] };
    const eventLoops = Object.keys((await this.#rpc()) ?? {}).length;
    const key = await this.cluster.secret('maas-api-key', 'key');
    this.#identity = { controllers: await this.controllers(), secrets: await this.secrets(), racks: nodes.items.length, eventLoops, key };
  }

  async controllers(): Promise<Record<string, string>> {
    const rows = (await sql("SELECT node_type || '/' || hostname, system_id FROM maasserver_node ORDER BY 1")).trim().split('\n');
    return Object.fromEntries(rows.map((row) => row.split('|') as [string, string]));
  }

  async secrets(): Promise<Record<string, string>> {
    const all = await this.cluster.list('secrets');
    const data = (name: string): unknown => all.find(({ metadata }) => metadata.name === name)?.data;
    return Object.fromEntries(secretNames.map((name) => [name, data(name) === undefined ? 'gone' : digest(data(name))]));
  }

  /** Restart counts as they are now. */
  async restarts(): Promise<Restarts> {
    const found = new Map<string, Container & { name: string }>();
    for (const { metadata, status } of await this.cluster.list('pods')) {
      const component = metadata.labels?.['app.kubernetes.io/component'] as string;
      if (!components.includes(component)) continue;
      for (const { name, restartCount } of (status?.containerStatuses ?? []) as KubernetesObject[])
        found.set(`${metadata.uid as string}/${name as string}`, { component, name: `${metadata.name as string}/${name as string}`, restarts: restartCount });
    }
    return found;
  }

  /** What does not hold of the pods: each there, each container ready. */
  async podProblems(): Promise<string[]> {
    const wanted: Readonly<Record<string, number>> = { region: 1, rack: this.identity.racks, database: 1 };
    const all = (await this.cluster.list('pods')).filter(({ metadata }) => components.includes(metadata.labels?.['app.kubernetes.io/component'] as string));
    const problems: string[] = [];
    for (const [component, count] of Object.entries(wanted)) {
      const pods = all.filter(({ metadata }) => metadata.labels['app.kubernetes.io/component'] === component);
      if (pods.length !== count) problems.push(`${String(pods.length)} of ${String(count)} pods of ${component}`);
      for (const { metadata, status } of pods) {
        if (metadata.deletionTimestamp !== undefined) problems.push(`${metadata.name as string} is being deleted`);
        const statuses = (status?.containerStatuses ?? [{ name: '(none yet)', ready: false }]) as KubernetesObject[];
        const waiting = statuses.filter(({ ready }) => !ready).map(({ name }) => name as string);
        if (waiting.length > 0) problems.push(`${metadata.name as string} not ready: ${waiting.join(' ')}`);
      }
    }
    if (problems.length > 0) return problems;
    const asked = all.filter(({ metadata }) => metadata.labels['app.kubernetes.io/component'] !== 'database');
    return (await Promise.all(asked.map(({ metadata }) => usable(metadata.name as string)))).filter((problem) => problem !== undefined);
  }

  /** What does not hold of MAAS's own account of itself. */
  async maasProblems(): Promise<string[]> {
    const problems: string[] = [];
    const loops = Object.keys((await this.#rpc()) ?? {}).length;
    if (loops !== this.identity.eventLoops) problems.push(`${String(loops)} of ${String(this.identity.eventLoops)} event loops`);

    const controllers = await this.controllers();
    if (digest(controllers) !== digest(this.identity.controllers)) problems.push(`controllers are ${JSON.stringify(controllers)}`);

    const regions = await sql(
      "SELECT service.name, service.status FROM maasserver_service service JOIN maasserver_node node ON node.id = service.node_id WHERE node.node_type = 3 AND service.status <> 'running'",
    );
    if (regions.trim() !== '') problems.push(`region: ${regions.trim().replaceAll('\n', ', ')}`);

    for (const rack of await this.racks()) {
      const wrong = (rack.service_set as KubernetesObject[]).filter(({ name, status }) => status !== (idle[name as string] ?? 'running'));
      if (wrong.length > 0)
        problems.push(`${rack.hostname as string}: ${wrong.map(({ name, status }) => `${name as string} is ${status as string}`).join(', ')}`);
    }

    const racks = (await this.cluster.pods('rack')).map(({ metadata }) => passesOn(metadata.name as string));
    problems.push(...(await Promise.all(racks)).filter((problem) => problem !== undefined));

    const secrets = await this.secrets();
    const changed = secretNames.filter((name) => secrets[name] !== this.identity.secrets[name]);
    if (changed.length > 0) problems.push(`changed Secrets: ${changed.join(', ')}`);
    return problems;
  }

  async problems(): Promise<string[]> {
    const problems = await this.podProblems();
    return problems.length > 0 ? problems : this.maasProblems();
  }

  /** Containers that were restarted, or pods that were replaced, and should not have been. */
  async restartProblems(before: Restarts, { replaces = [], restarts = [] }: Pick<Fault, 'replaces' | 'restarts'>): Promise<string[]> {
    if (restarts === 'any') return [];
    const after = await this.restarts();
    const problems: string[] = [];
    for (const [uid, { component, name, restarts: counted }] of before) {
      const now = after.get(uid);
      const container = name.split('/')[1]!;
      if (now === undefined) {
        if (!replaces.includes(component)) problems.push(`${name}: its pod was replaced`);
        continue;
      }
      // Of several racks, only one is meant.
      const allowed = restarts.includes(`${component}/${container}`) ? [counted, counted + 1] : [counted];
      if (!allowed.includes(now.restarts)) problems.push(`${name}: ${String(now.restarts - counted)} restarts`);
    }
    for (const [uid, { name, restarts: counted }] of after) if (!before.has(uid) && counted > 0) problems.push(`${name}: ${String(counted)} restarts`);
    return problems;
  }

  /** With the key that was there at the beginning. */
  async racks(): Promise<KubernetesObject[]> {
    const { status, body } = await this.call('rackcontrollers/');
    if (status !== 200) throw new Error(`rackcontrollers/: HTTP ${String(status)}`);
    return body as KubernetesObject[];
  }

  call(path: string, method = 'GET', form?: Readonly<Record<string, string>>): Promise<{ status: number; body: any }> {
    return this.forward(async (port) => {
      const authorization = authorize(this.identity.key);
      const answer = await fetch(`http://127.0.0.1:${String(port)}/MAAS/api/2.0/${path}`, {
        method,
        headers: { authorization, connection: 'close' },
        body: form && new URLSearchParams(form),
        signal: AbortSignal.timeout(20_000),
      });
      const body = await answer.text();
      return { status: answer.status, body: answer.headers.get('content-type')?.includes('json') ? (JSON.parse(body) as unknown) : body };
    });
  }

  /** Calls `use` with a local port that leads to the region; fails where there is no region to lead to. */
  async forward<T>(use: (port: number) => Promise<T>): Promise<T> {
    const child = spawn('kubectl', ['-n', this.cluster.namespace, 'port-forward', '--pod-running-timeout=5s', 'service/maas-region', ':5240']);
    let said = '';
    try {
      const port = await new Promise<number>((resolve, reject) => {
        const timer = setTimeout(() => {
          reject(new Error(`no way to the region within 15 s: ${said}`));
        }, 15_000);
        const hear = (text: Buffer): void => {
          said += text.toString();
          const found = /127\.0\.0\.1:(\d+)/.exec(said)?.[1];
          if (found === undefined) return;
          clearTimeout(timer);
          resolve(Number(found));
        };
        child.stdout.on('data', hear);
        child.stderr.on('data', hear);
        child.on('exit', () => {
          clearTimeout(timer);
          reject(new Error(`no way to the region: ${said}`));
        });
      });
      return await use(port);
    } finally {
      child.kill();
    }
  }

  /** The event loops of /MAAS/rpc/. */
  async #rpc(): Promise<object | undefined> {
    const path = `/api/v1/namespaces/${this.cluster.namespace}/services/maas-region:http/proxy/MAAS/rpc/`;
    const { code, stdout, stderr } = await attempt('kubectl', ['get', '--raw', path, '--request-timeout=10s']);
    if (code !== 0) throw new Error(`/MAAS/rpc/: ${stderr.trim()}`);
    return (JSON.parse(stdout) as { eventloops?: object }).eventloops;
  }
}

/** OAuth 1.0 with PLAINTEXT signatures (RFC 5849, section 3.4.4), as MAAS wants it. */
function authorize(key: string): string {
  const [consumer = '', token = '', secret = ''] = key.trim().split(':');
  const parts = {
    version: '1.0',
    signature_method: 'PLAINTEXT',
    consumer_key: consumer,
    token,
    signature: `%26${secret}`,
    nonce: String(Math.random()),
    timestamp: String(Math.floor(Date.now() / 1000)),
  };
  return `OAuth ${Object.entries(parts)
    .map(([name, value]) => `oauth_${name}="${value}"`)
    .join(', ')}`;
}
