import fc from 'fast-check';
import { processes } from '../../../charts/tables/processes';
import { combineChanges, compact, OwnChanges, parseChangeId, printChangeId } from '../../../cli/mux/changes';

const services = [...new Set(['mux', ...processes.map(({ service }) => service)])];
const part = fc.record({ service: fc.constantFrom(...services), id: fc.bigInt({ min: 0n, max: 10n ** 15n }).map(String) });

test('no two services look alike in an id', () => {
  expect(new Set(services.map(compact)).size).toBe(services.length);
});

test('an id names each change, in what Pebble’s own client takes for an id', () => {
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 9 }), (parts) => {
      const id = printChangeId(parts);
      expect(id).toMatch(/^[a-z0-9]+$/); // canonical/pebble client/changes.go: changeIDRegexp
      expect(parseChangeId(id)).toEqual(parts.map(({ service, id: number }) => ({ service: compact(service), id: number })));
    }),
  );
});

test.each(['', '12', 'http', 'http-12', 'httpx', 'x12', 'httpx12 ', '../services'])('%j is no id', (id) => {
  expect(parseChangeId(id)).toBeUndefined();
});

const change = (fields: object) => ({ id: '1', kind: 'start', summary: 's', status: 'Done', ready: true, ...fields });

test('several changes are ready when all are, and as bad as the worst', () => {
  expect(combineChanges('i', [change({}), change({ status: 'Doing', ready: false })])).toMatchObject({ id: 'i', status: 'Doing', ready: false });
  expect(combineChanges('i', [change({}), change({ status: 'Error', err: 'e' })])).toMatchObject({ status: 'Error', ready: true, err: 'e' });
  expect(combineChanges('i', [change({ status: 'Hold' }), change({ status: 'Undone' })])).toMatchObject({ status: 'Undone' });
  expect(combineChanges('i', [change({}), change({})])).toMatchObject({ status: 'Done', ready: true, summary: 's; s' });
});

test('a change alone keeps every field but its id', () => {
  expect(combineChanges('httpx1', [{ ...change({}), 'extra-field': 1 } as never])).toEqual({ ...change({}), 'extra-field': 1, id: 'httpx1' });
});

test('own changes are found by their id, the oldest forgotten', () => {
  const own = new OwnChanges();
  const ids = Array.from({ length: 150 }, () => own.make('start', 'proxy'));
  expect(new Set(ids).size).toBe(150);
  expect(own.find(ids[0] ?? '')).toBeUndefined();
  expect(own.find(ids[149] ?? '')).toMatchObject({ status: 'Done', ready: true, summary: 'Start service "proxy"' });
});
