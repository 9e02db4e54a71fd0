/** What `helm install` says at its end: what to do next. */

import { maasUrl } from './labels';
import { podSecurityLevel } from './namespace';
import { each, release, when } from './render/expression';
import { exceeds, given, length, not, text } from './render/functions';
import { ports } from './tables/ports';
import { values } from './tables/values';

const kubectl = text`  kubectl -n ${release.namespace}`;
const many = exceeds(length(values.region.members), 1);

export const notes: readonly unknown[] = [
  text`MAAS is being started in the namespace ${release.namespace}: a minute or two for a new database. See it done:`,
  '',
  // Not every Job: what maas-reconcile makes may have failed before, and nobody needs it.
  text`${kubectl} wait job -l 'app.kubernetes.io/part-of=maas,app.kubernetes.io/component in (bootstrap,registration)' --for=condition=complete --timeout=15m`,
  text`  helm test ${release.name} -n ${release.namespace}`,
  '',
  'Then the user interface, and the administrator’s password:',
  '',
  text`${kubectl} port-forward service/${values.fullnameOverride}-region ${ports.api.number}`,
  text`  http://localhost:${ports.api.number}/MAAS/`,
  text`${kubectl} get secret ${values.secrets.admin} -o go-template='{{ .data.password | base64decode }}{{ "\\n" }}'`,
  '',
  text`Racks and machines reach the region at ${maasUrl}.`,
  when(not(given(values.maasUrl)), ['Only this cluster knows that name. For machines, give an address of the region from outside as maasUrl.']),
  when(
    given(values.rack.pools),
    [
      text`Racks run on the host’s network, on the nodes of each pool:`,
      each(values.rack.pools, (pool) => text`  ${pool.name}`),
      text`Where Pod Security is enforced, the namespace must allow that; only the racks’ account may use it:`,
      text`  kubectl label namespace ${release.namespace} pod-security.kubernetes.io/enforce=${podSecurityLevel}`,
    ],
    ['There are no racks: rack.pools is empty.'],
  ),
  when(values.database.embedded, ['The database is the embedded one. For production give database.host of one that is looked after.']),
  when(not(many), ['There is one region member. Others are entries of region.members.']),
  '',
  'helm uninstall leaves what holds data and the region’s identity; delete it by hand when all is to be gone:',
  text`  Secrets ${values.secrets.region}, ${values.secrets.database}, ${values.secrets.admin}, ${values.secrets.apiKey}`,
  when(
    values.database.embedded,
    [text`  volume claims ${values.fullnameOverride}-database-data, ${values.fullnameOverride}-region-<member>-images`],
    [text`  volume claims ${values.fullnameOverride}-region-<member>-images, and the external database`],
  ),
];
