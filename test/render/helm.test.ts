/** What the Helm renderer prints is what the plain renderer evaluates: each case once through a real `helm template`. */

import { join } from 'node:path';
import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { loadAll } from 'js-yaml';
import { each, entry, merged, named, references, release, when, type Expr, type Scope } from '../../charts/render/expression';
import {
  among,
  both,
  differ,
  digest,
  either,
  equals,
  exceeds,
  fallback,
  fieldOf,
  given,
  joined,
  keysBeside,
  keysMatching,
  length,
  lowerCase,
  matches,
  not,
  present,
  product,
  sum,
  text,
} from '../../charts/render/functions';
import { HelmApp } from '../../charts/render/helm';
import { Manifest } from '../../charts/render/manifest';
import { PlainApp, rendererOf } from '../../charts/render/renderer';
import { helm } from '../helm/binaries';
import { run, temporary, write } from '../helm/chart';

const strings = { type: 'object', additionalProperties: { type: 'string' } };
const schema = {
  type: 'object',
  properties: {
    version: { type: 'string' },
    port: { type: 'integer' },
    large: { type: 'integer' },
    on: { type: 'boolean' },
    empty: { type: 'string' },
    labels: strings,
    more: strings,
    list: { type: 'array', items: { type: 'string' } },
    nothing: { type: 'array', items: { type: 'string' } },
    pools: {
      type: 'array',
      items: { type: 'object', properties: { name: { type: 'string' }, size: { type: 'integer' }, on: { type: 'boolean' }, labels: strings } },
    },
    // Names that are functions or methods somewhere.
    title: { type: 'string' },
    default: { type: 'string' },
    with: { type: 'object', properties: { toString: { type: 'string' } } },
  },
};

interface Values {
  readonly version: string;
  readonly port: number;
  readonly large: number;
  readonly on: boolean;
  readonly empty: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly more: Readonly<Record<string, string>>;
  readonly list: readonly string[];
  readonly nothing: readonly string[];
  readonly pools: readonly { readonly name: string; readonly size: number; readonly on: boolean; readonly labels: Readonly<Record<string, string>> }[];
  readonly title: string;
  readonly default: string;
  readonly with: { readonly toString: string };
}

const values: Values = {
  version: '1.10',
  port: 8080,
  large: 2_000_000_000,
  on: true,
  empty: '',
  labels: { 'app.kubernetes.io/x-y': 'yes', number: '017', brace: '{{ .Values.port }}', html: '<a href="x">&' },
  more: { extra: 'é\u2028', number: 'not taken' },
  list: ['a b', "it's", '"', '\\n', '# no', '%d %v'],
  nothing: [],
  pools: [
    { name: 'left', size: 1, on: true, labels: { zone: 'a', worker: '' } },
    { name: 'right', size: 22, on: false, labels: { zone: 'b', worker: '' } },
  ],
  title: 'Title',
  default: 'null',
  with: { toString: 'text' },
};

const v = references<Values>(schema);

/** Renders the fields of an object both ways. */
async function bothWays(body: Readonly<Record<string, unknown>>): Promise<{ readonly plain: unknown; readonly helm: unknown; readonly template: string }> {
  const build = (app: PlainApp | HelmApp): void => {
    new Manifest(new Chart(app, 'chart'), 'case', 'v1/Service', { metadata: { name: 'case' }, spec: body });
  };
  const scope: Scope = { values, release: { Name: 'release', Namespace: 'space' } };
  const plain = new PlainApp(scope);
  build(plain);
  const app = new HelmApp('case');
  build(app);
  const template = app.templates().get('chart.yaml')!;
  const folder = write(
    temporary(),
    new Map([
      ['Chart.yaml', '{ "apiVersion": "v2", "name": "case", "version": "0.0.0" }'],
      ['values.yaml', JSON.stringify(values)],
      [join('templates', 'chart.yaml'), template],
      [join('templates', '_names.tpl'), app.namedTemplates()],
    ]),
  );
  const { code, stdout, stderr } = await run(helm[4](), ['template', 'release', folder, '--namespace', 'space']);
  if (code !== 0) throw new Error(`${stderr}\n${template}`);
  const [object] = loadAll(stdout) as { spec: unknown }[];
  return { plain: (plain.charts[0]!.toJson()[0] as { spec: unknown }).spec, helm: object!.spec, template };
}

