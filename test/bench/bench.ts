/**
 * Measures what users feel, on the cluster that KUBECONFIG names with the test images in it, and writes
 * docs/reference/measurements.md. Usage: make bench [RUNS=3] [MACHINE='what it runs on, in words']
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { arch, cpus, totalmem } from 'node:os';
import { processesOf } from '../../charts/tables/processes';
import { Cluster, synthesize, type KubernetesObject } from '../e2e/cluster';
import { kubectl, run } from '../e2e/command';
import { known } from '../faults/report';

const runs = Number(process.env.RUNS ?? 3);
const machine = process.env.MACHINE ?? `one machine with ${String(cpus().length)} cores (${arch()}) and ${String(Math.round(totalmem() / 2 ** 30))} GiB`;
const cluster = new Cluster('maas');

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
const row = (...cells: readonly (string | number)[]): string => `| ${cells.map(String).join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [row(...head), row(...head.map(() => '---')), ...rows.map((cells) => row(...cells))].join('\n');
const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(1);

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** When a line first appeared in a log: milliseconds since 1970. */
function at(log: string, pattern: RegExp): number {
  const line = log.split('\n').find((candidate) => pattern.test(candidate));
  const time = /\d{4}-\d\d-\d\dT[\d:.]+Z/.exec(line ?? '')?.[0];
  if (time === undefined) throw new Error(`no line with a time matches ${String(pattern)}`);
  return Date.parse(time);
}

/** Each phase ends where the next one begins, by the pods' own log lines. */
async function install(manifests: string): Promise<Record<string, number>> {
  await cluster.remove();
  const applied = Date.now();
  await kubectl('apply', '-f', manifests);
  await cluster.jobComplete('registration', 600);
  const bootstrap = await cluster.jobLog('bootstrap');
  const registration = await cluster.jobLog('registration');
  const moments: [string, number][] = [
    ['pods start', at(bootstrap, /database password|waiting for the database/)],
    ['PostgreSQL makes its first database', at(bootstrap, /region secret: (made up|found|already)/)],
    ['MAAS migrates the schema (maas-region dbupgrade)', at(bootstrap, /database: now at MAAS/)],
    ['regiond starts, until the API answers', at(registration, /answers at/)],
    [
      'racks connect',
      Math.max(
        ...registration
          .split('\n')
          .flatMap((line, n, all) =>
            /rack \S+: connected/.test(line) && !all.slice(0, n).some((earlier) => earlier.includes(`${/rack \S+:/.exec(line)![0]} connected`))
              ? [Date.parse(line.split(' ')[0]!)]
              : [],
          ),
      ),
    ],
    ['MAAS reports the racks’ services (its monitor looks every 30 s)', at(registration, /^\S+ registration: /)],
  ];
  const phases: Record<string, number> = {};
  let last = applied;
  for (const [name, moment] of moments) {
    phases[name] = moment - last;
    last = moment;
  }
  phases['apply → registered'] = last - applied;
  return phases;
}

/** Resident and proportional set size of a container's processes: KiB. The shell that counts is left out. Of another user's process only the first is told. */
async function memory(pod: string, container: string): Promise<{ rss: number; pss: number; pebble: number; pebblePss: number }> {
  const script = `for p in /proc/[0-9]*; do
    [ "$p" = /proc/$$ ] || echo "$(basename $p) $(awk '/^Rss:/ {r=$2} /^Pss:/ {print r, $2}' $p/smaps_rollup 2>/dev/null || awk '/^VmRSS:/ {print $2, $2}' $p/status 2>/dev/null)"
  done`;
  const lines = (await cluster.exec(pod, container, 'sh', '-c', script)).split('\n').map((line) => line.split(' ').map(Number));
  const known = lines.filter((numbers) => numbers.length === 3 && numbers.every(Number.isFinite));
  const first = known.find(([pid]) => pid === 1) ?? [1, 0, 0];
  const total = (index: number): number => known.reduce((sum, numbers) => sum + numbers[index]!, 0);
  return { rss: total(1), pss: total(2), pebble: first[1]!, pebblePss: first[2]! };
}

