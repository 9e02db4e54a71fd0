import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { accountWith, ApiResource, secret } from './accounts';
import { env, maasCommand, podSecurity, requests } from './container';
import type { Database } from './database';
import { imageOf, pull } from './image';
import { ContentJob, jobPod } from './job';
import { labels, maasUrl } from './labels';
import { text } from './render/expression';
import { Manifest } from './render/manifest';
import { values } from './tables/values';

/**
 * The Job that has to end before a region starts: secrets, schema, the seed of the region secret; then the
 * administrator and the API key. It runs MAAS's own maas-region, so it runs the region image.
 */
export class Bootstrap extends Chart {
  constructor(scope: Construct, id: string, { database }: { readonly database: Database }) {
    super(scope, id);
    const name = 'maas-bootstrap';
    accountWith(this, 'bootstrap', name, [
      // Kubernetes cannot limit "create" to names.
      { verbs: ['create'], resources: [ApiResource.SECRETS] },
      {
        verbs: ['get', 'patch', 'update'],
        resources: [
          secret(this, 'region-secret', values.secrets.region),
          secret(this, 'database-secret', values.secrets.database),
          secret(this, 'admin-secret', values.secrets.admin),
          secret(this, 'api-key-secret', values.secrets.apiKey),
        ],
      },
      // A migration waits for the regions of another version to end.
      { verbs: ['list'], resources: [ApiResource.PODS] },
    ]);
    const container = {
      name: 'bootstrap',
      image: imageOf(values.images.region),
      ...pull,
      command: ['maas-k8s', 'bootstrap'],
      env: [
        env('NAMESPACE', values.namespace),
        env('MAAS_URL', maasUrl),
        env('REGION_IMAGE', imageOf(values.images.region)),
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
    };
    new ContentJob(this, 'job', { component: 'bootstrap', name, container, security: podSecurity });
    // The same again from time to time: a Secret that somebody has deleted is made again from what the database knows.
    new Manifest(this, 'reconcile', 'batch/v1/CronJob', {
      metadata: { name: 'maas-reconcile', namespace: values.namespace, labels: labels('reconcile') },
      spec: {
        schedule: '*/10 * * * *',
        concurrencyPolicy: 'Forbid',
        successfulJobsHistoryLimit: 1,
        failedJobsHistoryLimit: 1,
        jobTemplate: {
          spec: {
            backoffLimit: 0,
            template: { metadata: { labels: labels('reconcile') }, spec: jobPod({ account: name, container, security: podSecurity, restartPolicy: 'Never' }) },
          },
        },
      },
    });
  }
}
