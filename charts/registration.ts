import { Chart } from 'cdk8s';
import { ApiResource } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { accountWith, secret } from './accounts';
import { env, podSecurity, requests } from './container';
import { imageOf, pull } from './image';
import { ContentJob } from './job';
import { maasUrl } from './labels';
import { given, text } from './render/expression';
import { rendererOf } from './render/renderer';
import { values } from './tables/values';

/** The Job that reads the shared secret and sees every rack connected to the region. */
export class Registration extends Chart {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    rendererOf(this).when(this, 'registration', given(values.rack.pools), (registration) => {
      const name = 'maas-register';
      accountWith(registration, 'registration', name, [
        {
          verbs: ['get'],
          resources: [secret(registration, 'region-secret', values.secrets.region), secret(registration, 'api-key-secret', values.secrets.apiKey)],
        },
        { verbs: ['get', 'list'], resources: [ApiResource.PODS, ApiResource.DAEMON_SETS] },
        // Only a rack's own log tells that the region has turned it away.
        { verbs: ['get'], resources: [ApiResource.custom({ apiGroup: '', resourceType: 'pods/log' })] },
      ]);
      new ContentJob(registration, 'job', {
        component: 'registration',
        name,
        follows: [values.rack, values.images.rack],
        security: { ...podSecurity, runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532 },
        container: {
          name: 'register',
          image: imageOf(values.images.toolbox),
          ...pull,
          args: ['register', text`--timeout=${values.registration.timeoutSeconds}s`],
          env: [
            env('NAMESPACE', values.namespace),
            env('MAAS_URL', maasUrl),
            env('SECRET_REGION', values.secrets.region),
            env('SECRET_API_KEY', values.secrets.apiKey),
          ],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          resources: requests(80, 20),
        },
      });
    });
  }
}
