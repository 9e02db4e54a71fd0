/** A values file laid over the defaults, and checked. */

import { existsSync, readFileSync } from 'node:fs';
import { Value, type ValueError, ValueErrorType } from '@sinclair/typebox/value';
import type { TSchema } from '@sinclair/typebox';
import { parseDocument } from 'yaml';
import { violations } from '../render/rules';
import { dotted } from './pointer';
import { rules } from './rules';
import { scopeOf, valuesSchema, type Values } from './values';

/** Everything that is wrong with a values file, one line each. */
export class ValuesError extends Error {
  constructor(
    source: string,
    readonly problems: readonly string[],
  ) {
    super([`${source}: ${String(problems.length)} ${problems.length === 1 ? 'problem' : 'problems'}`, ...problems.map((problem) => `  ${problem}`)].join('\n'));
  }
}

type Data = Readonly<Record<string, unknown>>;

const isMap = (value: unknown): value is Data => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Maps are merged, everything else is replaced, as Helm does it. */
function overlay(base: unknown, over: unknown): unknown {
  if (!isMap(base) || !isMap(over)) return over;
  return { ...base, ...Object.fromEntries(Object.entries(over).map(([key, value]) => [key, key in base ? overlay(base[key], value) : value])) };
}

export const defaults = (): Values => Value.Default(valuesSchema, {}) as Values;

/**
 * @param content YAML text
 * @param source how the file is called in messages
 * @throws ValuesError with every problem: path, value and what is allowed
 */
export function readValues(content: string, source: string): Values {
  const document = parseDocument(content, { prettyErrors: true });
  if (document.errors.length > 0)
    throw new ValuesError(
      source,
      document.errors.map((error) => error.message),
    );
  const given: unknown = document.toJS() ?? {};
  if (!isMap(given)) throw new ValuesError(source, [`must be a map of values, not ${show(given)}`]);
  return checkValues(given, source);
}

/**
 * The values that the environment asks for: those of the file that MAAS_VALUES names, else of values.yaml here, else the defaults.
 *
 * @throws ValuesError
 */
export function loadValues(environment: NodeJS.ProcessEnv): { readonly values: Values; readonly source: string } {
  const named = environment.MAAS_VALUES;
  const source = named ?? 'values.yaml';
  if (existsSync(source)) return { values: readValues(readFileSync(source, 'utf8'), source), source };
  if (named !== undefined) throw new ValuesError(named, ['the file that MAAS_VALUES names does not exist']);
  return { values: defaults(), source: 'defaults' };
}

/**
 * @param given values that differ from the defaults, or are said again
 * @throws ValuesError
 */
export function checkValues(given: object, source: string): Values {
  // Lists have no defaults inside, so this is all that there is to fill in.
  const complete = overlay(defaults(), given);
  // A missing or ill-typed field is reported as such and again for each rule it breaks: the first report is enough.
  const problems = new Map<string, string>();
  for (const error of Value.Errors(valuesSchema, complete)) if (!problems.has(error.path)) problems.set(error.path, explain(error));
  if (problems.size > 0) throw new ValuesError(source, [...problems.values()]);
  const broken = violations(rules, scopeOf(complete as Values));
  if (broken.length > 0) throw new ValuesError(source, broken);
  return complete as Values;
}

function explain({ path, value, schema, type }: ValueError): string {
  const field = dotted(path);
  if (type === ValueErrorType.ObjectAdditionalProperties) {
    const parent = dotted(path.slice(0, path.lastIndexOf('/')));
    const { properties, patternProperties } = schema as Rules;
    const known = properties ? `has ${Object.keys(properties).join(', ')}` : `has keys that match ${Object.keys(patternProperties ?? {}).join(' or ')}`;
    return `${field}: there is no such value; ${parent === '' ? 'the top level' : parent} ${known}`;
  }
  const found = type === ValueErrorType.ObjectRequiredProperty ? 'is missing' : `${show(value)} is not allowed`;
  return `${field}: ${found}; wanted ${allowed(schema)}`;
}

const show = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));

interface Rules {
  readonly properties?: object;
  readonly patternProperties?: object;
  readonly type?: string;
  readonly anyOf?: readonly { readonly const?: unknown }[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
}

const part = (text: string, value: string | number | undefined): string => (value === undefined ? '' : ` ${text} ${String(value)}`);

/** What a schema allows, in words. */
export function allowed(schema: TSchema): string {
  const rules = schema as Rules;
  if (rules.anyOf) return `one of ${rules.anyOf.map((literal) => show(literal.const)).join(', ')}`;
  switch (rules.type) {
    case 'integer':
      return `a whole number${part('from', rules.minimum)}${part('to', rules.maximum)}`;
    case 'string':
      return `text${part('no shorter than', rules.minLength)}${part('no longer than', rules.maxLength)}${part('that matches', rules.pattern)}`;
    case 'array':
      return `a list${part('no shorter than', rules.minItems)}`;
    case 'object':
      return 'a map';
    case 'boolean':
      return 'true or false';
    default:
      return JSON.stringify(schema);
  }
}
