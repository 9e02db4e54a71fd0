const { join } = require('node:path');
const { buildSync } = require('esbuild');

/** Bundles the libraries that the verbs load, as images/toolbox/bundle.mjs does it. */
module.exports = ({ rootDir: root }) => {
  const outfile = join(root, 'node_modules/.cache/maas-k8s/libraries.js');
  buildSync({ entryPoints: [join(root, 'cli/libraries.ts')], bundle: true, format: 'cjs', platform: 'node', target: 'node20', outfile, logLevel: 'warning' });
};
