// Bundles the program into one file: build/maas-k8s.js.
// Usage: node images/toolbox/bundle.mjs [ENTRY [OUTPUT]]

import { chmod } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const [entry = 'cli/main.ts', output = 'build/maas-k8s.js'] = process.argv.slice(2);
const outfile = resolve(root, output);

const options = {
  absWorkingDir: root,
  entryPoints: [resolve(root, entry)],
  outfile,
  bundle: true,
  // CommonJS: an import() of a bundled module stays a call, so verbs load what they need when they run.
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  banner: { js: '#!/usr/bin/env node' },
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: true,
  // Licences travel with the code they belong to.
  legalComments: 'eof',
  sourcemap: false,
  // pg asks for its native twin and does without; esbuild is needed only where the sources are.
  external: ['pg-native', 'esbuild'],
  logLevel: 'warning',
};
// esbuild has said what is wrong by then.
await build(options).catch(() => process.exit(1));
await chmod(outfile, 0o755);
