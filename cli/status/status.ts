/** `maas-k8s status`: one screen, and the one next thing to do. */

import { cluster, type ClusterOptions } from '../cluster/cluster';
import { Failure, Unhealthy } from '../failure';
import { print, printSchema, type Form } from '../output/structured';
import { colours, isTerminal, say } from '../output/terminal';
import { sleep } from '../time';
import { look } from './evidence';
import { page } from './page';
import { statusSchema, type Status } from './schema';

export interface StatusOptions extends ClusterOptions {
  readonly watch?: boolean;
  readonly output?: Form;
}

/** Milliseconds. */
const interval = 2000;

/** @throws Unhealthy when it is not; Failure when the cluster does not answer */
export async function showStatus(options: StatusOptions): Promise<void> {
  if (options.output === 'schema') {
    printSchema(statusSchema);
    return;
  }
  const place = await cluster(options);
  const form = options.output;
  if (options.watch) {
    await watch(() => look(place), form);
    return;
  }
  const status = await look(place);
  if (form !== undefined) await print(form, status);
  else process.stdout.write(`${await page(status, colours())}\n`);
  if (!status.healthy) throw new Unhealthy('');
}

/** Until Ctrl-C. A cluster that does not answer is said, and asked again. */
async function watch(ask: () => Promise<Status>, form: Exclude<Form, 'schema'> | undefined): Promise<void> {
  const whole = isTerminal(process.stdout) && form === undefined;
  for (let said = ''; ;) {
    let text: string;
    let mark: string;
    try {
      const status = await ask();
      mark = JSON.stringify(status);
      if (form !== undefined) {
        if (mark !== said) await print(form, status);
        said = mark;
        await sleep(interval);
        continue;
      }
      text = await page(status, colours());
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      text = error.message;
      mark = text;
      if (form !== undefined) {
        say(text);
        await sleep(interval);
        continue;
      }
    }
    // A screen is drawn over; elsewhere only what is new is written.
    if (whole) process.stdout.write(`\u001b[H\u001b[J${text}\n`);
    else if (mark !== said) process.stdout.write(`${new Date().toISOString()}\n${text}\n\n`);
    said = mark;
    await sleep(interval);
  }
}
