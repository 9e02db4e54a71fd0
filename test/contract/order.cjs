const { default: Sequencer } = require('@jest/test-sequencer');

/** Those that begin with an empty pod, then those that look at the live region, each kind beside the other; what takes longest first. */
const order = ['3-region-alone', '3-region-whole', '6-traps', '5-images', '4-rack', 'shims', 'capabilities', '1-database', '2-secret'];
const place = ({ path }) => order.findIndex((name) => path.includes(`/${name}.`));

module.exports = class extends Sequencer {
  sort(tests) {
    return [...tests].sort((left, right) => place(left) - place(right));
  }
};
