/** Random sets of values that are allowed. */

import fc from 'fast-check';
import { helmSchema } from '../../charts/helm';
import { parts } from '../../charts/tables/rules';
import { checkValues, ValuesError } from '../../charts/tables/valuesfile';
import { arbitraryOf } from './arbitrary';

type Data = Record<string, any>;

const arbitrary = arbitraryOf(helmSchema) as fc.Arbitrary<Data>;

/** Random values seldom agree with each other; these are made to, as far as the rules for them go. */
function plausible(values: Data): Data {
  const { rack, region, images, database } = values as { rack?: Data; region?: Data; images?: Data; database?: Data };
  rack?.pools?.forEach((pool: Data, n: number) => {
    Object.assign(pool, { name: `${String(n)}${String(pool.name)}`.slice(0, 40), nodeSelector: { ...pool.nodeSelector, zone: String(n) } });
  });
  region?.members?.forEach((member: Data, n: number) => {
    member.name = `${String(n)}${String(member.name)}`.slice(0, 40);
  });
  if (region?.service?.nodePort > 0) region!.service = { ...region!.service, nodePort: 30000 + (region!.service.nodePort % 2768), type: 'NodePort' };
  for (const image of [images?.region, images?.rack, images?.toolbox] as (Data | undefined)[]) if (image?.tag === '') image.digest = `sha256:${'a'.repeat(64)}`;
  if (database?.embedded === false) Object.assign(database, { host: 'db.internal', maxConnections: 1000 });
  if (database?.image !== undefined) database.image = `${String(database.image).replace(/[@:].*/, '')}:16`;
  for (const [part, , { containers }] of parts) {
    const owner = values[part] as Data | undefined;
    owner?.extraEnv?.forEach((variable: Data, n: number) => {
      variable.name = `${String(variable.name)}_${String(n)}`;
    });
    // An example is one object, however often it is drawn.
    if (owner?.extraVolumes) owner.extraVolumes = (owner.extraVolumes as Data[]).map((volume, n) => ({ ...volume, name: `extra-${String(n)}` }));
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
