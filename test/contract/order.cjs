const { default: Sequencer } = require('@jest/test-sequencer');

/** Files by name: what an earlier one has made (the migrated database, the region) a later one need not make again. */
module.exports = class extends Sequencer {
  sort(tests) {
    return [...tests].sort((left, right) => (left.path < right.path ? -1 : 1));
  }
};
