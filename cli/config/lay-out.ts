/** Lays out what an image keeps of the shared folders. Needs no capability: everything belongs to whoever runs it. */

import { chmodSync, copyFileSync, existsSync, lstatSync, mkdirSync, readdirSync, readlinkSync, symlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../failure';

const permissions = 0o7777;
/** A volume's folder may hand its group on (fsGroup); that is the volume's business. */
const setgid = 0o2000;

function lookAt(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Makes a folder, and those above it, with exactly this mode. A folder that exists stays as it is. */
export function makeFolder(path: string, mode = 0o755): boolean {
  if (existsSync(path)) return false;
  mkdirSync(path, { recursive: true });
  chmodSync(path, mode | (lstatSync(path).mode & setgid));
  return true;
}

export function handOnGroup(path: string): void {
  chmodSync(path, (lstatSync(path).mode & permissions) | setgid);
}

/**
 * Copies a tree; what exists already is never changed.
 *
 * @returns how many files and links were laid out
 */
export function layOut(from: string, to: string): number {
  const source = lookAt(from);
  if (source === undefined) return 0;
  if (source.isDirectory()) {
    makeFolder(to, source.mode & permissions);
    return readdirSync(from).reduce((count, entry) => count + layOut(join(from, entry), join(to, entry)), 0);
  }
  if (lookAt(to) !== undefined) return 0;
  if (source.isSymbolicLink()) symlinkSync(readlinkSync(from), to);
  else if (source.isFile()) {
    copyFileSync(from, to);
    chmodSync(to, source.mode & permissions);
  } else return 0;
  return 1;
}
