/** The few things that the verbs need of the Kubernetes API. */

import { connectionProblem } from '../connect';
import { Failure } from '../failure';
import { log } from '../log';
import { sleep } from '../time';
import type { ApiAnswer, Transport } from './transport';
import type { DaemonSet, Job, Pod, SecretObject } from './types';

/** Plain text by key. */
export type SecretData = Readonly<Record<string, string>>;

export interface Secret {
  readonly data: SecretData;
  readonly labels: Readonly<Record<string, string>>;
  readonly resourceVersion?: string;
}

const collections = {
  pods: 'api/v1',
  daemonsets: 'apis/apps/v1',
  jobs: 'apis/batch/v1',
} as const;

interface Kinds {
  readonly pods: Pod;
  readonly daemonsets: DaemonSet;
  readonly jobs: Job;
}

/** What this program made, it may change. */
export const ownLabels = { 'app.kubernetes.io/part-of': 'maas', 'app.kubernetes.io/managed-by': 'maas-k8s' };

/** Milliseconds: how long a server that is overloaded or away is asked again. */
const endurance = 120_000;

const retried = (status: number): boolean => status === 429 || status >= 500;

const curable: Readonly<Record<number, string>> = {
  401: 'the account is not known to the cluster (has its token expired?)',
  403: 'the account may not do this; check its Role',
};

export class Kubernetes {
  constructor(
    private readonly transport: Transport,
    readonly namespace: string,
    private readonly patience = endurance,
  ) {}

  /** @returns undefined when there is none */
  async secret(name: string): Promise<Secret | undefined> {
    const answer = await this.#ask('GET', this.#secretPath(name));
    if (answer.status === 404) return undefined;
    return secretIn(this.#good(answer, `get the Secret ${name}`) as SecretObject);
  }

  /**
   * Makes a Secret. If somebody else was quicker, theirs counts.
   *
   * @returns the Secret as it is now
   */
  async createSecret(name: string, stringData: SecretData): Promise<{ readonly made: boolean; readonly secret: Secret }> {
    const answer = await this.#ask('POST', this.#secretPath(), {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: this.namespace, labels: ownLabels },
      type: 'Opaque',
      stringData,
    });
    if (answer.status !== 409) {
      this.#good(answer, `create the Secret ${name}`);
      return { made: true, secret: { data: stringData, labels: ownLabels } };
    }
    const secret = await this.secret(name);
    if (secret === undefined) throw new Failure(`the Secret ${name} was there and has been deleted at once; run this again`);
    return { made: false, secret };
  }

  /** Changes a Secret that this program made. */
  async replaceSecret(name: string, stringData: SecretData, { labels, resourceVersion }: Secret): Promise<void> {
    const metadata = { name, namespace: this.namespace, labels, resourceVersion };
    this.#good(
      await this.#ask('PUT', this.#secretPath(name), { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', stringData }),
      `change the Secret ${name}`,
    );
  }

  async list<K extends keyof Kinds>(kind: K, labels: string): Promise<readonly Kinds[K][]> {
    const answer = await this.#ask('GET', `/${collections[kind]}/namespaces/${this.namespace}/${kind}?labelSelector=${encodeURIComponent(labels)}`);
    return (this.#good(answer, `list ${kind}`) as { items: Kinds[K][] }).items;
  }

  /** The end of a container's log; nothing where the account may not read it. */
  async logTail(pod: string, container: string, lines = 300): Promise<string> {
    const answer = await this.#ask('GET', `/api/v1/namespaces/${this.namespace}/pods/${pod}/log?container=${container}&tailLines=${String(lines)}`);
    return answer.status < 400 && typeof answer.body === 'string' ? answer.body : '';
  }

  #secretPath(name = ''): string {
    return `/api/v1/namespaces/${this.namespace}/secrets${name === '' ? '' : `/${name}`}`;
  }

  async #ask(method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<ApiAnswer> {
    const started = Date.now();
    for (let pause = 250; ; pause = Math.min(pause * 2, 5000)) {
      let problem: string;
      try {
        const answer = await this.transport(method, path, body);
        if (!retried(answer.status)) return answer;
        problem = `HTTP ${String(answer.status)} ${messageIn(answer)}`;
      } catch (error) {
        if (error instanceof Failure) throw error;
        problem = connectionProblem(error);
      }
      if (Date.now() - started + pause > this.patience) throw new Failure(`the Kubernetes API does not answer ${method} ${path}: ${problem}`);
      if (pause === 1000) log(`the Kubernetes API does not answer (${problem}); asking again`);
      await sleep(pause);
    }
  }

  /** @throws Failure for every status from 400 */
  #good(answer: ApiAnswer, what: string): unknown {
    if (answer.status < 400) return answer.body;
    const cure = curable[answer.status];
    throw new Failure(
      `cannot ${what} in namespace ${this.namespace}: HTTP ${String(answer.status)}, ${messageIn(answer)}${cure === undefined ? '' : ` (${cure})`}`,
    );
  }
}

const messageIn = ({ body }: ApiAnswer): string => (body as { message?: string } | null)?.message ?? 'no reason given';

function secretIn({ data = {}, metadata }: SecretObject): Secret {
  return {
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()])),
    labels: metadata?.labels ?? {},
    resourceVersion: metadata?.resourceVersion,
  };
}
