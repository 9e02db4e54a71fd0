/** The reference pages: what the tables say, for people. */

import { portsReference } from './ports';
import { processesReference } from './processes';
import { valuesReference } from './values';

/** The pages by their path in docs/reference. */
export const reference = (): ReadonlyMap<string, string> =>
  new Map([
    ['values.md', valuesReference()],
    ['ports.md', portsReference()],
    ['processes.md', processesReference()],
  ]);
