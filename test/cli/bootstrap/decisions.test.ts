import fc from 'fast-check';
import { checkRegionSecret, decideMigration, decideSeed } from '../../../cli/bootstrap/decisions';

const secret = fc.stringMatching(/^[0-9a-f]{32}$/);
const messageOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

describe('the seed', () => {
  test('nobody has one: it is made up', () => {
    expect(decideSeed('s', undefined, undefined)).toEqual({ kind: 'generate' });
  });

  test('one place has one: that one counts; both have the same: it stays', () => {
    fc.assert(
      fc.property(secret, (value) => {
        expect(decideSeed('s', value, undefined)).toEqual({ kind: 'seed', secret: value });
        expect(decideSeed('s', undefined, value)).toEqual({ kind: 'adopt', secret: value });
        expect(decideSeed('s', value, value)).toEqual({ kind: 'keep', secret: value });
        // MAAS itself compares bytes.
        expect(decideSeed('s', value, value.toUpperCase())).toEqual({ kind: 'keep', secret: value });
      }),
    );
  });

  test('two different ones: refused, both places named, neither shown', () => {
    fc.assert(
      fc.property(secret, secret, (given, seeded) => {
        fc.pre(given !== seeded);
        const said = messageOf(() => decideSeed('region-secret', given, seeded));
        expect(said).toMatch(/the Secret region-secret and the database .*global\/rpc-shared.* hold different region secrets; nothing was changed/);
        expect(said).not.toContain(given);
        expect(said).not.toContain(seeded);
      }),
    );
  });

  test('one of bad form in the database is refused, never replaced', () => {
    expect(messageOf(() => decideSeed('s', undefined, 'abc'))).toContain('in the database');
  });
});

test('the region Secret must have the key and the form', () => {
  expect(messageOf(() => checkRegionSecret('r', { password: 'x' }))).toBe(
    'the Secret r has no key "secret" (it has password); it must hold exactly 32 lower-case hex characters',
  );
  const said = messageOf(() => checkRegionSecret('r', { secret: 'hunter2' }));
  expect(said).toContain('the Secret r, key "secret", has 7 characters');
  expect(said).not.toContain('hunter2');
  expect(checkRegionSecret('r', { secret: 'a'.repeat(32) })).toBe('a'.repeat(32));
});

test('migrations go forward only', () => {
  const decide = (version: string, migrating?: string) => decideMigration({ version, migrating }, '3.7.3', (left, right) => left > right, true);
  expect(decideMigration(undefined, '3.7.3', () => false, false)).toBe(true);
  expect(decide('3.7.3')).toBe(false);
  expect(decide('3.6.5')).toBe(true);
  expect(() => decide('3.8.0')).toThrow(/the database is at MAAS 3\.8\.0, this is 3\.7\.3: MAAS cannot go back/);
  // A migration that was begun and did not end: on with it, and not back.
  expect(decide('3.6.5', '3.7.3')).toBe(true);
  expect(decide('3.7.3', '3.7.3')).toBe(true);
  expect(() => decide('3.7.3', '3.8.0')).toThrow(/the database is at MAAS 3\.8\.0/);
});
