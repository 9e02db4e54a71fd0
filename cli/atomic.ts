import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** Writes a file so that a reader finds either the old content or the new. */
export function writeAtomically(path: string, content: string, mode = 0o644): void {
  const temporary = `${path}.${String(process.pid)}.new`;
  rmSync(temporary, { force: true });
  writeFileSync(temporary, content, { mode: 0o600, flag: 'wx' });
  chmodSync(temporary, mode);
  renameSync(temporary, path);
}
