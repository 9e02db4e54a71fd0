import fc from 'fast-check';
import { bootstrapped, database, file, parseFact, printFact, socket, tcp, temporal } from '../../charts/tables/facts';

const path = fc.stringMatching(/^\/[a-z0-9._/:-]{1,30}$/);
const fact = fc.oneof(
  path.map(file),
  path.map(socket),
  fc.tuple(fc.integer({ min: 1, max: 65535 }), fc.oneof(fc.domain(), fc.ipV4())).map(([port, host]) => tcp(port, host)),
  fc.constantFrom(database, bootstrapped, temporal),
);

test('what is printed is parsed again', () => {
  fc.assert(
    fc.property(fact, (any) => {
      expect(parseFact(printFact(any))).toEqual(any);
    }),
  );
});

test.each(['', 'file', 'file:relative', 'tcp:host', 'tcp:host:0', 'tcp:host:65536', 'database:x', 'row:a'])('%p is refused with the known forms', (written) => {
  expect(() => parseFact(written)).toThrow(`"${written}" is not a fact; known forms: file:/path`);
});
