import { redactor, type Known } from '../../../cli/support-bundle/redact';

const planted: readonly Known[] = [
  { name: 'Secret maas-region-secret, key secret', value: '0123456789abcdef0123456789abcdef' },
  { name: 'Secret maas-admin, key password', value: 'p"ss/w0rd+of ours' },
  { name: 'Secret maas-api-key, key key', value: 'consumerkey1:tokenkey234:secretkey567' },
  { name: 'Secret maas-tls, key tls.key', value: 'line one of it\nline two of it\n' },
  { name: 'Secret other, key short', value: 'a' },
];
const redact = redactor(planted);

/** Every way in which a value may stand in a text. */
const written = (value: string): string[] => [
  value,
  Buffer.from(value).toString('base64'),
  Buffer.from(value).toString('base64url'),
  Buffer.from(value).toString('hex'),
  encodeURIComponent(value),
  JSON.stringify(value),
];

const secrets = planted
  .filter(({ value }) => value.length > 1)
  .flatMap(({ value }) => [
    ...written(value),
    ...(value.includes(':') ? value.split(':').flatMap(written) : []),
    ...(value.includes('\n') ? value.trim().split('\n') : []),
  ]);

test.each(secrets)('%j is taken out, wherever it stands', (secret) => {
  const clean = redact(`level=info argv=["--x",${secret}] and ${secret}${secret}`);
  expect(clean).not.toContain(secret.replaceAll('"', ''));
  expect(clean).toContain('«Secret ');
  expect(clean).toContain('level=info');
});

test('what is taken out is named', () => {
  expect(redact('key consumerkey1:tokenkey234:secretkey567.')).toBe('key «Secret maas-api-key, key key».');
});

test('a word that happens to be a short secret stays, or the text would be unreadable', () => {
  expect(redact('a rack and a region')).toBe('a rack and a region');
});

test.each([
  ['database_pass: hunter22', 'database_pass: «removed»'],
  ['"password": "hunter22",', '"password": "«removed»",'],
  ['postgres://maas:hunter22@db:5432/maasdb', 'postgres://maas:«removed»@db:5432/maasdb'],
  ['authorization: Bearer abcdefgh.ijkl', 'authorization: Bearer «removed»'],
  ['oauth_token="abc", oauth_signature="%26def"', 'oauth_token="«removed»", oauth_signature="«removed»"'],
  ['x eyJhbGciOiJSUzI1NiIs.eyJzdWIiOiJzeXN0ZW0.c2lnbmF0dXJl y', 'x «token removed» y'],
  ['-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\nrest', '«private key removed»\nrest'],
])('%j is known by its looks', (text, clean) => {
  expect(redact(text)).toBe(clean);
});

test.each([
  'passwordSecretName: maas-database',
  'the password of role maas is wrong',
  'DATABASE_PASSWORD_FILE=/run/secrets/maas/database/password',
  'password: null',
])('%j is no secret', (text) => {
  expect(redact(text)).toBe(text);
});
