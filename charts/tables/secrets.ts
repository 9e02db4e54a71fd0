/** Names of the Secrets where values.secrets says no other. */
export const usualSecrets = { region: 'maas-region-secret', database: 'maas-database', admin: 'maas-admin', apiKey: 'maas-api-key' } as const;
