import { code, table } from '../render/markdown';
import { entries, type ValueEntry } from '../render/package';
import { valuesSchema } from '../tables/values';
import { allowed, defaults } from '../tables/valuesfile';

/** What may be set in each element of a list. What has no text of its own is as Kubernetes has it. */
const elements = ({ path, schema }: ValueEntry): ValueEntry[] =>
  entries((schema as { readonly items?: object }).items ?? {}, {}, `${path}[]`).filter(({ description }) => description !== '');

const row = ({ path, default: value, schema, description }: ValueEntry): string[] => [
  code(path),
  value === undefined ? '' : code(JSON.stringify(value)),
  // A pattern is code.
  allowed(schema as never).replace(/(?<=that matches ).*/, code),
  description,
];

const section = (key: string, description: string, found: readonly ValueEntry[]): string =>
  `## ${key}\n\n${description}\n\n${table(['Value', 'Default', 'Allowed', 'Meaning'], found.flatMap((entry) => [entry, ...elements(entry)]).map(row))}`;

export function valuesReference(): string {
  const found = entries(valuesSchema, defaults());
  const groups = Object.entries(valuesSchema.properties as Record<string, { readonly description?: string; readonly properties?: object }>).filter(
    ([, { properties }]) => properties,
  );
  const sections = [
    section(
      'General',
      'Values that belong to no part.',
      found.filter(({ path }) => !path.includes('.')),
    ),
    ...groups.map(([key, { description }]) =>
      section(
        key,
        description!,
        found.filter(({ path }) => path.startsWith(`${key}.`)),
      ),
    ),
  ];
  return `# Values

What may be set, in \`values.yaml\` for \`cdk8s synth\` and for Helm alike (\`namespace\` is the release's there). Maps are merged with the defaults, lists replace them. What is not allowed is refused, with its path.

${sections.join('\n')}`;
}
