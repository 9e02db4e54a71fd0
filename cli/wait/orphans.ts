/** What a process that was killed has left running in its container: nginx's workers, for one, keep its ports and go on serving. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { log } from '../log';
import { sleep } from '../time';

interface Entry {
  readonly pid: number;
  readonly parent: number;
  readonly dead: boolean;
}

/** proc(5), /proc/PID/stat: the name is in parentheses and may hold anything. */
function entryOf(proc: string, pid: number): Entry | undefined {
  try {
    const [state, parent] = readFileSync(join(proc, String(pid), 'stat'), 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return { pid, parent: Number(parent), dead: state === 'Z' || state === 'X' };
  } catch {
    return undefined; // It has ended meanwhile.
  }
}

/** Processes whose parent is the container's first one, but for this one. What somebody runs with `kubectl exec` has no parent here. */
export function orphans(self: number, proc = '/proc'): number[] {
  return readdirSync(proc)
    .filter((name) => /^\d+$/.test(name))
    .map((name) => entryOf(proc, Number(name)))
    .filter((entry) => entry !== undefined)
    .filter(({ pid, parent, dead }) => parent === 1 && pid !== self && !dead)
    .map(({ pid }) => pid);
}

/** To be called by a child of the container's Pebble, which has no other. */
export async function endOrphans(): Promise<void> {
  const end = Date.now() + 5000;
  // Their children become orphans with them.
  for (let left = orphans(process.pid); left.length > 0 && Date.now() < end; left = orphans(process.pid)) {
    log(`ending what an earlier start has left: ${left.join(', ')}`);
    for (const pid of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    }
    await sleep(50);
  }
}
