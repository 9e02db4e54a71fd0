import { execFileSync } from 'node:child_process';

/** Without make around it, which hands on what it was called with. */
const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(MAKE|MFLAGS|SECRET$|MAAS_REGION_SECRET$)/.test(name)));

/** @returns what the program would have in MAAS_REGION_SECRET */
const handedOn = (environment: Record<string, string>, ...args: string[]): string =>
  execFileSync('make', ['-o', 'build/maas-k8s.js', 'register_rack', 'maas-k8s=node -p process.env.MAAS_REGION_SECRET', ...args], {
    env: { ...clean, ...environment },
    encoding: 'utf8',
  }).trim();

test.each([
  ['SECRET in the environment', { SECRET: 'one' }, [], 'one'],
  ['SECRET as an argument', {}, ['SECRET=two'], 'two'],
  ['MAAS_REGION_SECRET alone', { MAAS_REGION_SECRET: 'three' }, [], 'three'],
  ['SECRET and MAAS_REGION_SECRET', { SECRET: 'one', MAAS_REGION_SECRET: 'three' }, [], 'one'],
  ['neither, so that the program asks', {}, [], 'undefined'],
])('make register_rack with %s', (_what, environment, args, secret) => {
  expect(handedOn(environment, ...args)).toBe(secret);
});
