/** The two outputs are one: what Helm renders for values is what `cdk8s synth` makes of them. */

import { isDeepStrictEqual } from 'node:util';
import { corpus } from '../values/corpus';
import { problems } from '../kubernetes/schema';
import { plainObjects } from '../dist/synth';
import { chart, isHook, many, namespace, parse, template, type KubernetesObject } from './chart';
import { randomValues } from './random';

jest.setTimeout(180_000);

const wanted = 500;
const batch = 50;

const byName = (found: readonly KubernetesObject[]): Record<string, KubernetesObject> =>
  Object.fromEntries(found.map((object) => [`${String(object.apiVersion)} ${String(object.kind)} ${String(object.metadata?.name)}`, object]));

/** What the plain output has, but for the namespace, which a Helm release is put into. */
const plain = (values: object): Record<string, KubernetesObject> => byName(plainObjects({ ...values, namespace }).filter(({ kind }) => kind !== 'Namespace'));

const withoutHooks = (found: readonly KubernetesObject[]): Record<string, KubernetesObject> => byName(found.filter((object) => !isHook(object)));

const folder = chart();

test.each([...corpus])('%s', async (_name, given) => {
  const values = Object.fromEntries(Object.entries(given).filter(([key]) => key !== 'namespace'));
  const { code, stdout, stderr } = await template(folder, values);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const found = [...parse(stdout).values()].flat();
  expect(withoutHooks(found)).toEqual(plain(values));
  expect(found.flatMap(problems)).toEqual([]);
});

const seed = Date.now();

test(`${String(wanted)} random sets of values, from seed ${String(seed)}`, async () => {
  const sets = randomValues(wanted, seed);
  const { folder: copies, names } = many(batch);
  const parts = Array.from({ length: wanted / batch }, (_, n) => sets.slice(n * batch, (n + 1) * batch));
  // Helm reads the next ones while these are compared. That they are allowed is known; what the schema refuses is another test.
  const render = (part: readonly object[] | undefined) =>
    part && template(copies, Object.fromEntries(names.map((name, n) => [name, part[n]])), 4, '--skip-schema-validation');
  let next = render(parts[0]);
  for (const [index, part] of parts.entries()) {
    const { code, stdout, stderr } = await next!;
    next = render(parts[index + 1]);
    if (code !== 0) throw new Error(`${stderr}\n${JSON.stringify(part)}`);
    const rendered = parse(stdout);
    names.forEach((name, n) => {
      const values = part[n]!;
      const [helm, synth] = [withoutHooks(rendered.get(name) ?? []), plain(values)];
      // Jest compares objects of this size slowly; it is asked only for the difference.
      if (!isDeepStrictEqual(helm, synth)) expect({ values, helm }).toEqual({ values, helm: synth });
    });
  }
});
