/** The Helm chart as it is in this tree, and what Helm makes of it. */

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { loadAll } from 'js-yaml';
import { helmChart } from '../../charts/helm';
import { helm } from './binaries';

const { version } = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')) as { version: string };

export const kubernetesVersion = '1.33.0';
export const namespace = 'maas';

export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export const run = (program: string, args: readonly string[]): Promise<Answer> =>
  new Promise((resolve) => {
    // A make above this one would have the one below speak of its job server.
    // Helm has little that its garbage collector could free before it ends.
    execFile(program, args, { maxBuffer: 1 << 30, env: { ...process.env, MAKEFLAGS: '', GOGC: '400' } }, (error, stdout, stderr) => {
      resolve({ code: error ? ((error.code as unknown as number | undefined) ?? 1) : 0, stdout, stderr });
    });
  });

export function write(folder: string, files: ReadonlyMap<string, string>): string {
  for (const [path, content] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

export const temporary = (): string => mkdtempSync(join(tmpdir(), 'helm-'));

/** A folder with the chart. */
export const chart = (): string => write(temporary(), helmChart(version));

/**
 * A chart that has the chart in it many times: what one run of Helm renders with a set of values for each.
 *
 * @param part which of the chart's files: without its templates Helm is done sooner, where only the schema counts
 * @returns its folder, and the names of the copies
 */
export function many(count: number, part: (path: string) => boolean = () => true): { readonly folder: string; readonly names: readonly string[] } {
  const names = Array.from({ length: count }, (_, n) => `set${String(n)}`);
  const name = 'maas';
  const dependencies = names.map((alias) => ({ name, version, alias }));
  const files = new Map([...helmChart(version)].filter(([path]) => part(path)).map(([path, content]) => [join('charts', name, path), content]));
  files.set('Chart.yaml', JSON.stringify({ apiVersion: 'v2', name: 'many', version: '0.0.0', dependencies }));
  return { folder: write(temporary(), files), names };
}

/** What Helm renders, or why it does not. */
export async function template(folder: string, values: unknown, helmVersion: 3 | 4 = 4, ...flags: readonly string[]): Promise<Answer> {
  const file = join(temporary(), 'values.yaml');
  writeFileSync(file, JSON.stringify(values));
  return run(helm[helmVersion](), ['template', 'maas', folder, '--namespace', namespace, '--kube-version', kubernetesVersion, '--values', file, ...flags]);
}

export type KubernetesObject = Record<string, any>;

/** Objects by the name of the chart's copy that they come from; tests of a release are not among them. */
export function parse(rendered: string): Map<string, KubernetesObject[]> {
  const found = new Map<string, KubernetesObject[]>();
  for (const document of rendered.split(/^---$/m)) {
    const source = /^# Source: (\S+)$/m.exec(document)?.[1];
    if (source === undefined) continue;
    const copy = /^many\/charts\/([^/]+)\//.exec(source)?.[1] ?? '';
    const objects = (loadAll(document, undefined, { filename: source }) as (KubernetesObject | null)[]).flatMap((object) => object ?? []);
    found.set(copy, [...(found.get(copy) ?? []), ...objects]);
  }
  return found;
}

export const isHook = ({ metadata }: KubernetesObject): boolean => metadata?.annotations?.['helm.sh/hook'] !== undefined;
