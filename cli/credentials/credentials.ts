/** `maas-k8s api-key` and `maas-k8s secret`: what is in a Secret, or what it waits for. */

import { usualNamespace, type ClusterOptions } from '../cluster/cluster';
import { usualSecrets } from '../../charts/tables/secrets';
import { installed } from '../cluster/installed';
import { Failure } from '../failure';
import { access } from '../kubernetes/access';
import { Kubernetes, partOfMaas } from '../kubernetes/kubernetes';
import { inCluster, type Transport } from '../kubernetes/transport';
import { say } from '../output/terminal';
import { persist, type Attempt } from '../time';
import { pending } from './pending';

export interface CredentialOptions extends ClusterOptions {
  /** The Secret's name, where it is not the one that bootstrap was told. */
  readonly secret?: string;
  readonly wait: boolean;
  /** Milliseconds. */
  readonly timeout: number;
}

const credentials = {
  apiKey: { what: 'the API key', key: 'key' },
  region: { what: 'the region secret', key: 'secret' },
} as const;

/** Prints it, and nothing else, on standard output. @throws Failure that says what is pending */
export async function credential(which: keyof typeof credentials, options: CredentialOptions, transport?: Transport): Promise<void> {
  const kubernetes = await ours(options, transport);
  const { what, key } = credentials[which];
  const name = options.secret ?? (await installed(kubernetes))?.secrets[which] ?? usualSecrets[which];
  const attempt = async (): Promise<Attempt<string>> => {
    const secret = await kubernetes.secret(name);
    const value = secret?.data[key];
    if (value) return { value };
    if (secret !== undefined) throw new Failure(`the Secret ${name} has no key "${key}" (it has ${Object.keys(secret.data).join(', ') || 'none'})`);
    const [jobs, pods] = await Promise.all([kubernetes.list('jobs', partOfMaas), kubernetes.list('pods', partOfMaas)]);
    const nothing = jobs.length + pods.length === 0;
    if (nothing && !options.wait) throw new Failure(`there is no MAAS in namespace ${kubernetes.namespace}; maas-k8s up makes one, -n names another namespace`);
    return { reason: nothing ? `there is no MAAS in namespace ${kubernetes.namespace} yet` : `the region is still starting: ${pending({ jobs, pods })}` };
  };
  const value = options.wait ? await persist(attempt, { what: `${what} (Secret ${name})`, timeout: options.timeout, log: say }) : now(await attempt());
  process.stdout.write(`${value}\n`);
}

function now(attempt: Attempt<string>): string {
  if ('value' in attempt) return attempt.value;
  throw new Failure(attempt.reason);
}

/** In a pod with its own account, elsewhere as the kubeconfig says. */
async function ours(options: ClusterOptions, transport?: Transport): Promise<Kubernetes> {
  const inPod = Boolean(process.env['KUBERNETES_SERVICE_HOST']) && options.kubeconfig === undefined && options.context === undefined;
  if (transport !== undefined || inPod) return new Kubernetes(transport ?? inCluster(), options.namespace ?? usualNamespace, undefined, say);
  const way = await access(options);
  return new Kubernetes(way.transport, options.namespace ?? way.namespace ?? usualNamespace, way.endurance, say);
}
