import fc from 'fast-check';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { regionSecretProblem, rules, Variables } from '../../cli/environment';
import { folder } from './folder';

const problems = (read: (variables: Variables) => void, environment: Record<string, string>): string => {
  const variables = new Variables(environment);
  read(variables);
  try {
    variables.finish();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

test('all problems are named at once, each with variable, value and cure', () => {
  const read = (variables: Variables): void => {
    variables.text('MAAS_URL', rules.maasUrl);
    variables.number('PORT', rules.port);
    variables.boolean('FLAG');
    variables.text('NAME');
  };
  expect(problems(read, { MAAS_URL: 'maas.example', PORT: '70000', FLAG: 'yes' })).toBe(
    'MAAS_URL is "maas.example"; it must be a URL like http://HOST:5240/MAAS; PORT is "70000"; it must be a port, 1 to 65535; ' +
      'FLAG is "yes"; it must be true or false; NAME is not set; it must be one line',
  );
});

test('every port is a port', () => {
  fc.assert(
    fc.property(fc.nat(100_000), (port) => {
      expect(problems((variables) => variables.number('P', rules.port), { P: String(port) }) === '').toBe(port >= 1 && port <= 65535);
    }),
  );
});

test('the content of a file is checked, and not printed', () => {
  const path = join(folder(), 'secret');
  writeFileSync(path, 'hunter2hunter2\n');
  const said = problems((variables) => variables.file('SECRET_FILE', regionSecretProblem), { SECRET_FILE: path });
  expect(said).toContain(`SECRET_FILE: the content of ${path} has 14 characters, not all of them hex`);
  expect(said).not.toContain('hunter2');
  expect(problems((variables) => variables.file('SECRET_FILE'), { SECRET_FILE: '/nonexistent' })).toMatch(
    /SECRET_FILE names \/nonexistent, which cannot be read/,
  );
});

describe('the region secret', () => {
  test('is 32 lower-case hex characters and nothing else', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9a-f]{32}$/), (secret) => {
        expect(regionSecretProblem(secret)).toBeUndefined();
      }),
    );
    fc.assert(fc.property(fc.string(), (secret) => /^[0-9a-f]{32}$/.test(secret) || regionSecretProblem(secret) !== undefined));
  });

  test.each([
    ['ABCDEF00112233445566778899AABBCC', 'upper-case'],
    ['abcdef00112233445566778899aabbcc\n', 'white space'],
    ['abc', 'has 3 characters; MAAS needs exactly 32'],
    ['', 'has 0 characters'],
  ])('%j: %s', (secret, said) => {
    expect(regionSecretProblem(secret)).toContain(said);
  });
});

test.each(['maas-region-secret', 'maas.maas-db.credentials.postgresql.acid.zalan.do', 'a'.repeat(253)])('a Secret may be called %s', (name) => {
  expect(problems((variables) => variables.text('SECRET', rules.subdomain), { SECRET: name })).toBe('');
});

test.each(['Secret', 'a..b', '.a', 'a-', 'a_b', 'a b'])('no Secret is called %j', (name) => {
  expect(problems((variables) => variables.text('SECRET', rules.subdomain), { SECRET: name })).toBe(
    `SECRET is "${name}"; it must be lower-case letters, digits, dashes and dots, as Secrets are called`,
  );
});
