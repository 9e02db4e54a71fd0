import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { accountWith, ApiResource, secret } from './accounts';
import { env, field, maasCommand, podSecurity, requests } from './container';
import type { Database } from './database';
import { images, pull } from './image';
import { ContentJob, jobPod } from './job';
import { maasUrl, metadata, nameOf } from './labels';
import { release } from './render/expression';
import { text } from './render/functions';
import { Manifest } from './render/manifest';
import { values } from './tables/values';
import { container } from './workload';

/**
 * The Job that has to end before a region starts: secrets, schema, the seed of the region secret; then the
 * administrator and the API key. It runs MAAS's own maas-region, so it runs the region image.
 */
export class Bootstrap extends Chart {
  constructor(scope: Construct, id: string, { database }: { readonly database: Database }) {
    super(scope, id);
    const account = nameOf('bootstrap');
    const region = secret(this, 'region-secret', values.secrets.region);
    const apiKey = secret(this, 'api-key-secret', values.secrets.apiKey);
    accountWith(this, 'bootstrap', account, [
      // Kubernetes cannot limit "create" to names.
      { verbs: ['create'], resources: [ApiResource.SECRETS] },
      // Changed when the region secret is rotated, and when MAAS no longer knows the key.
      { verbs: ['get', 'patch'], resources: [region, apiKey] },
      { verbs: ['get'], resources: [secret(this, 'database-secret', values.secrets.database), secret(this, 'admin-secret', values.secrets.admin)] },
      // A migration waits for the regions of another version to end.
      { verbs: ['list'], resources: [ApiResource.PODS] },
    ]);
    const bootstrap = container(values.jobs, {
      name: 'bootstrap',
      image: images.region,
      ...pull,
      command: ['maas-k8s', 'bootstrap'],
      env: [
        env('NAMESPACE', release.namespace),
        env('MAAS_URL', maasUrl),
        env('REGION_IMAGE', images.region),
        field('POD_NAME', 'metadata.name'),
        ...database.environment,
        env('DATABASE_EMBEDDED', text`${values.database.embedded}`),
        env('SECRET_REGION', values.secrets.region),
        env('SECRET_DATABASE', values.secrets.database),
        env('SECRET_ADMIN', values.secrets.admin),
        env('SECRET_API_KEY', values.secrets.apiKey),
        env('ADMIN_USERNAME', values.admin.username),
        env('ADMIN_EMAIL', values.admin.email),
      ],
      securityContext: maasCommand,
      resources: requests(200, 100),
    });
    new ContentJob(this, 'job', { component: 'bootstrap', account, container: bootstrap, security: podSecurity });
    // The same again from time to time: the Secret of what the database knows (region secret, API key) is made again if somebody has deleted it.
    new Manifest(this, 'reconcile', 'batch/v1/CronJob', {
      metadata: metadata('reconcile', nameOf('reconcile')),
      spec: {
        schedule: '*/10 * * * *',
        concurrencyPolicy: 'Forbid',
        successfulJobsHistoryLimit: 1,
        failedJobsHistoryLimit: 1,
        jobTemplate: {
          spec: {
            backoffLimit: 0,
            template: jobPod({ component: 'reconcile', account, container: bootstrap, security: podSecurity }, 'Never'),
          },
        },
      },
    });
  }
}
