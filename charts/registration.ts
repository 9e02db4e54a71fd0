import { Chart } from 'cdk8s';
import { ApiResource } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { exitCodes } from '../cli/failure';
import { accountWith, secret } from './accounts';
import { env, podSecurity, requests, type Container } from './container';
import { images, pull } from './image';
import { ContentJob, jobPod, type JobProps } from './job';
import { maasUrl, metadata, nameOf } from './labels';
import { merged, release, type Expr } from './render/expression';
import { given, product, sum, text } from './render/functions';
import { Manifest } from './render/manifest';
import { rendererOf } from './render/renderer';
import { values } from './tables/values';
import { container } from './workload';

const account = nameOf('register');
const security = { ...podSecurity, runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532 };

/** Seconds that a pod may take until its command runs. */
const start = 120;

/** @param seconds until it gives up */
const register = (seconds: number | Expr<number>): Container =>
  container(values.jobs, {
    name: 'register',
    image: images.toolbox,
    ...pull,
    args: ['register', text`--timeout=${seconds}s`],
    env: [
      env('NAMESPACE', release.namespace),
      env('MAAS_URL', maasUrl),
      env('SECRET_REGION', values.secrets.region),
      env('SECRET_API_KEY', values.secrets.apiKey),
    ],
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    resources: requests(80, 20),
  });

/** The Job that reads the shared secret and sees every rack connected to the region. */
export class Registration extends Chart {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    rendererOf(this).when(this, 'registration', given(values.rack.pools), (registration) => {
      accountWith(registration, 'registration', account, [
        {
          verbs: ['get'],
          resources: [secret(registration, 'region-secret', values.secrets.region), secret(registration, 'api-key-secret', values.secrets.apiKey)],
        },
        { verbs: ['list'], resources: [ApiResource.PODS, ApiResource.DAEMON_SETS] },
        // Only a rack's own log tells that the region has turned it away.
        { verbs: ['get'], resources: [ApiResource.custom({ apiGroup: '', resourceType: 'pods/log' })] },
      ]);
      const { timeoutSeconds } = values.registration;
      // The Job's time begins with the Job, the command's with each pod, and its last words must come first: for any pod of the first timeoutSeconds.
      const ends = { exitCode: exitCodes.timeout, deadline: sum(product(2, timeoutSeconds), start) };
      const props: JobProps = { component: 'registration', account, security, ends, container: register(timeoutSeconds) };
      new ContentJob(registration, 'job', { ...props, follows: [values.rack, values.images.rack] });
    });
  }
}

/** `helm test`: what registration does, once more and with less patience. */
export class HelmTest extends Chart {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    rendererOf(this).when(this, 'racks', given(values.rack.pools), (racks) => {
      const { spec } = jobPod({ component: 'test', account, security, container: register(60) }, 'Never');
      new Manifest(racks, 'test', 'v1/Pod', {
        metadata: {
          ...metadata('test', nameOf('test')),
          annotations: merged({ 'helm.sh/hook': 'test', 'helm.sh/hook-delete-policy': 'before-hook-creation,hook-succeeded' }, values.commonAnnotations),
        },
        spec,
      });
    });
  }
}
