import type { App } from 'cdk8s';
import { Bootstrap } from './bootstrap';
import { Database } from './database';
import { Extra } from './extra';
import { Admission, Namespace } from './namespace';
import { Racks } from './rack';
import { Region } from './region';
import { Registration } from './registration';

/**
 * MAAS: everything that runs on the cluster, in the order in which it is applied.
 *
 * @param namespace whether the namespace is one of the objects: a Helm release is put into one that is there
 */
export function maas(app: App, { namespace }: { readonly namespace: boolean }): void {
  const first = namespace ? [new Namespace(app, 'namespace')] : [];
  const admission = new Admission(app, 'admission');
  const database = new Database(app, 'database');
  const bootstrap = new Bootstrap(app, 'bootstrap', { database });
  const region = new Region(app, 'region', { database });
  const racks = new Racks(app, 'rack');
  const registration = new Registration(app, 'registration');
  const extra = new Extra(app, 'extra');

  // A chain, not all pairs: cdk8s takes exponential time over the latter.
  [...first, admission, database, bootstrap, region, racks, registration, extra].reduce((earlier, later) => {
    later.addDependency(earlier);
    return later;
  });
}