const never = equals(v.port, 1);

const cases: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'strings keep their type, whatever they look like': {
    a: v.version,
    b: v.default,
    c: text`${v.version}`,
    d: 'yes',
    e: '1e6',
    f: '',
    g: '017',
    h: '- x',
    i: 'a: b # c',
    j: v.empty,
  },
  'actions in text are text': { a: 'x {{ .Values.port }} y', b: v.labels, '{{ key }}': 1, c: text`{{ ${v.version} }}`, d: ['{{ item }}'] },
  'formats in text are text': { a: text`100 % ${v.version} %d %s`, b: text`${'%v'} ${v.port}`, c: v.list },
  'numbers stay whole': {
    a: v.large,
    b: text`${v.large} of ${v.port}`,
    c: sum(v.large, 1),
    d: product(v.port, 2, length(v.list)),
    e: equals(v.port, 8080),
    f: exceeds(v.large, v.port),
  },
  'several lines, and characters that other languages mind': {
    a: 'one\ntwo',
    b: v.more,
    c: '\u2028',
    d: '\ttab',
    e: (v.with as unknown as { readonly toString: Expr<string> }).toString,
    f: v.title,
  },
  'fields under a condition': { first: when(never, 1), second: when(v.on, { deep: when(v.on, v.port), other: 2 }), last: 3 },
  'one or the other': {
    a: when(v.on, 'x', 'y'),
    b: when(never, { x: 1 }, { y: when(v.on, 2, 3) }),
    c: when(never, [1], ['z']),
    d: text`${when(never, 'x', v.version)}!`,
  },
  'elements under a condition': { list: [when(never, 'gone'), 'first', when(v.on, { name: v.title }), when(never, { a: 1 }, { b: 2 })] },
  'elements that begin with a condition': {
    list: [
      { first: when(never, 1), second: 2 },
      { first: when(v.on, 1), second: 2 },
    ],
  },
  'a loop over strings, and one over structures': {
    list: ['first', each(v.list, (item) => item), 'last'],
    pools: [
      '',
      each(v.pools, (pool) => ({ name: pool.name, size: text`${pool.size}Gi`, labels: when(given(pool.labels), pool.labels), on: when(pool.on, true) })),
    ],
  },
  'a loop in a loop over the same list': {
    all: [
      '',
      each(v.pools, (outer) => ({ name: outer.name, others: ['', each(v.pools, (inner) => when(not(equals<string>(inner.name, outer.name)), inner.name))] })),
    ],
  },
  'maps with entries of others': {
    a: merged({ own: 1 as never }, v.labels),
    b: merged({ own: v.port as never }, v.labels, v.more),
    c: when(given(v.more), merged({}, v.more, v.labels)),
  },
  'entries that may be there': {
    a: when(given(entry(v.labels, 'app.kubernetes.io/x-y')), entry(v.labels, 'app.kubernetes.io/x-y'), 'none'),
    b: when(given(entry(v.labels, 'gone')), 'there', 'none'),
  },
  'functions of strings': {
    a: fallback(v.empty, '', v.title, 'x'),
    b: fallback(v.empty, 'x'),
    c: lowerCase(v.title),
    d: matches(v.title, '^T[a-z]+$'),
    e: matches(v.version, text`^${v.version}$`),
    f: joined(v.list),
  },
  'functions of conditions': { a: both(v.on, not(never)), b: either(never, given(v.empty)), c: not(given(v.nothing)), d: given(v.labels), e: not(not(v.on)) },
  'functions of keys': {
    a: keysBeside(v.labels, ['number', 'html']),
    b: keysMatching(v.labels, '(app\\.|b).*'),
    c: differ(v.labels, v.more),
    d: differ(v.more, v.more),
  },
  'functions of lists': {
    a: among(v.title, ['x', 'Title']),
    b: among(v.title, ['"Title"']),
    c: among(text`a ${'b'}`, v.list),
    d: fieldOf(v.pools, 'name'),
    e: among(v.title, fieldOf(v.pools, 'name')),
    f: ['', each(v.pools, (pool) => among(pool.name, fieldOf(v.pools, 'name')))],
    g: among(v.title, []),
    h: among(v.title, v.nothing),
  },
  'what need not be there': { a: present(v.title), b: present(v.empty), c: present(entry(v.labels, 'number')), d: present(entry(v.labels, 'gone')) },
  'an element’s functions': { list: ['', each(v.pools, (pool) => differ(pool.labels, references<Values>(schema).labels))] },
  'names and digests': {
    a: named('case.url', text`http://${v.title}:${v.port}`),
    b: sum(named('case.port', when(v.on, v.port, 1)), 1),
    c: digest({ x: v.labels, y: when(v.on, v.large), z: ['', each(v.pools, (pool) => pool.name)], n: release.namespace }),
    d: release.name,
  },
  'nothing and little': { a: {}, b: [], c: [{}], d: null, e: undefined, f: 0, g: false, h: [undefined, 1] },
};

