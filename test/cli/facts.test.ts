import fc from 'fast-check';
import { file, parseFact, printFact, socket, tcp, type Fact } from '../../charts/tables/facts';
import { processes } from '../../charts/tables/processes';

const path = fc.string({ minLength: 1 }).map((name) => `/${name}`);
const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
const anyFact: fc.Arbitrary<Fact> = fc.oneof(
  path.map(file),
  path.map(socket),
  fc.tuple(fc.integer({ min: 1, max: 65535 }), host).map(([port, name]) => tcp(port, name)),
  fc.constantFrom<Fact>({ kind: 'database' }, { kind: 'bootstrapped' }, { kind: 'temporal' }),
);

test('what is printed is parsed as it was', () => {
  fc.assert(
    fc.property(anyFact, (fact) => {
      expect(parseFact(printFact(fact))).toEqual(fact);
    }),
  );
});

test('every fact of the processes table survives the command line', () => {
  for (const fact of processes.flatMap(({ waitsFor }) => waitsFor)) expect(parseFact(printFact(fact))).toEqual(fact);
});

test.each(['file:relative', 'socket:', 'tcp:host', 'tcp:host:0', 'tcp:host:65536', 'tcp::5', 'database:x', '', 'port:1'])(
  '%j is refused with the known forms',
  (written) => {
    expect(() => parseFact(written)).toThrow(/is not a fact; known forms: file:\/path/);
  },
);
