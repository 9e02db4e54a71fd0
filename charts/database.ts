import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { account } from './accounts';
import { env, mount, podSecurity, secretMount, secretVolume } from './container';
import { kept, metadata, nameOf, selector } from './labels';
import { named, release, when, type Expr } from './render/expression';
import { given, text } from './render/functions';
import { Manifest } from './render/manifest';
import { rendererOf } from './render/renderer';
import { ports } from './tables/ports';
import { neededConnections } from './tables/connections';
import { values } from './tables/values';
import { secretFolder, volumes } from './tables/volumes';
import { container, podTemplate } from './workload';

const name = nameOf('database');

/** uid and gid of the user postgres in the official Debian-based image. */
const postgres = 999;

/**
 * Where the database is: the embedded one, or the one that the values name.
 */
export class Database extends Chart {
  readonly host: Expr<string> = named(
    'database.host',
    when(values.database.embedded, text`${name}.${release.namespace}.svc.${values.clusterDomain}`, values.database.host),
  );
  readonly port: Expr<number> = when(values.database.embedded, ports.postgres.number, values.database.port);

  constructor(scope: Construct, id: string) {
    super(scope, id);
    rendererOf(this).when(this, 'embedded', values.database.embedded, (embedded) => {
      this.embed(embedded);
    });
  }

  private embed(scope: Construct): void {
    account(scope, 'database', name);
    new Manifest(scope, 'service', 'v1/Service', {
      metadata: metadata('database', name),
      spec: { selector: selector('database'), ports: [{ name: ports.postgres.name, port: ports.postgres.number, targetPort: ports.postgres.name }] },
    });
    // A claim of its own, for the server changes the templates of a StatefulSet, and each apply would change them back.
    const claim = nameOf('database-data');
    new Manifest(scope, 'data', 'v1/PersistentVolumeClaim', {
      metadata: { ...metadata('database', claim), annotations: kept },
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: values.database.storage.size } },
        storageClassName: when(given(values.database.storage.storageClassName), values.database.storage.storageClassName),
      },
    });
    // The server is asked over TCP: while the image prepares a new database it listens on its Unix socket alone.
    const answers = ['pg_isready', '-q', '-h', '127.0.0.1', '-U'];
    new Manifest(scope, 'server', 'apps/v1/StatefulSet', {
      metadata: metadata('database', name),
      spec: {
        serviceName: name,
        replicas: 1,
        selector: { matchLabels: selector('database') },
        template: podTemplate('database', values.database, {
          serviceAccountName: name,
          automountServiceAccountToken: false,
          nodeSelector: when(given(values.database.nodeSelector), values.database.nodeSelector),
          tolerations: when(given(values.database.tolerations), values.database.tolerations),
          terminationGracePeriodSeconds: 120,
          securityContext: {
            ...podSecurity,
            runAsNonRoot: true,
            runAsUser: postgres,
            runAsGroup: postgres,
            fsGroup: postgres,
            fsGroupChangePolicy: 'OnRootMismatch',
          },
          containers: [
            container(values.database, {
              name: 'postgres',
              image: values.database.image,
              imagePullPolicy: values.images.pullPolicy,
              args: ['-c', text`max_connections=${neededConnections}`],
              env: [
                env('POSTGRES_USER', values.database.user),
                env('POSTGRES_DB', values.database.name),
                env('POSTGRES_PASSWORD_FILE', `${secretFolder('database')}/password`),
                env('PGDATA', `${volumes.data.path}/pgdata`),
              ],
              ports: [{ name: ports.postgres.name, containerPort: ports.postgres.number }],
              volumeMounts: [mount(volumes.data), secretMount('database')],
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
              resources: { requests: { memory: '256Mi', cpu: '100m' } },
              startupProbe: { exec: { command: [...answers, values.database.user] }, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 600 },
              readinessProbe: { exec: { command: [...answers, values.database.user] }, periodSeconds: 5, timeoutSeconds: 5 },
              // Refusing for a while (1), as during recovery, is a sign of life; only silence (2) is not.
              livenessProbe: {
                exec: { command: ['sh', '-c', 'pg_isready -q -h 127.0.0.1; [ $? -lt 2 ]'] },
                periodSeconds: 20,
                timeoutSeconds: 10,
                failureThreshold: 6,
              },
            }),
          ],
          volumes: [{ name: volumes.data.name, persistentVolumeClaim: { claimName: claim } }, secretVolume('database', values.secrets.database)],
        }),
      },
    });
  }

  /** What a container needs to reach the database; the password is a file beside it. */
  get environment() {
    return [
      env('DATABASE_HOST', this.host),
      env('DATABASE_PORT', text`${this.port}`),
      env('DATABASE_NAME', values.database.name),
      env('DATABASE_USER', values.database.user),
    ];
  }
}
