import { rules, Variables, type Environment } from '../environment';
import type { Database } from '../postgres/problem';

export interface Settings {
  readonly namespace: string;
  readonly maasUrl: string;
  /** The image that this runs in, as in the pods of regions. */
  readonly image: string;
  /** The pod that this runs in; unknown where the settings are read from the CronJob. */
  readonly pod?: string;
  readonly database: Database;
  /** Whether the database is ours, so that its password may be made up. */
  readonly embedded: boolean;
  /** Names of Secrets. */
  readonly secrets: { readonly region: string; readonly database: string; readonly admin: string; readonly apiKey: string };
  readonly admin: { readonly username: string; readonly email: string };
}

/** @throws Failure that names every bad variable */
export function readSettings(environment: Environment): Settings {
  const variables = new Variables(environment);
  const settings: Settings = {
    namespace: variables.text('NAMESPACE', rules.label),
    maasUrl: variables.text('MAAS_URL', rules.maasUrl),
    image: variables.text('REGION_IMAGE'),
    pod: environment['POD_NAME'],
    database: {
      host: variables.text('DATABASE_HOST'),
      port: variables.number('DATABASE_PORT', rules.port),
      name: variables.text('DATABASE_NAME'),
      user: variables.text('DATABASE_USER'),
    },
    embedded: variables.boolean('DATABASE_EMBEDDED'),
    secrets: {
      region: variables.text('SECRET_REGION', rules.subdomain),
      database: variables.text('SECRET_DATABASE', rules.subdomain),
      admin: variables.text('SECRET_ADMIN', rules.subdomain),
      apiKey: variables.text('SECRET_API_KEY', rules.subdomain),
    },
    admin: { username: variables.text('ADMIN_USERNAME'), email: variables.text('ADMIN_EMAIL') },
  };
  variables.finish();
  return settings;
}
