/**
 * JSON schemas of the Kubernetes API, closed ones, from what @kubernetes/client-node says of its own models: the API server drops
 * a field that it does not know, without a word. Its files are read as text, for loading all of the client takes over a second.
 */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { enums } from './enums';

const generated = join(dirname(require.resolve('@kubernetes/client-node')), 'gen');

interface Attribute {
  readonly name: string;
  readonly baseName: string;
  readonly type: string;
  readonly format: string;
}

const source = (model: string, extension: string): string => readFileSync(join(generated, 'models', `${model}${extension}`), 'utf8');

/** The fields of a model, from `V1Pod.attributeTypeMap = […]`. */
export const attributesOf = (model: string): readonly Attribute[] =>
  JSON.parse(/attributeTypeMap = (\[[\s\S]*?\n?\]);/.exec(source(model, '.js'))![1]!) as Attribute[];

/** The fields that its class declares without a question mark. */
const requiredOf = (model: string): ReadonlySet<string> => new Set([...source(model, '.d.ts').matchAll(/^ {4}'([^']+)': /gm)].map(([, name]) => name!));

const scalars: Readonly<Record<string, object>> = {
  any: {},
  boolean: { type: 'boolean' },
  Date: { type: 'string' },
  IntOrString: { type: ['integer', 'string'] },
  number: { type: 'integer' },
  object: { type: 'object' },
  string: { type: 'string' },
  V1MicroTime: { type: 'string' },
};

function typeSchema(type: string): object {
  const list = /^Array<(.*)>$/.exec(type)?.[1];
  if (list) return { type: 'array', items: typeSchema(list) };
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1];
  if (map) return { type: 'object', additionalProperties: typeSchema(map) };
  return scalars[type] ?? { $ref: type };
}

function attributeSchema(model: string, { baseName, type, format }: Attribute): object {
  if (format === 'double') return { type: 'number' };
  const schema = typeSchema(type);
  const allowed = enums[model]?.[baseName];
  if (!allowed) return schema;
  return type.startsWith('Array<') ? { ...schema, items: { enum: allowed } } : { enum: allowed };
}

/** The schema of one model; it refers to others by their names. */
export function modelSchema(model: string): object {
  const attributes = attributesOf(model);
  const required = requiredOf(model);
  return {
    $id: model,
    type: 'object',
    additionalProperties: false,
    required: attributes.filter(({ name }) => required.has(name)).map(({ baseName }) => baseName),
    properties: Object.fromEntries(attributes.map((attribute) => [attribute.baseName, attributeSchema(model, attribute)])),
  };
}

/** The models that a model's schema refers to. */
export const referredBy = (schema: object): string[] => [...JSON.stringify(schema).matchAll(/"\$ref":"(\w+)"/g)].map(([, model]) => model!);

export interface Kind {
  readonly model: string;
  readonly namespaced: boolean;
}

const capitalized = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** What makes the objects of an API version is a class of the client: RbacAuthorizationV1Api those of rbac.authorization.k8s.io/v1. */
function apiOf(apiVersion: string): string {
  const [version, group = 'core'] = apiVersion.split('/').reverse() as [string, string?];
  const name = group
    .replace(/\.k8s\.io$/, '')
    .split('.')
    .map(capitalized)
    .join('');
  return join(generated, 'apis', `${name}${capitalized(version)}Api.d.ts`);
}

/** @returns the kind, or undefined if Kubernetes has none of this name in this version of its API */
export function kindOf(apiVersion: string, kind: string): Kind | undefined {
  const api = apiOf(apiVersion);
  if (!/^\w+$/.test(kind) || !existsSync(api)) return undefined;
  const created = new RegExp(`^ {4}create(Namespaced)?${kind}\\((?:namespace: string, )?body: (\\w+),`, 'm').exec(readFileSync(api, 'utf8'));
  return created ? { model: created[2]!, namespaced: created[1] !== undefined } : undefined;
}
