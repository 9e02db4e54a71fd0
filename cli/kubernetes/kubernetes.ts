/** The few things that the verbs need of the Kubernetes API. */

import { connectionProblem } from '../connect';
import { Failure, Unreachable } from '../failure';
import { log } from '../log';
import { sleep } from '../time';
import type { ApiAnswer, Method, Transport } from './transport';
import type { Kinds, SecretObject } from './types';

/** Plain text by key. */
export type SecretData = Readonly<Record<string, string>>;

export interface Secret {
  readonly data: SecretData;
  readonly labels: Readonly<Record<string, string>>;
  readonly resourceVersion?: string;
  /** Who else sees to its content, and would put back what was changed: SealedSecret maas-region-secret. */
  readonly keeper?: string;
}

const collections: Readonly<Record<keyof Kinds, string>> = {
  pods: 'api/v1',
  services: 'api/v1',
  events: 'api/v1',
  persistentvolumeclaims: 'api/v1',
  serviceaccounts: 'api/v1',
  secrets: 'api/v1',
  configmaps: 'api/v1',
  daemonsets: 'apis/apps/v1',
  deployments: 'apis/apps/v1',
  statefulsets: 'apis/apps/v1',
  jobs: 'apis/batch/v1',
  cronjobs: 'apis/batch/v1',
  roles: 'apis/rbac.authorization.k8s.io/v1',
  rolebindings: 'apis/rbac.authorization.k8s.io/v1',
  poddisruptionbudgets: 'apis/policy/v1',
  networkpolicies: 'apis/networking.k8s.io/v1',
};

/** What this program made, it may change. */
export const ownLabels = { 'app.kubernetes.io/part-of': 'maas', 'app.kubernetes.io/managed-by': 'maas-k8s' };

/** All that belongs to MAAS. */
export const partOfMaas = 'app.kubernetes.io/part-of=maas';

/** Milliseconds: how long a server that is overloaded or away is asked again. */
const endurance = 120_000;

const retried = (status: number): boolean => status === 429 || status >= 500;

const curable: Readonly<Record<number, string>> = {
  401: 'the account is not known to the cluster (has its token expired?)',
  403: 'the account may not do this; check its Role',
};

/** The API server says no. */
export class ApiRefusal extends Failure {
  constructor(
    readonly status: number,
    readonly answer: unknown,
    message: string,
  ) {
    super(message);
  }
}

interface Request {
  readonly body?: object;
  /** Content type of the body; JSON unless given. */
  readonly type?: string;
}

export class Kubernetes {
  constructor(
    private readonly transport: Transport,
    readonly namespace: string,
    private readonly patience = endurance,
    private readonly tell: (line: string) => void = log,
  ) {}

