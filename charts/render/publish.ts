import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Paths in a folder, and their contents. */
export type Files = ReadonlyMap<string, string>;

/** All files of a folder and what is below it. */
export function read(folder: string): Map<string, string> {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(found.map((entry) => join(entry.parentPath, entry.name)).map((path) => [relative(folder, path), readFileSync(path, 'utf8')]));
}

/**
 * Brings a folder up to date: writes what differs, removes what is gone, touches nothing else.
 *
 * @param owned which files in the folder are ours to remove
 * @returns what was done, in words
 */
export function publish(files: Files, folder: string, owned: (path: string) => boolean): string {
  mkdirSync(folder, { recursive: true });
  const old = read(folder);
  const changed = [...files].filter(([path, content]) => old.get(path) !== content);
  const gone = [...old.keys()].filter((path) => owned(path) && !files.has(path));
  for (const [path, content] of changed) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  for (const path of gone) rmSync(join(folder, path));
  return `${folder}: ${String(files.size)} files, ${String(changed.length)} written, ${String(gone.length)} removed`;
}
