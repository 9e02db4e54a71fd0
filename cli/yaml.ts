import { stringify } from 'yaml';

/** YAML that versions 1.1 (MAAS: PyYAML) and 1.2 read alike: 1.1 would take a bare `on` for true, and `12:30` for 750. */
export const printYaml = (value: unknown): string => stringify(value, { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN', lineWidth: 0 });
