import { valuesSchema } from '../../charts/tables/values';
import { checkValues, defaults, loadValues, readValues, ValuesError } from '../../charts/tables/valuesfile';

const problemsOf = (content: string): readonly string[] => {
  try {
    readValues(content, 'values.yaml');
  } catch (error) {
    if (error instanceof ValuesError) return error.problems;
    throw error;
  }
  return [];
};

/** rack.pools[0].name, of a value. */
const nested = (path: string, value: unknown): unknown =>
  path.split('.').reduceRight<unknown>((inner, key) => (key.endsWith('[0]') ? { [key.slice(0, -3)]: [inner] } : { [key]: inner }), value);

test('the defaults are themselves allowed', () => {
  expect(checkValues(defaults(), 'defaults')).toEqual(defaults());
});

test('an empty file means the defaults', () => {
  expect(readValues('', 'values.yaml')).toEqual(defaults());
});

test('maps are merged, lists are replaced', () => {
  const values = readValues('region: { workers: 2, members: [{ name: x }, { name: y }] }', 'values.yaml');
  expect(values.region.workers).toBe(2);
  expect(values.region.members).toEqual([{ name: 'x' }, { name: 'y' }]);
  expect(values.region.service).toEqual(defaults().region.service);
});

test('every problem is reported once, with its path, the value and what is allowed', () => {
  expect(
    problemsOf(
      'region: { workers: 11, wrokers: 2, service: { type: Loadbalancer } }\nnamespace: Bad_Name\nrack: { pools: [{ name: a, nodeSelector: { x: 1 } }, { nodeSelector: {} }] }\nimages: { region: { tag: la/test } }\n',
    ),
  ).toEqual([
    'namespace: "Bad_Name" is not allowed; wanted text no longer than 40 that matches ^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
    'images.region.tag: "la/test" is not allowed; wanted text that matches ^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$',
    expect.stringMatching(/^region\.wrokers: there is no such value; region has members, workers, storage, nodeSelector, .*, ntp$/),
    'region.workers: 11 is not allowed; wanted a whole number from 1 to 10',
    'region.service.type: "Loadbalancer" is not allowed; wanted one of "ClusterIP", "NodePort", "LoadBalancer"',
    expect.stringMatching(/^rack\.pools\[0\]\.nodeSelector\.x: 1 is not allowed; wanted text/),
    expect.stringMatching(/^rack\.pools\[1\]\.name: is missing; wanted text/),
  ]);
});

test('names begin with what Services may begin with', () => {
  expect(problemsOf('fullnameOverride: 1-maas')).toEqual([expect.stringMatching(/^fullnameOverride: "1-maas" is not allowed/)]);
});

test('nothing in a list has a default: Helm would not fill it in', () => {
  const found: string[] = [];
  const walk = (schema: object, path: string, inList: boolean): void => {
    const { properties = {}, items } = schema as { readonly properties?: Readonly<Record<string, object>>; readonly items?: object };
    if (inList && 'default' in schema) found.push(path);
    for (const [key, child] of Object.entries(properties)) walk(child, `${path}.${key}`, inList);
    if (items) walk(items, `${path}[]`, true);
  };
  walk(valuesSchema, '', false);
  expect(found).toEqual([]);
});

test('YAML that cannot be read says where', () => {
  expect(problemsOf('region: [')[0]).toMatch(/line 1/);
});

test('a file that is no map is refused', () => {
  expect(problemsOf('- a')).toEqual(['must be a map of values, not ["a"]']);
});

test('a file that MAAS_VALUES names but that does not exist is an error, not the defaults', () => {
  expect(() => loadValues({ MAAS_VALUES: 'no-such-file.yaml' })).toThrow('no-such-file.yaml: 1 problem\n  the file that MAAS_VALUES names does not exist');
});

test.each([
  ['images.registry', ['https://registry.corp', 'registry.corp/', 'registry.corp//maas', '-registry', 'registry.corp/Maas', 'registry corp']],
  ['images.rack.repository', ['/maas-rack', 'maas..rack', 'maas-rack/']],
  ['database.image', ['https://registry.corp/postgres:16', 'postgres/:16']],
  ['database.host', ['db:5432', 'postgres://db', '.db', 'a b', '::1', 'db/maasdb']],
  ['database.storage.size', ['0', '0.0', '0Gi', '00', '-1', 'Gi']],
  ['region.service.loadBalancerIP', ['maas.corp', '10.0.0.1/24']],
  ['rack.leasesPath', ['/var/../etc', '/..', '/.', '/', '/var/lib/', '/var//lib', 'var']],
  ['images.pullSecrets[0].name', ['', 'Registry', 'a b']],
  ['secrets.admin', ['Admin', 'a..b', '-a', 'a'.repeat(254)]],
])('%s: texts that Kubernetes or MAAS could not use are refused', (path, texts) => {
  for (const text of texts) expect(problemsOf(JSON.stringify(nested(path, text)))).toEqual([expect.stringMatching(/ is not allowed; wanted text/)]);
});

test.each([
  ['images.registry', ['localhost', 'localhost:5000', 'registry.corp.internal:5000/mirror/a-b_c__d.e', 'ghcr.io/corp', '10.0.0.1:5000']],
  ['database.host', ['', 'db', 'maas-rw.databases.svc', '10.0.0.1', 'DB-1.corp', 'db.corp.']],
  ['database.storage.size', ['1', '0.5Gi', '20Gi', '1.5Ti', '010Mi', '100']],
  ['rack.leasesPath', ['/srv', '/var/lib/.maas/rack-1', '/a.b/.c']],
])('%s: texts that both can use are let through', (path, texts) => {
  for (const text of texts) expect([text, problemsOf(JSON.stringify(nested(path, text)))]).toEqual([text, []]);
});

test('mounts are at absolute paths that Kubernetes does not resolve', () => {
  const mounted = (mountPath: string): readonly string[] =>
    problemsOf(JSON.stringify({ region: { extraVolumes: [{ name: 'x', emptyDir: {} }], extraVolumeMounts: [{ name: 'x', mountPath }] } }));
  for (const path of ['/', '/etc/maas/', '/etc/../root', '//x', 'x', '/a:b'])
    expect(mounted(path)).toEqual([expect.stringMatching(/mountPath: ".*" is not allowed; wanted text/)]);
  for (const path of ['/x', '/etc/ssl/certs/corp.crt', '/root/.config', '/with space/é']) expect([path, mounted(path)]).toEqual([path, []]);
});