test.each(Object.entries(cases))('%s', async (_name, body) => {
  const { plain, helm: rendered } = await bothWays(body);
  expect(rendered).toEqual(plain);
});

test('a template reads like one that a person has written', async () => {
  const { template } = await bothWays({
    name: when(both(v.on, not(never)), text`${release.name}-x`),
    pools: ['a', each(v.pools, (pool) => ({ name: pool.name, labels: when(given(pool.labels), pool.labels) }))],
  });
  expect(template).toBe(`---
apiVersion: v1
kind: Service
metadata:
  name: case
spec:
  {{- if and $.Values.on (not (eq (int64 $.Values.port) 1)) }}
  name: {{ printf "%v-x" $.Release.Name | toJson }}
  {{- end }}
  pools:
    - a
    {{- range $pool := $.Values.pools }}
    - name: {{ $pool.name | toJson }}
      {{- if $pool.labels }}
      labels: {{ $pool.labels | toJson }}
      {{- end }}
    {{- end }}
`);
});

test('objects under conditions and in loops', () => {
  const app = new HelmApp('case');
  const chart = new Chart(app, 'chart');
  const object = (scope: Construct, name: Expr<string>): unknown => new Manifest(scope, 'object', 'v1/Service', { metadata: { name } });
  rendererOf(chart).when(chart, 'on', v.on, (on) => {
    object(on, release.name);
    rendererOf(on).each(on, 'pool', v.pools, (scope, pool) => object(scope, pool.name));
  });
  const lines = app.templates().get('chart.yaml')!.split('\n');
  expect(lines.filter((line) => line.includes('{{') || line === '---')).toEqual([
    '{{- if $.Values.on }}',
    '---',
    '  name: {{ $.Release.Name | toJson }}',
    '{{- range $pool := $.Values.pools }}',
    '---',
    '  name: {{ $pool.name | toJson }}',
    '{{- end }}',
    '{{- end }}',
  ]);
});

test('what has no form in a template is refused, with the name of what is wrong', async () => {
  await expect(bothWays({ map: { a: when(v.on, 1) } })).rejects.toThrow(/nothing but conditional fields \(a\).*put the condition on the map/);
  await expect(bothWays({ list: [when(v.on, 1)] })).rejects.toThrow(/nothing but conditional elements/);
  await expect(bothWays({ text: text`${when(v.on, 'x') as Expr<string>}` })).rejects.toThrow(/when\(values\.on\) may be left out/);
  let escaped: Expr<string>;
  each(v.pools, (pool) => ((escaped = pool.name), 'x'));
  await expect(bothWays({ a: escaped! })).rejects.toThrow(/element of a loop is used outside of it|each\d+/);
});
