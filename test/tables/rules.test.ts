import { checkValues, ValuesError } from '../../charts/tables/valuesfile';
import { refusedByRules } from './refused';

function refused(overlay: object): readonly string[] {
  try {
    checkValues(overlay, 'test');
    return [];
  } catch (error) {
    if (!(error instanceof ValuesError)) throw error;
    return error.problems;
  }
}

const pool = (name: string, nodeSelector: object = {}) => ({ name, nodeSelector });

test.each(refusedByRules)('%s is refused', (_name, overlay, path) => {
  expect(refused(overlay)).toEqual([
    expect.stringMatching(new RegExp(`^${path.replace(/[[\].]/g, '\\$&')}: .*; .+|^${path.replace(/[[\].]/g, '\\$&')}: .*is outside of`)),
  ]);
});

test('all that is wrong is said at once', () => {
  expect(refused({ images: { rack: { tag: 'latest' } }, database: { embedded: false }, region: { members: [{ name: 'a' }, { name: 'a' }] } })).toHaveLength(4);
});

test('what is near to a mistake and none is let through', () => {
  for (const overlay of [
    { database: { embedded: false, host: 'db', maxConnections: 80 } },
    { database: { embedded: false, host: 'example-db.corp' } },
    { images: { rack: { tag: '', digest: `sha256:${'0'.repeat(64)}` } } },
    { database: { image: `postgres@sha256:${'0'.repeat(64)}` } },
    { rack: { pools: [pool('x', { zone: 'a', 'node-role.kubernetes.io/rack': '' }), pool('y', { zone: 'b' }), pool('z', { zone: '' })] } },
    { maasUrl: 'http://maas.prefix-metal.corp:5240/MAAS', images: { registry: 'registry.exchange-media.corp:5000/maas_images/x__y' } },
    { database: { embedded: false, host: 'db', name: 'maas-db', user: 'maas-user' } },
    { secrets: { database: 'maas.maas-db.credentials.postgresql.acid.zalan.do', admin: 'a'.repeat(253) } },
    { maasUrl: 'http://maas.svc.corp.internal:5240/MAAS' },
    { maasUrl: 'http://10.0.0.1:5240/MAAS' },
    { maasUrl: 'http://maas-region.maas.svc:5240/MAAS', rack: { dhcp: { enabled: false } } },
    { maasUrl: 'http://maas-region.maas.svc:5240/MAAS', rack: { pools: [] } },
    { region: { service: { type: 'NodePort', nodePort: 30000 }, resources: { 'dns-keys': {}, services: {}, regiond: {} } } },
    { fullnameOverride: 'm'.repeat(20), region: { members: [{ name: 'n'.repeat(35) }] } },
  ])
    expect([overlay, refused(overlay)]).toEqual([overlay, []]);
});
