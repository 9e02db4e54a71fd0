/** The files of a Helm chart that come from a values schema. */

import { Document, isMap, stringify, type Pair, type Scalar } from 'yaml';
import { table } from './markdown';

interface Described {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Described>>;
  readonly items?: Described;
  readonly anyOf?: readonly { readonly const?: unknown }[];
}

/** A value as a reader of the reference wants it. */
export interface ValueEntry {
  /** With dots: web.service.type. */
  readonly path: string;
  readonly type: string;
  readonly default: unknown;
  readonly description: string;
  readonly schema: object;
}

const typeOf = ({ type, anyOf, items }: Described): string =>
  anyOf ? anyOf.map((literal) => JSON.stringify(literal.const)).join(' or ') : type === 'array' ? `list of ${items?.type ?? 'string'}s` : (type ?? 'any');

/** All values below a schema, in order; groups have their parts only. */
export function entries(schema: object, values: unknown, path = ''): ValueEntry[] {
  return Object.entries((schema as Described).properties ?? {}).flatMap(([key, child]): ValueEntry[] => {
    const here = path === '' ? key : `${path}.${key}`;
    const value = (values as Readonly<Record<string, unknown>> | undefined)?.[key];
    if (child.properties) return entries(child, value, here);
    return [{ path: here, type: typeOf(child), default: value, description: child.description ?? '', schema: child }];
  });
}

/** values.yaml: the defaults, each with its text, as helm-docs reads it. */
export function valuesFile(schema: object, defaults: unknown, heading: string): string {
  const document = new Document(defaults);
  document.commentBefore = ` ${heading}`;
  const comment = (node: unknown, described: Described): void => {
    if (!isMap(node)) return;
    for (const [index, pair] of (node.items as Pair<Scalar>[]).entries()) {
      const child = described.properties?.[String(pair.key.value)];
      if (child?.description) pair.key.commentBefore = ` -- ${child.description}`;
      pair.key.spaceBefore = child?.properties !== undefined && index > 0;
      if (child) comment(pair.value, child);
    }
  };
  comment(document.contents, schema);
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/** values.schema.json. `global` is what Helm gives to every chart that is part of another. */
export function valuesSchemaFile(schema: object): string {
  const { properties, ...rest } = schema as Described;
  const global = { type: 'object', description: 'Given by Helm where this chart is part of another; not read.' };
  return `${JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', ...rest, properties: { ...properties, global } }, null, 2)}\n`;
}

/** The values as a Markdown table. */
export const valuesTable = (values: readonly ValueEntry[]): string =>
  table(
    ['Value', 'Type', 'Default', 'Meaning'],
    values.map(({ path, type, default: value, description }) => [`\`${path}\``, type, `\`${JSON.stringify(value)}\``, description]),
  );

export const chartFile = (chart: object): string => stringify(chart, { lineWidth: 0 });
