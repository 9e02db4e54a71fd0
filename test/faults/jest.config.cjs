const { cwd } = require('node:process');
const bundle = require('../setup.cjs');
const unit = require('../../jest.config.cjs');

// globalSetup is another one here.
bundle({ rootDir: cwd() });

/** Faults: one after the other, on the cluster that KUBECONFIG names. */
module.exports = {
  ...unit,
  rootDir: '../..',
  roots: ['<rootDir>/test/faults'],
  testMatch: ['**/test/faults/*.cases.ts'],
  testPathIgnorePatterns: [],
  globalSetup: '<rootDir>/test/faults/setup.ts',
  testTimeout: 15 * 60 * 1000,
};
