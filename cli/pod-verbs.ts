/** The verbs that run in pods, declared; each is loaded when it is called, for containers start the program a dozen times at once. */

import type { Command } from 'commander';
import { repeatable, timeout } from './options';

const pod = '<pod>';
const pods = 'region or rack';

/** @param foreign what followed `--`: a command of somebody else */
export function addPodVerbs(program: Command, foreign: readonly string[]): void {
  program.commandsGroup('In pods:');

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
    .option('--health-address <address>', 'where to answer health checks (default: all addresses, of IPv6, too)')
    .action(async (name: string, options: { without: string[]; healthAddress?: string }) => {
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
    .command('probe')
    .description('look at this node, or from it at a region; prints JSON')
    .argument('<what>', 'node or region')
    .option('--url <url>', 'of the region')
    .option('--message <hex>', 'what the region shall sign with its secret')
    .option('--database <role@host:port/name>', 'whether it lets the role in from the node')
    .option('--dhcp', 'whether a DHCP server answers')
    .action(async (what: string, options: { url?: string; message?: string; database?: string; dhcp?: boolean }) => {
      const { probeNode, probeRegion } = await import('./probe/probe.js');
      const { url = '', message = '' } = options;
      process.stdout.write(`${JSON.stringify(what === 'region' ? await probeRegion(url, message) : await probeNode(options))}\n`);
    });

  program
    .command('rotate-seed')
    .description('give the database the next region secret (Job)')
    .addOption(timeout('5m'))
    .action(async (options: { timeout: number }) => {
      await (await import('./rotate/seed.js')).rotateSeed(process.env, options);
    });
}
