/** Random values, from their schema. */

import fc, { type Arbitrary } from 'fast-check';
import type { Schema } from './schema';

/** Text that has gone wrong in templates: it looks like another type, or like an action, or like a format. */
const awkward = [
  '',
  '1',
  '1.10',
  'yes',
  'null',
  '0x1f',
  '1e6',
  '~',
  '{{ .Values }}',
  '%v %d',
  '"',
  "'",
  '\\n',
  '<a&b>',
  'a: b',
  '# no',
  '- x',
  '\u2028é😀',
  ' ',
  'line\nline',
];

/** @returns any value that the schema allows; whether a key that need not be there is there, is random */
export function arbitraryOf(given: object): Arbitrary<unknown> {
  const schema = given as Schema;
  if (schema.examples) return fc.constantFrom(...schema.examples);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(arbitraryOf));
  if ('const' in schema) return fc.constant(schema.const);
  switch (schema.type) {
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? 2_000_000_000 });
    case 'string':
      return text(schema);
    case 'array':
      return fc.array(arbitraryOf(schema.items!), { minLength: schema.minItems ?? 0, maxLength: Math.max(3, schema.minItems ?? 0) });
    case 'object':
      return object(schema);
    default:
      throw new Error(`no values for ${JSON.stringify(schema)}`);
  }
}

function text({ pattern, minLength = 0, maxLength = 63 }: Schema): Arbitrary<string> {
  if (pattern === undefined) return fc.oneof(fc.string({ minLength, maxLength: 12 }), fc.constantFrom(...awkward));
  const fits = (candidate: string): boolean => new RegExp(pattern).test(candidate) && candidate.length >= minLength && candidate.length <= maxLength;
  const fitting = awkward.filter(fits);
  const matching = fc.stringMatching(new RegExp(pattern), { size: '-1' }).filter((candidate) => fits(candidate) && !candidate.includes('\n'));
  return fitting.length > 0 ? fc.oneof(fc.constantFrom(...fitting), matching) : matching;
}

function object({ properties, patternProperties, required = [] }: Schema): Arbitrary<unknown> {
  if (patternProperties) {
    const [[pattern, value]] = Object.entries(patternProperties) as [[string, Schema]];
    return fc.dictionary(text({ pattern, minLength: 1 }), arbitraryOf(value), { maxKeys: 3, noNullPrototype: true });
  }
  const parts = Object.fromEntries(Object.entries(properties ?? {}).map(([key, child]) => [key, arbitraryOf(child)]));
  return fc.record(parts, { requiredKeys: required.filter((key) => !('default' in (properties![key] ?? {}))), noNullPrototype: true });
}
