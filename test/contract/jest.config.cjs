const { cwd } = require('node:process');
const bundle = require('../setup.cjs');
const unit = require('../../jest.config.cjs');

// globalSetup is another one here.
bundle({ rootDir: cwd() });

/** The contract, on the cluster that KUBECONFIG names. */
module.exports = {
  ...unit,
  rootDir: '../..',
  roots: ['<rootDir>/test/contract'],
  testMatch: ['**/test/contract/*.test.ts'],
  testPathIgnorePatterns: [],
  testSequencer: '<rootDir>/test/contract/order.cjs',
  // Processes mostly wait for each other; more pods than these would keep a small machine from being in time.
  maxWorkers: 3,
  globalSetup: '<rootDir>/test/contract/setup.ts',
  globalTeardown: '<rootDir>/test/contract/teardown.ts',
  verbose: true,
  // Everything that is waited for has its own bound, below this.
  testTimeout: 5 * 60 * 1000,
};
