import type { App } from 'cdk8s';
import { Bootstrap } from './bootstrap';
import { Database } from './database';
import { Namespace } from './namespace';
import { Racks } from './rack';
import { Region } from './region';
import { Registration } from './registration';

/** MAAS: everything that runs on the cluster, in the order in which it is applied. */
export function maas(app: App): void {
  const namespace = new Namespace(app, 'namespace');
  const database = new Database(app, 'database');
  const bootstrap = new Bootstrap(app, 'bootstrap', { database });
  const region = new Region(app, 'region', { database });
  const racks = new Racks(app, 'rack');
  const registration = new Registration(app, 'registration');

  // A chain, not all pairs: cdk8s takes exponential time over the latter.
  [namespace, database, bootstrap, region, racks, registration].reduce((earlier, later) => {
    later.addDependency(earlier);
    return later;
  });
}