  /**
   * @param what completes "cannot …"
   * @returns undefined when there is no such thing
   * @throws ApiRefusal, Unreachable
   */
  async find<T>(path: string, what: string): Promise<T | undefined> {
    const answer = await this.#ask('GET', path);
    return answer.status === 404 ? undefined : (this.#good(answer, what) as T);
  }

  /** @throws ApiRefusal, Unreachable */
  async send<T>(method: Method, path: string, what: string, { body, type }: Request = {}): Promise<T> {
    return this.#good(await this.#ask(method, path, body, type), what) as T;
  }

  /**
   * What is not there any more is removed.
   *
   * @param what completes "cannot remove …"
   * @param propagation whether it goes before what it has made (Background), or after it (Foreground)
   * @throws ApiRefusal, Unreachable
   */
  async remove(path: string, what: string, propagation: 'Background' | 'Foreground'): Promise<void> {
    const answer = await this.#ask('DELETE', path, { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: propagation });
    if (answer.status !== 404) this.#good(answer, `remove ${what}`);
  }

  /** @returns undefined when there is none */
  async secret(name: string): Promise<Secret | undefined> {
    const found = await this.find<SecretObject>(this.path('secrets', name), `get the Secret ${name}`);
    return found && secretIn(found);
  }

  /**
   * Makes a Secret. If somebody else was quicker, theirs counts.
   *
   * @returns the Secret as it is now
   */
  async createSecret(name: string, stringData: SecretData): Promise<{ readonly made: boolean; readonly secret: Secret }> {
    const answer = await this.#ask('POST', this.path('secrets'), {
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

  /** Gives a Secret other content, if nobody else has changed it meanwhile. What else it has stays. */
  async changeSecret(name: string, data: SecretData, { data: old, resourceVersion }: Secret): Promise<void> {
    const gone = Object.keys(old).filter((key) => !(key in data));
    const body = { metadata: { resourceVersion }, data: { ...encode(data), ...Object.fromEntries(gone.map((key) => [key, null])) } };
    await this.send('PATCH', this.path('secrets', name), `change the Secret ${name}`, { body, type: 'application/merge-patch+json' });
  }

  async list<K extends keyof Kinds>(kind: K, labels = ''): Promise<readonly Kinds[K][]> {
    const query = labels === '' ? '' : `?labelSelector=${encodeURIComponent(labels)}`;
    const { items } = await this.send<{ items: Kinds[K][] }>('GET', `${this.path(kind)}${query}`, `list ${kind}`);
    return items;
  }

  /** The end of a container's log; nothing where the account may not read it. */
  async logTail(pod: string, container: string, lines = 300, previous = false): Promise<string> {
    const query = `container=${container}&tailLines=${String(lines)}${previous ? '&previous=true' : ''}`;
    const answer = await this.#ask('GET', `${this.path('pods', pod)}/log?${query}`);
    if (answer.status >= 400) return '';
    return typeof answer.body === 'string' ? answer.body : `${JSON.stringify(answer.body)}\n`;
  }

  /** Of a collection in the namespace, or of one object in it. */
  path(kind: keyof Kinds, name = ''): string {
    return `/${collections[kind]}/namespaces/${this.namespace}/${kind}${name === '' ? '' : `/${name}`}`;
  }

  async #ask(method: Method, path: string, body?: object, type?: string): Promise<ApiAnswer> {
    const started = Date.now();
    for (let pause = 250; ; pause = Math.min(pause * 2, 5000)) {
      let problem: string;
      let wait = pause;
      try {
        const answer = await this.transport(method, path, body, type);
        if (!retried(answer.status)) return answer;
        problem = `HTTP ${String(answer.status)} ${messageIn(answer.body)}`;
        wait = Math.max(pause, answer.retryAfter ?? 0);
      } catch (error) {
        if (error instanceof Failure) throw error;
        problem = connectionProblem(error);
      }
      if (Date.now() - started + wait > this.patience) throw new Unreachable(`the Kubernetes API does not answer ${method} ${path}: ${problem}`);
      if (pause === 1000) this.tell(`the Kubernetes API does not answer (${problem}); asking again`);
      await sleep(wait);
    }
  }

  /** @throws ApiRefusal for every status from 400 */
  #good({ status, body }: ApiAnswer, what: string): unknown {
    if (status < 400) return body;
    const cure = curable[status];
    throw new ApiRefusal(
      status,
      body,
      `cannot ${what} in namespace ${this.namespace}: HTTP ${String(status)}, ${messageIn(body)}${cure === undefined ? '' : ` (${cure})`}`,
    );
  }
}

export const messageIn = (body: unknown): string => (body as { message?: string } | null)?.message ?? 'no reason given';

export const decode = (data: Readonly<Record<string, string>> = {}): SecretData =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));

const encode = (data: SecretData): SecretData => Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));

/** Marks of those who bring objects from elsewhere, and bring them again. */
const bringers = [
  ['annotations', 'argocd.argoproj.io/tracking-id', 'Argo CD application'],
  ['annotations', 'meta.helm.sh/release-name', 'Helm release'],
  ['labels', 'kustomize.toolkit.fluxcd.io/name', 'Flux Kustomization'],
  ['labels', 'helm.toolkit.fluxcd.io/name', 'Flux HelmRelease'],
] as const;

function keeperOf(metadata: SecretObject['metadata']): string | undefined {
  const [owner] = metadata?.ownerReferences ?? [];
  if (owner !== undefined) return `${owner.kind} ${owner.name}`;
  for (const [where, mark, who] of bringers) {
    // Argo CD's has more than the application's name: maas:/Secret:maas/maas-region-secret.
    const name = metadata?.[where]?.[mark]?.split(':')[0];
    if (name !== undefined) return `${who} ${name}`;
  }
  return undefined;
}

const secretIn = ({ data, metadata }: SecretObject): Secret => ({
  data: decode(data),
  labels: metadata?.labels ?? {},
  resourceVersion: metadata?.resourceVersion,
  keeper: keeperOf(metadata),
});
