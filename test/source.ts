import { resolve } from 'node:path';
import { transformSync } from '@swc/core';

/**
 * Runs TypeScript that is in no file: of a page of the documentation, for example.
 *
 * @param folder where its imports start from
 * @returns what it exports
 */
export function runSource(source: string, folder: string): unknown {
  const { code } = transformSync(source, { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } });
  const module = { exports: {} };
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const load = (path: string): unknown => require(path.startsWith('.') ? resolve(folder, path) : path) as unknown;
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  const run = new Function('require', 'module', 'exports', code) as (...globals: unknown[]) => void;
  run(load, module, module.exports);
  return module.exports;
}

/** A block of code in a page: what follows its three backticks, up to the next three. */
export function codeBlock(page: string, info: string): string {
  const begin = `\`\`\`${info}\n`;
  const from = page.indexOf(begin);
  if (from === -1) throw new Error(`the page has no block that begins with ${begin}`);
  return page.slice(from + begin.length, page.indexOf('```', from + begin.length));
}
