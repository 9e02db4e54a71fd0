const { execFileSync } = require('node:child_process');
const { join } = require('node:path');
const { buildSync } = require('esbuild');

/** Bundles what many test files load or start, once for all of them. Below the checkout, for the program finds its packages there. */
module.exports = ({ rootDir: root }) => {
  const cache = join(root, 'node_modules/.cache/maas-k8s');
  execFileSync(process.execPath, [join(root, 'images/toolbox/bundle.mjs'), 'cli/main.ts', join(cache, 'maas-k8s.js')], { stdio: 'inherit' });
  const entryPoints = { typebox: '@sinclair/typebox', 'typebox/value': '@sinclair/typebox/value' };
  buildSync({ absWorkingDir: root, entryPoints, bundle: true, platform: 'node', target: 'node20', outdir: cache, logLevel: 'warning' });
};
