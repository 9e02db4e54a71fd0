import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const manifests = (folder: string): string[] => readdirSync(folder).filter((name) => name.endsWith('.yaml'));

/**
 * Makes the manifests in one folder the manifests in another: writes what differs, removes what is gone, touches nothing else.
 *
 * @returns what was done, in words
 */
export function publish(from: string, to: string): string {
  mkdirSync(to, { recursive: true });
  const old = new Map(manifests(to).map((name) => [name, readFileSync(join(to, name), 'utf8')]));
  const fresh = new Map(manifests(from).map((name) => [name, readFileSync(join(from, name), 'utf8')]));
  const changed = [...fresh].filter(([name, content]) => old.get(name) !== content);
  const gone = [...old.keys()].filter((name) => !fresh.has(name));
  for (const [name, content] of changed) writeFileSync(join(to, name), content);
  for (const name of gone) rmSync(join(to, name));
  return `${to}: ${String(fresh.size)} files, ${String(changed.length)} written, ${String(gone.length)} removed`;
}
