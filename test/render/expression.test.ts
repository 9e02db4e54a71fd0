import fc from 'fast-check';
import { each, elementAt, evaluate, references, resolve, when, type Scope, type Template } from '../../charts/render/expression';
import { digest, equals, fallback, given, length, not, product, sum, text } from '../../charts/render/functions';

interface Data {
  readonly host: string;
  readonly port: number;
  readonly on: boolean;
  readonly nested: { readonly type: string };
  readonly pools: readonly { readonly name: string; readonly ready: boolean }[];
}

const schema = {
  properties: {
    host: {},
    port: {},
    on: {},
    nested: { properties: { type: {} } },
    pools: { items: { properties: { name: {}, ready: {} } } },
  },
};
const data = references<Data>(schema);
const scope: Scope = {
  values: {
    host: 'region',
    port: 5240,
    on: true,
    nested: { type: 'ClusterIP' },
    pools: [
      { name: 'left', ready: true },
      { name: 'right', ready: false },
    ],
  },
};

test('a reference gives the value at its path, whatever the name of the field', () => {
  expect(data.nested.type[evaluate](scope)).toBe('ClusterIP');
  expect(elementAt(data.pools, 1).name[evaluate](scope)).toBe('right');
});

test('an expression used as a string or a number says which one and what to do', () => {
  expect(() => 'host ' + (data.host as unknown as string)).toThrow(/^values\.host is an expression.*text`/);
  expect(() => (data.port as unknown as number) + 1).toThrow(/^values\.port is an expression/);
});

test('functions', () => {
  expect(text`http://${data.host}:${data.port}/`[evaluate](scope)).toBe('http://region:5240/');
  expect(sum(data.port, 1, product(2, length(data.pools)))[evaluate](scope)).toBe(5245);
  expect(equals(data.host, 'region')[evaluate](scope)).toBe(true);
  expect(not(data.on)[evaluate](scope)).toBe(false);
  expect(fallback('', data.host, 'other')[evaluate](scope)).toBe('region');
  expect(given(data.pools)[evaluate](scope)).toBe(true);
  expect(given(references<{ gone: string }>({ properties: { gone: {} } }).gone)[evaluate](scope)).toBe(false);
});

test('when leaves out list elements and map fields, or takes the other branch', () => {
  expect(
    resolve({ a: when(data.on, 1), b: when(not(data.on), 1), list: [when(not(data.on), 'x'), 'y'], c: when(not(data.on), 'then', 'else') }, scope),
  ).toEqual({
    a: 1,
    list: ['y'],
    c: 'else',
  });
});

test('each gives one element per element, spread into its list, with conditions of the element', () => {
  const template = ['first', each(data.pools, (pool) => when(pool.ready, text`pool-${pool.name}`)), 'last'];
  expect(resolve(template, scope)).toEqual(['first', 'pool-left', 'last']);
});

test('loops nest without mixing up their elements', () => {
  const template = each(data.pools, (outer) => ({ all: [each(data.pools, (inner) => text`${outer.name}-${inner.name}`)] }));
  expect(resolve([template], scope)).toEqual([{ all: ['left-left', 'left-right'] }, { all: ['right-left', 'right-right'] }]);
});

test('what holds no expression comes out as it went in', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(resolve(value, {})).toEqual(value);
    }),
  );
});

test('digest follows the content, not the order of keys', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (content, key) => {
      const reversed = Object.fromEntries(Object.entries(content).reverse());
      // Not what every object inherits under names such as valueOf.
      const changed = { ...content, [key]: [Object.hasOwn(content, key) ? content[key] : null] };
      expect(digest(reversed)[evaluate]({})).toBe(digest(content)[evaluate]({}));
      expect(digest(changed)[evaluate]({})).not.toBe(digest(content)[evaluate]({}));
      expect(digest(content)[evaluate]({})).toMatch(/^[0-9a-f]{8}$/);
    }),
  );
});

test('an expression of the wrong type does not compile', () => {
  // @ts-expect-error a number is no text
  fallback(data.port, 'x');
  // @ts-expect-error text is no number
  sum(data.host, 1);
  // @ts-expect-error text is no condition
  when(data.host, 1);
  // @ts-expect-error there is no such value
  expect(data.nosuch).toBeUndefined();
  // @ts-expect-error a port is a number
  const spec: Template<{ readonly port: number }> = { port: data.host };
  expect(spec).toBeDefined();
});
