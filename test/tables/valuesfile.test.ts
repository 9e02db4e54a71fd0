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
