/** -o json, -o yaml, and the schema of both. */

import { Option } from 'commander';

export const forms = ['json', 'yaml', 'schema'] as const;
export type Form = (typeof forms)[number];

export const outputOption = (): Option => new Option('-o, --output <form>', 'json or yaml for programs; schema for the JSON schema of these').choices(forms);

/** Writes data to standard output. */
export async function print(form: Exclude<Form, 'schema'>, data: object): Promise<void> {
  process.stdout.write(form === 'json' ? `${JSON.stringify(data, undefined, 2)}\n` : (await import('yaml')).stringify(data, { lineWidth: 0 }));
}

export function printSchema(schema: object): void {
  process.stdout.write(`${JSON.stringify({ $schema: 'https://json-schema.org/draft/2020-12/schema', ...schema }, undefined, 2)}\n`);
}
