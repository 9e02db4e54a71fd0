/** maas-k8s in the images: what containers run, and nothing else, for the program is in memory once per pod. */

import { addPodVerbs } from './pod-verbs';
import { start } from './start';

start(addPodVerbs);
