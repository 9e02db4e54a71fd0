/** `maas-k8s api-key`: the key of the administrator, or what it waits for. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Failure } from '../failure';
import { Kubernetes } from '../kubernetes/kubernetes';
import { inCluster, kubectl, type Transport } from '../kubernetes/transport';
import { persist, type Attempt } from '../time';
import { pending } from './pending';

export interface ApiKeyOptions {
  readonly namespace?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly secret: string;
  readonly wait?: boolean;
  /** Milliseconds. */
  readonly timeout: number;
}

const parts = 'app.kubernetes.io/part-of=maas';

/** @throws Failure that says what is pending */
export async function apiKey(options: ApiKeyOptions, transport?: Transport): Promise<void> {
  const inPod = Boolean(process.env['KUBERNETES_SERVICE_HOST']) && options.kubeconfig === undefined && options.context === undefined;
  const kubernetes = new Kubernetes(
    transport ?? (inPod ? inCluster() : kubectl(options)),
    options.namespace ?? (inPod ? podNamespace() : contextNamespace(options)),
    inPod ? undefined : 0,
  );
  const attempt = async (): Promise<Attempt<string>> => {
    const key = (await kubernetes.secret(options.secret))?.data['key'];
    if (key) return { value: key };
    const [jobs, pods] = [await kubernetes.list('jobs', parts), await kubernetes.list('pods', parts)];
    return {
      reason: `the region is still starting: ${jobs.length + pods.length === 0 ? `there is no MAAS in namespace ${kubernetes.namespace}` : pending({ jobs, pods })}`,
    };
  };
  process.stdout.write(
    `${options.wait ? await persist(attempt, { what: `the API key (Secret ${options.secret})`, timeout: options.timeout, log: say }) : valueOf(await attempt())}\n`,
  );
}

/** The key alone is on standard output. */
const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

function valueOf(attempt: Attempt<string>): string {
  if ('value' in attempt) return attempt.value;
  throw new Failure(attempt.reason);
}

const fallback = 'maas';

function podNamespace(): string {
  try {
    return readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/namespace', 'utf8').trim();
  } catch {
    return fallback;
  }
}

/** The namespace of kubectl's context, where it has one. */
function contextNamespace({ kubeconfig, context }: ApiKeyOptions): string {
  const options = [...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]), ...(context === undefined ? [] : ['--context', context])];
  try {
    return (
      execFileSync('kubectl', [...options, 'config', 'view', '--minify', '--output=jsonpath={..namespace}'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim() || fallback
    );
  } catch {
    return fallback;
  }
}
