/** maas-k8s, also kubectl-maas: what people run, and what the containers run. */

import { build } from './build';
import { addPodVerbs } from './pod-verbs';
import { start } from './start';
import { addVerbs } from './verbs';

start((program, foreign) => {
  addVerbs(program, foreign);
  program.addCommand(build());
  addPodVerbs(program, foreign);
});
