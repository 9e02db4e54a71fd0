/** Before the faults: images, unless a MAAS runs already. */

import { stream } from '../e2e/command';
import { isRunning } from './start';

export default async function setup(): Promise<void> {
  if (!(await isRunning())) await stream('npm', ['run', '--silent', 'test-images']);
}
