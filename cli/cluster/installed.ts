/** What MAAS was installed with, from the objects on the cluster: values may have renamed Secrets and moved the database. */

import { readSettings, type Settings } from '../bootstrap/settings';
import type { Kubernetes } from '../kubernetes/kubernetes';
import { partOfMaas } from '../kubernetes/kubernetes';
import type { CronJob, DaemonSet } from '../kubernetes/types';

const reconcile = `${partOfMaas},app.kubernetes.io/component=reconcile`;

interface Variable {
  readonly name: string;
  readonly value?: string;
}

/** The plain variables of a container. */
const environmentOf = (variables: readonly Variable[] = []): Record<string, string> =>
  Object.fromEntries(variables.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])));

/** The CronJob that runs bootstrap again and again; it has everything that bootstrap is told. */
export async function reconciler(kubernetes: Kubernetes): Promise<CronJob | undefined> {
  return (await kubernetes.list('cronjobs', reconcile))[0];
}

/** @returns undefined where no region is installed */
export async function installed(kubernetes: Kubernetes): Promise<Settings | undefined> {
  const job = await reconciler(kubernetes);
  return job && settingsIn(job);
}

export function settingsIn(job: CronJob): Settings | undefined {
  const container = job.spec?.jobTemplate.spec?.template.spec?.containers[0];
  return container && readSettings(environmentOf(container.env));
}

/** Where a pool's racks enrol, and with which Secret. */
export function enrolment({ spec }: DaemonSet): { readonly url: string | undefined; readonly secret: string | undefined } {
  const pod = spec?.template.spec;
  const { MAAS_URL: url } = environmentOf(pod?.initContainers?.[0]?.env);
  return { url, secret: pod?.volumes?.find(({ name }) => name === 'secret-region')?.secret?.secretName };
}
