/** Values that the schema refuses: one wrong thing each, at every place that the schema describes. */

import type { Schema } from './schema';

export interface Wrong {
  /** As people write it: rack.pools[0].name. */
  readonly path: string;
  readonly what: string;
  readonly values: object;
}

/** Puts a value where a schema's value would be, with whatever has to be around it. */
type Place = (value: unknown) => unknown;

export function wrongValues(schema: object): Wrong[] {
  return [...wrong(schema as Schema, '', (value) => value)].map(({ path, what, values }) => ({ path, what, values: values as object }));
}

function* wrong(schema: Schema, path: string, place: Place): Generator<{ path: string; what: string; values: unknown }> {
  const case_ = (what: string, value: unknown, at = path) => ({ path: at, what, values: place(value) });
  const below = (key: string): string => (path === '' ? key : `${path}.${key}`);
  const type = schema.type ?? schema.anyOf?.[0]?.type;
  if (path !== '') {
    if (type !== undefined && type !== 'string') yield case_('text', 'text');
    if (type === 'string' || type === 'boolean') yield case_('a number', 7);
    if (type === 'integer') yield case_('a fraction', (schema.minimum ?? 0) + 0.5);
    if (type !== 'array' && type !== undefined) yield case_('a list', []);
  }
  if (schema.anyOf) yield case_('another word', 'no such word');
  if (schema.minimum !== undefined) yield case_('too little', schema.minimum - 1);
  if (schema.maximum !== undefined) yield case_('too much', schema.maximum + 1);
  if (schema.pattern !== undefined) yield case_('text that does not match', ' !');
  if (schema.minLength !== undefined && schema.pattern === undefined) yield case_('too short', '');
  if (schema.maxLength !== undefined) yield case_('too long', 'a'.repeat(schema.maxLength + 1));
  if (schema.minItems !== undefined) yield case_('too few', []);
  if (schema.properties) {
    if (schema.additionalProperties === false) yield case_('an unknown key', { ...required(schema), nosuch: 1 }, below('nosuch'));
    for (const key of schema.required ?? []) if (path.endsWith(']')) yield case_('a key missing', omit(required(schema), key), below(key));
    for (const [key, child] of Object.entries(schema.properties)) yield* wrong(child, below(key), (value) => place({ ...required(schema), [key]: value }));
  }
  for (const [pattern, child] of Object.entries(schema.patternProperties ?? {})) {
    if (!new RegExp(pattern).test(' !')) yield case_('a key that does not match', { ' !': example(child) }, below(' !'));
    yield* wrong(child, below('akey'), (value) => place({ akey: value }));
  }
  if (schema.items) yield* wrong(schema.items, `${path}[0]`, (value) => place([value]));
}

/** The least that an object in a list must have; elsewhere defaults fill in. */
const required = ({ properties, required: keys = [] }: Schema): Record<string, unknown> =>
  Object.fromEntries(keys.filter((key) => !('default' in properties![key]!)).map((key) => [key, example(properties![key]!)]));

const omit = (object: Record<string, unknown>, key: string): object => Object.fromEntries(Object.entries(object).filter(([found]) => found !== key));

function example(schema: Schema): unknown {
  const { type, anyOf, minimum, pattern } = schema;
  if (anyOf) return anyOf[0]!.const;
  if (type === 'integer') return minimum ?? 0;
  if (type === 'object') return required(schema);
  return ['a', '/a', '1'].find((candidate) => new RegExp(pattern ?? '').test(candidate));
}
