/** Ctrl-C: says that nothing is lost, takes away what was only for the moment, and ends. */

import { exitCodes } from '../failure';
import { say } from './terminal';

const leftovers = new Set<() => Promise<void>>();
let prepared = false;

/** Milliseconds that taking away may take. */
const patience = 5000;

/** @param hint what running the verb again does */
export function interruptible(hint: string): void {
  if (prepared) return;
  prepared = true;
  process.once('SIGINT', () => {
    say(`\nstopped; ${hint}`);
    const end = (): never => process.exit(exitCodes.interrupted);
    setTimeout(end, patience).unref();
    void Promise.allSettled([...leftovers].map((remove) => remove())).then(end);
  });
}

/** Runs something that leaves something behind for a while, and takes that away whatever happens. */
export async function temporarily<T>(remove: () => Promise<void>, use: () => Promise<T>): Promise<T> {
  leftovers.add(remove);
  try {
    return await use();
  } finally {
    leftovers.delete(remove);
    await remove();
  }
}
