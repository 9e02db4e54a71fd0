/** Before the faults: images, unless a MAAS runs already. */

import images from '../e2e/setup';
import { isRunning } from './start';

export default async function setup(): Promise<void> {
  if (!(await isRunning())) await images();
}
