import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made: string[] = [];

/** A folder of the test's own, gone when its file is done. Short, for Unix sockets have 107 bytes. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'mk-'));
  made.push(path);
  return path;
}

afterAll(() => {
  for (const path of made) rmSync(path, { recursive: true, force: true });
});

/** Waits until something is true, for two seconds at most unless something slow is looked at: milliseconds. */
export async function until(condition: () => boolean | Promise<boolean>, what: string, limit = 2000): Promise<void> {
  const end = Date.now() + limit;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
