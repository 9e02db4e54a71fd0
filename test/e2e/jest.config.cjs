const { cwd } = require('node:process');
const bundle = require('../setup.cjs');
const unit = require('../../jest.config.cjs');

// globalSetup is another one here.
bundle({ rootDir: cwd() });

/** Cluster tests: one after the other, on the cluster that KUBECONFIG names. */
module.exports = {
  ...unit,
  rootDir: '../..',
  roots: ['<rootDir>/test/e2e'],
  testPathIgnorePatterns: [],
  testSequencer: '<rootDir>/test/e2e/order.cjs',
  testTimeout: 15 * 60 * 1000,
  bail: 1,
};
