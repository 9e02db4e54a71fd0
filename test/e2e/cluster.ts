/** What the cluster tests ask of a cluster. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { attempt, kubectl, run } from './command';

export type KubernetesObject = Record<string, any>;

export const seconds = (since: number): number => Math.round((Date.now() - since) / 100) / 10;

/** Asks again until there is an answer; fails with the last reason. */
export async function until<T>(what: string, limitSeconds: number, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + limitSeconds * 1000;
  for (let reason = 'not yet'; ;) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      reason = (error as Error).message;
    }
    if (Date.now() > deadline) throw new Error(`${what}: not within ${String(limitSeconds)} s; last: ${reason}`);
    await sleep(500);
  }
}

/** A namespace of the cluster. */
export class Cluster {
  constructor(readonly namespace: string) {}

  kubectl(...args: string[]): Promise<string> {
    return kubectl('-n', this.namespace, ...args);
  }

  async list(kind: string, labels = ''): Promise<KubernetesObject[]> {
    const answer = JSON.parse(await this.kubectl('get', kind, '-o', 'json', ...(labels ? ['-l', labels] : []))) as { items: KubernetesObject[] };
    return answer.items;
  }

  async get(kind: string, name: string): Promise<KubernetesObject> {
    return JSON.parse(await this.kubectl('get', kind, name, '-o', 'json')) as KubernetesObject;
  }

  /** A key of a Secret, as text. */
  async secret(name: string, key: string): Promise<string> {
    const { data } = await this.get('secret', name);
    const encoded = data?.[key] as string | undefined;
    if (encoded === undefined) throw new Error(`Secret ${name} has no key ${key}`);
    return Buffer.from(encoded, 'base64').toString();
  }

  pods(component: string): Promise<KubernetesObject[]> {
    return this.list('pods', `app.kubernetes.io/component=${component}`);
  }

  exec(pod: string, container: string, ...command: string[]): Promise<string> {
    return this.kubectl('exec', pod, '-c', container, '--', ...command);
  }

  /** A statement to the embedded database, as its superuser through its Unix socket, which wants no password. @returns rows without heading */
  sql(statement: string, database = 'maasdb'): Promise<string> {
    return this.exec('maas-database-0', 'postgres', 'psql', '-U', 'maas', '-d', database, '-v', 'ON_ERROR_STOP=1', '-Atqc', statement);
  }

  /** A Job's pods' output so far, restarts included. */
  async jobLog(component: string): Promise<string> {
    const pods = await this.pods(component);
    const logs = await Promise.all(
      pods.flatMap(({ metadata }) =>
        [[], ['--previous']].map(async (flags) => (await attempt('kubectl', ['-n', this.namespace, 'logs', metadata.name as string, ...flags])).stdout),
      ),
    );
    return logs.join('');
  }

  /** The one Job of a component once it is complete. */
  jobComplete(component: string, limitSeconds: number): Promise<KubernetesObject> {
    return until(`Job ${component} complete`, limitSeconds, async () => {
      const [job] = await this.list('jobs', `app.kubernetes.io/component=${component}`);
      return (job?.status?.conditions as KubernetesObject[] | undefined)?.some(({ type, status }) => type === 'Complete' && status === 'True')
        ? job
        : undefined;
    });
  }

  allReady(component: string, count: number, limitSeconds: number): Promise<KubernetesObject[]> {
    return until(`${String(count)} pods of ${component} ready`, limitSeconds, async () => {
      const pods = (await this.pods(component)).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
      const waiting = pods.flatMap(({ metadata, status }) =>
        ((status?.containerStatuses ?? [{ name: 'no container yet', ready: false }]) as KubernetesObject[])
          .filter(({ ready }) => !ready)
          .map(({ name }) => `${metadata.name as string}/${name as string}`),
      );
      if (pods.length !== count || waiting.length > 0) throw new Error(`${String(pods.length)} pods, not ready: ${waiting.join(', ')}`);
      return pods;
    });
  }

  /** Calls `use` with a local port that leads to a port of a Service. */
  async forward<T>(service: string, port: number, use: (local: number) => Promise<T>): Promise<T> {
    const child = spawn('kubectl', ['-n', this.namespace, 'port-forward', `service/${service}`, `:${String(port)}`], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      return await use(Number(/127\.0\.0\.1:(\d+)/.exec(line.toString())?.[1]));
    } finally {
      child.kill();
    }
  }

  /** Ends whatever an earlier run has left. */
  async remove(): Promise<void> {
    await kubectl('delete', 'namespace', this.namespace, '--ignore-not-found', '--wait=true');
    for (const kind of ['validatingadmissionpolicy', 'validatingadmissionpolicybinding'])
      await kubectl('delete', kind, `${this.namespace}-host-network`, '--ignore-not-found');
  }
}

/** Manifests for a values file, in a folder of their own. */
export async function synthesize(values: string, folder: string): Promise<string> {
  await run('npx', ['cdk8s', 'synth', '-o', folder], { environment: { MAAS_VALUES: values, CDK8S_CHECK_UPGRADE: 'false' } });
  return folder;
}

/** The API of a MAAS, with an administrator's key. */
export class Api {
  constructor(
    private readonly cluster: Cluster,
    private readonly key: string,
  ) {}

  /** OAuth 1.0 with PLAINTEXT signatures (RFC 5849, section 3.4.4), as MAAS wants it. */
  private get authorization(): string {
    const [consumer, token, secret] = this.key.trim().split(':');
    return `OAuth oauth_version="1.0", oauth_signature_method="PLAINTEXT", oauth_consumer_key="${String(consumer)}", oauth_token="${String(token)}", oauth_signature="%26${String(secret)}", oauth_nonce="${String(Math.random())}", oauth_timestamp="${String(Math.floor(Date.now() / 1000))}"`;
  }

  call(path: string, method = 'GET'): Promise<{ status: number; body: any }> {
    return this.cluster.forward('maas-region', 5240, async (port) => {
      const answer = await fetch(`http://127.0.0.1:${String(port)}/MAAS/api/2.0/${path}`, { method, headers: { authorization: this.authorization } });
      const body = await answer.text();
      return { status: answer.status, body: answer.headers.get('content-type')?.includes('json') ? (JSON.parse(body) as unknown) : body };
    });
  }

  async controllers(kind: 'region' | 'rack'): Promise<Map<string, string>> {
    const { body } = await this.call(`${kind}controllers/`);
    return new Map((body as KubernetesObject[]).map(({ hostname, system_id }) => [hostname as string, system_id as string]));
  }
}
