/** Ctrl-C: says that nothing is lost, takes away what was only for the moment, and ends. */

import { exitCodes } from '../failure';
import { say } from './terminal';

const leftovers = new Set<() => Promise<void>>();
let hint: string | undefined;
let stopped = false;

/** Milliseconds that taking away may take. */
const patience = 5000;

/** @param what running the verb again does; the last that was said counts */
export function interruptible(what: string): void {
  const prepared = hint !== undefined;
  hint = what;
  if (prepared) return;
  process.once('SIGINT', () => {
    stopped = true;
    say(`\nstopped; ${hint ?? ''}`);
    const end = (): never => process.exit(exitCodes.interrupted);
    setTimeout(end, patience).unref();
    void Promise.allSettled([...leftovers].map((remove) => remove())).then(end);
  });
}

/** Runs something that is of no use half done: when it is stopped, what there is of it is taken away. */
export async function wholly<T>(undo: () => Promise<void>, work: () => Promise<T>): Promise<T> {
  leftovers.add(undo);
  try {
    return await work();
  } finally {
    // What was stopped fails, and nobody wants to hear of that.
    if (stopped) await new Promise(() => undefined);
    leftovers.delete(undo);
  }
}

/** Runs something that leaves something behind for a while, and takes that away whatever happens. */
export async function temporarily<T>(remove: () => Promise<void>, use: () => Promise<T>): Promise<T> {
  try {
    return await wholly(remove, use);
  } finally {
    await remove();
  }
}
