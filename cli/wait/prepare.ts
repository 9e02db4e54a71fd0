/** What is done before each start of a process, and its written form: options of `maas-k8s wait`. */

import { lstatSync, mkdirSync, readdirSync, rmSync, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Preparation } from '../../charts/tables/processes';
import { codeOf } from '../failure';

export const printPreparation = ({ kind, path }: Preparation): string[] => [`--${kind}`, path];

/** Folders are made with mode 0750: chronyd wants its own closed to others (chrony's sys_posix.c: check_dir_access), and all else here is root. */
export function prepare({ kind, path }: Preparation): void {
  switch (kind) {
    case 'directory':
      mkdirSync(path, { recursive: true, mode: 0o750 });
      return;
    case 'empty':
      mkdirSync(path, { recursive: true, mode: 0o750 });
      for (const entry of readdirSync(path)) rmSync(join(path, entry), { recursive: true, force: true });
      return;
    case 'remove':
      rmSync(path, { force: true });
      return;
    case 'unlink':
      for (const link of linksThatBegin(path)) unlinkSync(link);
  }
}

function linksThatBegin(prefix: string): string[] {
  const folder = dirname(prefix);
  let entries: string[];
  try {
    entries = readdirSync(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
  return entries
    .filter((entry) => entry.startsWith(basename(prefix)))
    .map((entry) => join(folder, entry))
    .filter((path) => lstatSync(path).isSymbolicLink());
}
