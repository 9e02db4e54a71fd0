import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import ts from 'typescript';
import tseslint from 'typescript-eslint';

/** What tsc says about a file, from the program that the other rules ask: making another one only for it would take as long as half of the rules. */
const types = {
  create: ({ sourceCode, report }) => ({
    Program: (node) => {
      const { program, esTreeNodeToTSNodeMap } = sourceCode.parserServices;
      for (const { start = 0, length = 0, code, messageText } of ts.getPreEmitDiagnostics(program, esTreeNodeToTSNodeMap.get(node))) {
        const [from, to] = [start, start + length].map((index) => sourceCode.getLocFromIndex(index));
        report({ loc: { start: from, end: to }, message: `TS${code}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}` });
      }
    },
  }),
};

export default defineConfig(
  globalIgnores(['build/', 'dist/', 'node_modules/', 'stubs/', 'images/toolbox/app/']),
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { tsc: { rules: { types } } },
    rules: {
      'tsc/types': 'error',
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