const mib = (kib: number): number => Math.round(kib / 1024);

async function main(): Promise<void> {
  const environment = { CDK8S_CHECK_UPGRADE: 'false' };
  const synths: number[] = [];
  for (let n = 0; n < 5; n++) synths.push(await timed(() => run('node_modules/.bin/cdk8s', ['synth', '-o', 'build/bench/synth'], { environment })));

  const manifests = await synthesize('test/e2e/values.yaml', 'build/bench/dist');
  const installs: Record<string, number>[] = [];
  for (let n = 0; n < runs; n++) {
    installs.push(await install(manifests));
    console.log(`install ${String(n + 1)} of ${String(runs)}: ${seconds(installs.at(-1)!['apply → registered']!)} s`);
  }

  await cluster.allReady('region', 1, 120);
  const pods: [string, string, readonly string[]][] = [
    ['region', (await cluster.pods('region'))[0]!.metadata.name as string, processesOf('region').map(({ name }) => name)],
    ['rack', (await cluster.pods('rack'))[0]!.metadata.name as string, processesOf('rack').map(({ name }) => name)],
  ];
  const memories: (readonly (string | number)[])[] = [];
  let overhead = { rss: 0, pss: 0 };
  for (const [part, pod, names] of pods) {
    for (const name of [...names, 'services']) {
      const { rss, pss, pebble, pebblePss } = await memory(pod, name);
      memories.push([part, name, mib(rss), mib(pss), name === 'services' ? '' : mib(pebble)]);
      if (part === 'region')
        overhead = { rss: overhead.rss + (name === 'services' ? rss : pebble), pss: overhead.pss + (name === 'services' ? pss : pebblePss) };
    }
  }

  const faults = known().filter(({ failure }) => failure === undefined);
  const nodes = (JSON.parse(await kubectl('get', 'nodes', '-o', 'json')) as { items: KubernetesObject[] }).items;
  const phases = Object.keys(installs[0]!).map((name) => [name, seconds(median(installs.map((phase) => phase[name]!)))]);
  const own = median(installs.map((phase) => Object.entries(phase).reduce((sum, [name, value]) => (/pods start|→/.test(name) ? sum : sum + value), 0)));

  const text = [
    '# Measurements',
    '',
    `Written by \`make bench\` on ${new Date().toISOString().slice(0, 10)}: ${String(nodes.length)} nodes (Kubernetes ${String(nodes[0]!.status.nodeInfo.kubeletVersion)}) on ${machine}.`,
    'MAAS’s own programs are the stand-ins of `test/doubles`, which take as long as genuine MAAS was measured to take but are smaller; everything else is real.',
    '',
    '## `cdk8s synth`',
    `Median of ${String(synths.length)}, whole process: ${seconds(median(synths))} s.`,
    '',
    '## From `kubectl apply` to registered',
    `Medians of ${String(runs)} installations from nothing. What the processes themselves take is ${seconds(own)} s of it.`,
    '',
    table(['phase', 'seconds'], phases),
    '',
    '## Memory',
    'MiB of all processes of a container; the proportional size counts shared pages once.',
    '',
    table(['pod', 'container', 'resident', 'proportional', 'of it Pebble, resident'], memories),
    '',
    `Supervision of a region pod (its Pebbles and the mux): ${String(mib(overhead.rss))} MiB resident, ${String(mib(overhead.pss))} MiB proportional.`,
    ...(faults.length > 0
      ? [
          '',
          '## Recovery',
          'Seconds from the fault, or from its end where it lasts: until every container was ready, and until all that must hold held again, MAAS’s own account included, which it renews every 30 seconds (`make faults`).',
          '',
          table(
            ['fault', 'ready', 'all well', 'remarks'],
            faults.map(({ fault, ready, recovered, note }) => [fault, ready?.toFixed(1) ?? '', recovered?.toFixed(1) ?? '', note]),
          ),
        ]
      : []),
    '',
  ].join('\n');
  mkdirSync('docs/reference', { recursive: true });
  writeFileSync('docs/reference/measurements.md', text);
  console.log(text);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
