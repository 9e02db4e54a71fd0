/** The environment variables that the chart itself sets in the containers of a part. What users add must be called otherwise: of two with one name Kubernetes refuses, or takes the last. */

const database = ['DATABASE_HOST', 'DATABASE_PORT', 'DATABASE_NAME', 'DATABASE_USER'] as const;

export const variables = {
  region: ['PEBBLE', 'NODE_OPTIONS', 'MAAS_URL', 'POD_IP', ...database, 'DATABASE_PASSWORD_FILE', 'REGION_WORKERS', 'MAAS_DNS_DEFAULT_CONTROLS'],
  // MAAS_HOSTNAME is in the Pebble layers, as `maas-k8s config` writes them.
  rack: ['PEBBLE', 'NODE_OPTIONS', 'MAAS_URL', 'REGION_SECRET_FILE', 'NODE_NAME', 'RACK_POOL', 'RACK_CACHE_GIGABYTES', 'MAAS_HOSTNAME'],
  database: ['POSTGRES_USER', 'POSTGRES_DB', 'POSTGRES_PASSWORD_FILE', 'PGDATA'],
  jobs: [
    'NAMESPACE',
    'MAAS_URL',
    'REGION_IMAGE',
    'POD_NAME',
    ...database,
    'DATABASE_EMBEDDED',
    'SECRET_REGION',
    'SECRET_DATABASE',
    'SECRET_ADMIN',
    'SECRET_API_KEY',
    'ADMIN_USERNAME',
    'ADMIN_EMAIL',
  ],
} as const;

export type Variable = (typeof variables)[keyof typeof variables][number];
