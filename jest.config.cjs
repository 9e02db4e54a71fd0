// Published as ES modules only; Node 20 cannot require them inside jest.
const modules = ['@kubernetes/client-node', 'openid-client', 'oauth4webapi', 'jose', 'rfc4648', 'jsonpath-plus'];

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  // Many tests start programs; on a machine that is busy with other things each takes seconds.
  testTimeout: 30_000,
  roots: ['<rootDir>/test'],
  testPathIgnorePatterns: ['<rootDir>/test/(contract|e2e|faults)/'],
  modulePathIgnorePatterns: ['<rootDir>/build/'],
  transform: { '^.+\\.(t|m?j)s$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } }] },
  // One file each: hundreds of small ones take long to load, and every test file loads them anew.
  globalSetup: '<rootDir>/test/setup.cjs',
  moduleNameMapper: {
    '^\\.\\./libraries\\.js$': '<rootDir>/node_modules/.cache/maas-k8s/libraries.js',
    '^@sinclair/(typebox|typebox/value)$': '<rootDir>/node_modules/.cache/maas-k8s/$1.js',
  },
  transformIgnorePatterns: [`/node_modules/(?!(${modules.join('|')})/)`],
};
