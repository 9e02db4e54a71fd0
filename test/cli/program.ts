import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { nodeVersion } from '../../cli/node-runtime';

const root = resolve(__dirname, '../..');
const imageNode = join(root, `build/node/node-${nodeVersion}-${process.arch}`);

/** The nodes that there are: this one and, where images have been built, theirs, which can become another program. */
export const nodes: readonly string[] = [process.execPath, ...(existsSync(imageNode) ? [imageNode] : [])];

/** maas-k8s, bundled as for the images and for people (test/setup.cjs). */
export const program = join(root, 'node_modules/.cache/maas-k8s/maas-k8s.js');

export interface Running {
  readonly child: ChildProcess;
  /** What it has said on both outputs so far. */
  readonly output: () => string;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

export function run(node: string, argv: readonly string[], environment: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(node, [program, ...argv], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (output += part.toString()));
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((done) => {
    child.once('close', (code, signal) => {
      done({ code, signal });
    });
  });
  return { child, output: () => output, ended };
}
