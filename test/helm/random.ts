/** Random sets of values that are allowed. */

import fc from 'fast-check';
import { helmSchema } from '../../charts/helm';
import { parts } from '../../charts/tables/rules';
import { checkValues, ValuesError } from '../../charts/tables/valuesfile';
import { arbitraryOf } from './arbitrary';

type Data = Record<string, any>;

const arbitrary = arbitraryOf(helmSchema) as fc.Arbitrary<Data>;

/** A toleration as Kubernetes takes it. */
function agree(toleration: Data): void {
  if (toleration.key === undefined) toleration.operator = 'Exists';
  if (toleration.operator === 'Exists') delete toleration.value;
  if (toleration.tolerationSeconds !== undefined) toleration.effect = 'NoExecute';
}

/** Random values seldom agree with each other; these are made to, as far as the rules for them go. */
function plausible(values: Data): Data {
  const { rack, region, images, database } = values as { rack?: Data; region?: Data; images?: Data; database?: Data };
  rack?.pools?.forEach((pool: Data, n: number) => {
    ((pool.tolerations ?? []) as Data[]).forEach(agree);
    Object.assign(pool, { name: `${String(n)}${String(pool.name)}`.slice(0, 40), nodeSelector: { ...pool.nodeSelector, zone: String(n) } });
  });
  region?.members?.forEach((member: Data, n: number) => {
    member.name = `${String(n)}${String(member.name)}`.slice(0, 40);
  });
  if (region?.service?.nodePort > 0) region!.service = { ...region!.service, nodePort: 30000 + (region!.service.nodePort % 2768), type: 'NodePort' };
  for (const image of [images?.region, images?.rack, images?.toolbox] as (Data | undefined)[]) if (image?.tag === '') image.digest = `sha256:${'a'.repeat(64)}`;
  if (region?.service?.loadBalancerIP) region.service = { ...region.service, type: 'LoadBalancer' };
  if (database?.embedded === false) Object.assign(database, { host: 'db.internal', maxConnections: 1000 });
  if (database?.image !== undefined) database.image = `${String(database.image).replace(/[@:].*/, '')}:16`;
  for (const [part, , { containers }] of parts) {
    const owner = values[part] as Data | undefined;
    owner?.extraEnv?.forEach((variable: Data, n: number) => {
      variable.name = `${String(variable.name)}_${String(n)}`;
      if (variable.valueFrom) delete variable.value;
    });
    // An example is one object, however often it is drawn.
    if (owner?.extraVolumes) owner.extraVolumes = (owner.extraVolumes as Data[]).map((volume, n) => ({ ...volume, name: `extra-${String(n)}` }));
    const volumes = (owner?.extraVolumes ?? []) as Data[];
    if (owner?.extraVolumeMounts)
      owner.extraVolumeMounts = (owner.extraVolumeMounts as Data[])
        .slice(0, volumes.length)
        .map((mount, n) => ({ ...mount, name: volumes[n]!.name as string, mountPath: `${String(mount.mountPath)}-${String(n)}` }));
    owner?.topologySpreadConstraints?.forEach((constraint: Data) => {
      constraint.labelSelector ??= { matchLabels: { 'app.kubernetes.io/name': 'maas' } };
    });
    ((owner?.tolerations ?? []) as Data[]).forEach(agree);
    if (owner?.resources)
      owner.resources = Object.fromEntries(Object.values(owner.resources as Data).map((value, n) => [containers[n % containers.length]!, value]));
  }
  return values;
}

function isValid(values: object): boolean {
  try {
    checkValues(values, 'random');
    return true;
  } catch (error) {
    if (!(error instanceof ValuesError)) throw error;
    return false;
  }
}

/** As many as wanted; the same seed gives the same ones. */
export function randomValues(count: number, seed: number): object[] {
  const found: object[] = [];
  for (let round = 0; found.length < count; round++) {
    if (round > 20) throw new Error(`only ${String(found.length)} of ${String(round * count)} random sets of values are allowed`);
    found.push(
      ...fc
        .sample(arbitrary, { numRuns: count, seed: seed + round })
        .map(plausible)
        .filter(isValid),
    );
  }
  return found.slice(0, count);
}
