import fc from 'fast-check';
import { rackHostName } from '../../cli/rack-host-name';

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/);
const node = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'));

test('a rack is <node>-<pool>', () => {
  expect(rackHostName('node-7', 'edge')).toBe('node-7-edge');
  expect(rackHostName('Node-7.Example.com', 'edge')).toBe('node-7-example-com-edge');
});

test('it is always a DNS label', () => {
  fc.assert(
    fc.property(node, label, (name, pool) => {
      expect(rackHostName(name, pool)).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
    }),
  );
});

test('what is cut stays different', () => {
  const long = 'a'.repeat(80);
  expect(rackHostName(long, 'left')).not.toBe(rackHostName(long, 'right'));
  expect(rackHostName(long, 'left')).toHaveLength(63);
  expect(rackHostName(`${'a'.repeat(53)}-${'b'.repeat(20)}`, 'p')).toMatch(/a-[0-9a-f]{8}$/);
});
