import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig(
  globalIgnores(['build/', 'dist/', 'node_modules/', 'stubs/', 'images/toolbox/app/']),
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // process.enabled! after a filter on it, and the like.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Constructs act by being made.
      'no-new': 'off',
    },
  },
  {
    // Objects of the Kubernetes API are looked into at many depths; a wrong step fails the test that takes it.
    files: ['test/{bench,contract,dist,e2e,faults,helm,kubernetes}/**/*.ts'],
    rules: Object.fromEntries(
      ['explicit-any', 'unsafe-member-access', 'unsafe-assignment', 'unsafe-argument', 'unsafe-call', 'unsafe-return'].map((rule) => [
        `@typescript-eslint/no-${rule}`,
        'off',
      ]),
    ),
  },
  { files: ['**/*.mjs', '**/*.cjs'], languageOptions: { globals: { console: 'readonly', process: 'readonly', module: 'writable', URL: 'readonly' } } },
);
