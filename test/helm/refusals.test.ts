/** What one output refuses, the other refuses, too: with the same path, and rules in the same words. */

import fc from 'fast-check';
import { helmSchema } from '../../charts/helm';
import { dotted } from '../../charts/tables/pointer';
import { readValues, ValuesError } from '../../charts/tables/valuesfile';
import { refusedByRules } from '../tables/refused';
import { chart, many, template } from './chart';
import { wrongValues } from './wrong';

jest.setTimeout(60_000);

function problems(values: object): readonly string[] {
  try {
    readValues(JSON.stringify(values), 'values');
    return [];
  } catch (error) {
    if (!(error instanceof ValuesError)) throw error;
    return error.problems;
  }
}

const below = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);

/** The path in one line of what Helm says about a schema. */
function pathIn(line: string): string | undefined {
  const [, pointer, reason] = /^\s*- at '([^']*)': (.*)$/.exec(line) ?? [];
  if (pointer === undefined || reason === undefined || reason === 'validation failed') return undefined;
  const key = /^(?:additional properties|missing property) '([^']*)'/.exec(reason)?.[1];
  return key === undefined ? dotted(pointer) : below(dotted(pointer), key);
}

const seed = Date.now();
const all = wrongValues(helmSchema);
/** Others at each run: Helm takes ten seconds for all of them. */
const wrong = process.env.WRONG === 'all' ? all : fc.sample(fc.shuffledSubarray(all, { minLength: 240, maxLength: 240 }), { numRuns: 1, seed })[0]!;

test(`${String(wrong.length)} of ${String(all.length)} sets of values with one wrong thing are refused by both, at the same path; from seed ${String(seed)}`, async () => {
  const { folder, names } = many(wrong.length, (path) => !path.startsWith('templates/'));
  const { code, stderr } = await template(folder, Object.fromEntries(wrong.map(({ values }, n) => [names[n]!, values])));
  expect(code).not.toBe(0);
  const said = new Map(stderr.split(/^(?=set\d+:$)/m).map((part) => [part.slice(0, part.indexOf(':')), part.split('\n').slice(1)]));
  const answers = wrong.map(({ path, what, values }, n) => {
    const synth = [...new Set(problems(values).map((problem) => problem.slice(0, problem.indexOf(': '))))];
    const helm = [...new Set((said.get(names[n]!) ?? []).map(pathIn).filter((found) => found !== undefined))];
    return { path, what, synth, helm };
  });
  expect(answers).toEqual(wrong.map(({ path, what }) => ({ path, what, synth: [path], helm: [path] })));
});

test('what a rule refuses, both refuse in the same words', async () => {
  const folder = chart();
  for (const [name, values, path] of refusedByRules) {
    const expected = problems(values);
    const { code, stderr } = await template(folder, values);
    expect({
      name,
      code,
      said: stderr
        .split('\n')
        .filter((line) => line.startsWith('  '))
        .map((line) => line.trim()),
    }).toEqual({ name, code: 1, said: expected });
    expect(expected.some((problem) => problem.startsWith(`${path}: `))).toBe(true);
  }
});
