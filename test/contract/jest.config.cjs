const unit = require('../../jest.config.cjs');

/** The contract: one file after the other, in the order of maas-run.md, on the cluster that KUBECONFIG names. */
module.exports = {
  ...unit,
  rootDir: '../..',
  roots: ['<rootDir>/test/contract'],
  testMatch: ['**/test/contract/*.test.ts'],
  testPathIgnorePatterns: [],
  testSequencer: '<rootDir>/test/contract/order.cjs',
  globalSetup: '<rootDir>/test/contract/setup.ts',
  globalTeardown: '<rootDir>/test/contract/teardown.ts',
  verbose: true,
  // Everything that is waited for has its own bound, below this.
  testTimeout: 5 * 60 * 1000,
};
