/** Each fault of the table happens to a running MAAS; afterwards the same things hold as before, without a hand. */

import { seconds, until } from '../e2e/cluster';
import type { Fault } from './fault';
import { shorter } from './limit';
import { heading, keep, line, print, type Outcome } from './report';
import { cluster, manifests, start } from './start';
import { System } from './system';
import { choose, faults } from './table';

const { full, named, chosen, skipped } = choose(process.env.FAULTS);
const system = new System(cluster);
const outcomes: Outcome[] = [];
const order = faults.map(({ name }) => name);

const hold = (what: string, limitSeconds: number, look: () => Promise<string[]>): Promise<boolean> =>
  until(what, limitSeconds, async () => {
    const problems = await look();
    if (problems.length > 0) throw new Error(problems.join('; '));
    return true;
  });

const healthy = (limitSeconds: number): Promise<boolean> => hold('MAAS is well', limitSeconds, () => system.problems());

beforeAll(async () => {
  await start();
  await until('the region answers', 120, async () => {
    await system.remember();
    return system.identity.eventLoops > 0 ? true : undefined;
  });
  await healthy(180);
  await system.remember();
  process.stderr.write(`${heading}\n`);
});

afterAll(() => {
  console.log(print(outcomes, skipped));
});

/** @returns seconds until all containers were ready, and until everything held */
async function recover(fault: Fault, before: Awaited<ReturnType<System['restarts']>>, ended: number): Promise<{ ready: number; recovered: number }> {
  const left = (limit: number): number => Math.min(limit, shorter) - seconds(ended);
  await hold('all containers ready', left(fault.readyWithin ?? fault.within), () => system.podProblems());
  const ready = seconds(ended);
  await hold('MAAS’s own account is true again', left(fault.within), () => system.problems());
  const recovered = seconds(ended);
  const restarted = await system.restartProblems(before, fault);
  if (restarted.length > 0) throw new Error(restarted.join('; '));
  return { ready, recovered };
}

test.each(chosen.map((fault) => [fault.name, fault] as const))('%s', async (_, fault) => {
  // The row before may have left it with another region pod.
  await healthy(180);
  const before = await system.restarts();
  const undo: (() => Promise<unknown>)[] = [];
  const notes: string[] = [];
  const began = Date.now();
  const outcome = { fault: fault.name, date: new Date().toISOString(), within: fault.within };
  const world = { cluster, system, manifests, full, undo: (how: () => Promise<unknown>) => undo.push(how), note: (text: string) => notes.push(text) };
  let result: Partial<Outcome> = {};
  try {
    const afterwards = await fault.make(world);
    result = await recover(fault, before, Date.now());
    if (typeof afterwards === 'function') await afterwards();
  } catch (error) {
    result = { ...result, failure: (error as Error).message };
    throw error;
  } finally {
    const told: Outcome = { ...outcome, ...result, took: seconds(began), note: notes.join('; ') };
    outcomes.push(told);
    // Those of a system without one of its cures say nothing of the product.
    if (shorter === Infinity) keep(told, order);
    // Jest itself says nothing before the last test of a file.
    process.stderr.write(`${line(told)}\n${told.failure === undefined ? '' : `  ${told.failure}\n`}`);
    for (const how of undo.reverse())
      await how().catch((error: unknown) => {
        console.log(`${fault.name}, putting it right: ${String(error)}`);
      });
  }
});

(named || !full ? test.skip : test)('a while after the last fault, everything still holds', async () => {
  // MAAS looks at its services every 30 s.
  const end = Date.now() + 65_000;
  while (Date.now() < end) expect(await system.problems()).toEqual([]);
});
