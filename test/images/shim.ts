/** Runs a shim as a container would, with fakes of what it calls. */

import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const shims = resolve(__dirname, '../../images/toolbox/shims');

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Bench {
  readonly folder = mkdtempSync(join(tmpdir(), 'shim-'));

  readonly path = (name: string): string => join(this.folder, name);

  write(name: string, content: string, mode = 0o644): string {
    writeFileSync(this.path(name), content);
    chmodSync(this.path(name), mode);
    return this.path(name);
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  /** An executable of that name, found first. */
  fake(name: string, script: string): string {
    return this.write(name, `#!/bin/sh\n${script}\n`, 0o755);
  }

  run(program: string, args: readonly string[], options: { readonly input?: string; readonly environment?: Readonly<Record<string, string>> } = {}): Result {
    const { status, stdout, stderr, error } = spawnSync(program, args, {
      input: options.input ?? '',
      encoding: 'utf8',
      env: { PATH: `${this.folder}:${process.env.PATH ?? ''}`, ...options.environment },
    });
    if (error) throw error;
    return { code: status, stdout, stderr };
  }

  shim(name: string, args: readonly string[], options?: Parameters<Bench['run']>[2]): Result {
    return this.run(join(shims, name), args, options);
  }

  clear(): void {
    rmSync(this.folder, { recursive: true });
  }
}

let bench: Bench | undefined;

/** A bench that lasts for one test. */
export function newBench(): Bench {
  bench = new Bench();
  return bench;
}

afterEach(() => {
  bench?.clear();
  bench = undefined;
});
