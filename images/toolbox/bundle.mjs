// Bundles the program into build/maas-k8s.js, the libraries that only a person's machine needs into build/libraries.js,
// and what goes into the images into build/pod.js.
// Usage: node images/toolbox/bundle.mjs [ENTRY [OUTPUT]]

import { chmod } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const [entry = 'cli/main.ts', output = 'build/maas-k8s.js'] = process.argv.slice(2);
const outfile = resolve(root, output);

const shared = {
  absWorkingDir: root,
  bundle: true,
  // CommonJS: an import() of a bundled module stays a call, so verbs load what they need when they run.
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: true,
  // Licences travel with the code they belong to.
  legalComments: 'eof',
  sourcemap: false,
  logLevel: 'warning',
};

/** Only those who ask for them load them, and the images leave them out. */
const apart = {
  name: 'libraries apart',
  setup: ({ onResolve }) => onResolve({ filter: /\/libraries(\.js)?$/ }, () => ({ path: './libraries.js', external: true })),
};

// esbuild has said what is wrong by then.
const program = {
  ...shared,
  banner: { js: '#!/usr/bin/env node' },
  plugins: [apart],
  // pg asks for its native twin and does without; the others are needed only where manifests or images are made, and are installed there.
  external: ['pg-native', 'esbuild', 'cdk8s', 'cdk8s-plus-27', 'constructs'],
};
const beside = (name) => resolve(dirname(outfile), name);
await Promise.all([
  build({ ...program, entryPoints: [resolve(root, entry)], outfile }),
  build({ ...program, entryPoints: ['cli/pod.ts'], outfile: beside('pod.js') }),
  build({ ...shared, entryPoints: ['cli/libraries.ts'], outfile: beside('libraries.js') }),
]).catch(() => process.exit(1));
await chmod(outfile, 0o755);
