/**
 * Takes over what has changed in the pod's Secrets. The kubelet brings a changed Secret into the mounted files; the files of MAAS
 * that hold a copy are written again, and whoever reads them only at its start is restarted by its keeper (restartsOn).
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pod } from '../../charts/tables/processes';
import { writeAtomically } from '../atomic';
import { configured, contentsOf, fingerprint, rememberConfigured, type File } from '../config/config';
import { Variables, type Environment } from '../environment';
import { messageOf } from '../failure';
import { log } from '../log';

export class Renewal {
  #problem = '';

  /** @param root what stands for /, for tests */
  constructor(
    private readonly pod: Pod,
    private readonly environment: Environment,
    private readonly root = '',
  ) {}

  /** Writes what has changed since it was last written; a Secret that MAAS could not use is named once, and the old copy stays. */
  look(): void {
    let files: readonly File[];
    try {
      files = contentsOf(this.pod, new Variables(this.environment)).files;
    } catch (error) {
      if (messageOf(error) !== this.#problem) log(`what is configured stays as it is: ${messageOf(error)}`);
      this.#problem = messageOf(error);
      return;
    }
    this.#problem = '';
    if (configured(this.root) === fingerprint(files)) return;
    for (const { path, content, mode } of files.filter(({ mode }) => mode !== undefined)) {
      const target = join(this.root, path);
      // A file that is gone was taken away on purpose: MAAS does so with the secret of a rack that is deleted (clusterservice.py).
      if (!existsSync(target) || readFileSync(target, 'utf8') === content) continue;
      writeAtomically(target, content, mode);
      log(`wrote ${path} again, for its Secret has changed`);
    }
    rememberConfigured(this.root, files);
  }
}
