/** How the program starts and ends, whichever verbs it has. */

import { basename } from 'node:path';
import { Command } from 'commander';
import { verb as completeVerb } from './completion/completion';
import { exitCodes, Failure, messageOf } from './failure';
import { duration } from './options';

/** kubectl asks a program of this name for what may follow `kubectl maas`. */
const isAskedByKubectl = basename(process.argv[1] ?? '') === 'kubectl_complete-maas';
const written = isAskedByKubectl ? [...process.argv.slice(0, 2), completeVerb, '--', ...process.argv.slice(2)] : process.argv;

/** What follows `--` is a command of somebody else, or is being written. */
const dashes = written.indexOf('--');
const own = dashes === -1 ? written : written.slice(0, dashes);
const foreign = dashes === -1 ? [] : written.slice(dashes + 1);

/** @param add the verbs; `foreign` is what follows `--` */
export function start(add: (program: Command, foreign: readonly string[]) => void): void {
  const program = new Command('maas-k8s')
    .description('Canonical MAAS on Kubernetes')
    .option('-n, --namespace <name>', 'namespace of MAAS (default: the context’s, else maas)')
    .option('--kubeconfig <path>', 'kubeconfig file (default: KUBECONFIG, else ~/.kube/config)')
    .option('--context <name>', 'context of the kubeconfig')
    .addOption(duration('--request-timeout <duration>', 'for one request to the cluster (default: 10s)'))
    .option('--debug', 'show where an error comes from')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(--help tells more)')
    .addHelpText(
      'after',
      `
Exit codes: 0 done; 1 refused or failed; 2 wrong command line; 3 the cluster or MAAS cannot be reached; 4 the time was over;
            5 looked at, and not as it should be (status, preflight); 130 Ctrl-C.
Environment: KUBECONFIG, NO_COLOR.`,
    )
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : exitCodes.usage));

  add(program, foreign);

  // The first process of a container has no default for these. Any other keeps its default: a handler of ours would only be told
  // later, and a signal that comes just before `wait` becomes the daemon would be lost.
  const ends = [
    ['SIGTERM', 15],
    ['SIGINT', 2],
  ] as const;
  for (const [signal, number] of process.pid === 1 ? ends : []) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(128 + number);
    });
  }
  // Who reads a part of the output and ends, as head does, has no complaint to make.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : exitCodes.failure));

  program.parseAsync(own).then(
    () => undefined,
    (error: unknown) => {
      const text = program.opts<{ debug?: boolean }>().debug && error instanceof Error ? String(error.stack) : messageOf(error);
      if (!(error instanceof Failure && error.message === '')) process.stderr.write(`maas-k8s: ${text}\n`);
      // Connections that are kept alive would hold the program.
      process.exit(error instanceof Failure ? error.exitCode : exitCodes.failure);
    },
  );
}
