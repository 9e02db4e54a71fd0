import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { accountWith, ApiResource, secret } from './accounts';
import { env, maasCommand, podSecurity, requests } from './container';
import type { Database } from './database';
import { imageOf, pull, pullSecrets } from './image';
import { ContentJob } from './job';
import { maasUrl } from './labels';
import { text } from './render/expression';
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
    new ContentJob(this, 'job', {
      component: 'bootstrap',
      name,
      pod: {
        serviceAccountName: name,
        automountServiceAccountToken: true,
        enableServiceLinks: false,
        imagePullSecrets: pullSecrets,
        restartPolicy: 'OnFailure',
        securityContext: podSecurity,
        containers: [
          {
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
          },
        ],
      },
    });
  }
}
