/** maas-k8s: the verbs. Each is loaded when it is called, for containers start it a dozen times at once. */

import { Command, Option } from 'commander';
import { build } from './build';
import { messageOf } from './failure';
import { parseDuration } from './time';

const collect = (value: string, previous: readonly string[]): readonly string[] => [...previous, value];
const timeout = (fallback: string): Option =>
  new Option('--timeout <duration>', 'how long to wait at most').argParser(parseDuration).default(parseDuration(fallback), fallback);
const repeatable = (flags: string, description: string): Option => new Option(flags, description).argParser(collect).default([]);
const pod = '<pod>';
const pods = 'region or rack';

/** What follows `--` is a command of somebody else. */
const dashes = process.argv.indexOf('--');
const own = dashes === -1 ? process.argv : process.argv.slice(0, dashes);
const foreign = dashes === -1 ? [] : process.argv.slice(dashes + 1);

const program = new Command('maas-k8s')
  .description('Canonical MAAS on Kubernetes')
  .option('--debug', 'show where an error comes from')
  .configureHelp({ showGlobalOptions: true })
  .showHelpAfterError('(maas-k8s --help lists the verbs)');

program
  .command('config')
  .description('lay out configuration and Pebble layers of a pod (init container)')
  .argument(pod, pods)
  .option('--root <folder>', 'folder that stands for /', '/')
  .action(async (name: string, options: { root: string }) => {
    (await import('./config/config.js')).config(name, process.env, options.root);
  });

program
  .command('wait')
  .description('prepare, wait for facts, then become a command')
  .usage('[options] [facts...] [-- command...]')
  .argument('[facts...]', 'file:/path, socket:/path, tcp:host:port, database, bootstrapped, temporal')
  .addOption(repeatable('--directory <path>', 'make this folder'))
  .addOption(repeatable('--empty <path>', 'make this folder and empty it'))
  .addOption(repeatable('--remove <path>', 'remove this file'))
  .addOption(repeatable('--unlink <prefix>', 'remove symbolic links that begin so'))
  .option('--report <path>', 'file that tells what is waited for, and since when the command runs')
  .addOption(timeout('15m'))
  .action(async (facts: string[], options: import('./wait/wait').WaitOptions) => {
    await (await import('./wait/wait.js')).wait(facts, foreign, options);
  });

program
  .command('mux')
  .description('be the service manager that MAAS asks, in front of the Pebbles of a pod')
  .argument(pod, pods)
  .addOption(repeatable('--without <process>', 'a process that is not deployed'))
  .option('--health-address <address>', 'where to answer health checks', '0.0.0.0')
  .action(async (name: string, options: { without: string[]; healthAddress: string }) => {
    await (await import('./mux/mux.js')).mux(name, options);
  });

program
  .command('bootstrap')
  .description('make secrets, database schema, administrator and API key (Job)')
  .addOption(timeout('15m'))
  .action(async (options: { timeout: number }) => {
    await (await import('./bootstrap/bootstrap.js')).bootstrap(process.env, options);
  });

program
  .command('register')
  .description('see every rack connected (Job)')
  .addOption(timeout('15m'))
  .action(async (options: { timeout: number }) => {
    await (await import('./register/register.js')).register(process.env, options);
  });

program
  .command('api-key')
  .description('print the API key of the administrator')
  .option('-n, --namespace <name>', 'namespace of MAAS')
  .option('--kubeconfig <path>', 'kubeconfig file')
  .option('--context <name>', 'context of the kubeconfig file')
  .option('--secret <name>', 'Secret of the API key', 'maas-api-key')
  .option('--wait', 'wait until there is a key')
  .addOption(timeout('15m'))
  .action(async (options: import('./api-key/api-key').ApiKeyOptions) => {
    await (await import('./api-key/api-key.js')).apiKey(options);
  });

program.addCommand(build());

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

program.parseAsync(own).catch((error: unknown) => {
  process.stderr.write(`maas-k8s: ${program.opts<{ debug?: boolean }>().debug && error instanceof Error ? String(error.stack) : messageOf(error)}\n`);
  process.exit(1);
});
