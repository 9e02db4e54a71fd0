/** The verbs that people run, declared; each is loaded when it is called, so that --help costs nothing. */

import { Argument, type Command } from 'commander';
import { usualSecrets } from '../charts/tables/secrets';
import { candidates, verb as completeVerb, print, script, shells, type Shell } from './completion/completion';
import { count, dryRun, duration, timeout, yes } from './options';
import { outputOption } from './output/structured';

const examples = (...lines: readonly (readonly [command: string, says?: string])[]): string => {
  const width = Math.max(...lines.map(([command]) => command.length));
  return `\nExamples:\n${lines.map(([command, says]) => `  maas-k8s ${says === undefined ? command : `${command.padEnd(width)}   ${says}`}`).join('\n')}\n`;
};

/** The verb's own options, with those of the program. */
const all = (command: Command): never => command.optsWithGlobals<never>();

/** @param foreign what followed `--`: words to complete */
export function addVerbs(program: Command, foreign: readonly string[]): void {
  program.commandsGroup('Run:');

  program
    .command('preflight')
    .description('what the cluster and its nodes need before MAAS is put on them: ports, DHCP, storage, rights, database …')
    .option('--values <file>', 'values (default: MAAS_VALUES, else values.yaml, else the defaults)')
    .option('--no-probe', 'make no pods that look at the nodes')
    .addOption(outputOption())
    .addOption(timeout('30s'))
    .addHelpText('after', examples(['preflight'], ['preflight --values site.yaml -o json']))
    .action(async (_options: object, command: Command) => {
      await (await import('./preflight/preflight.js')).preflight(all(command));
    });

  program
    .command('up')
    .description('apply MAAS, or its region or its racks, and stay until it runs')
    .addArgument(new Argument('[part]', 'what').choices(['all', 'region', 'rack']).default('all'))
    .option('--values <file>', 'values (default: MAAS_VALUES, else values.yaml, else the defaults)')
    .addOption(dryRun())
    .option('--force-conflicts', 'take over fields that somebody else has set')
    .option('--no-preflight', 'do not look first whether the cluster is fit for MAAS')
    .option('--no-wait', 'do not stay')
    .option('--import <command>', 'load images that are missing with this command, which is given an archive')
    .option('--kind', 'make a kind cluster for it')
    .option('--k3d', 'make a k3d cluster for it')
    .addOption(timeout('15m'))
    .addHelpText(
      'after',
      examples(
        ['up --dry-run'],
        ['up'],
        ['up --values site.yaml'],
        ['up region -n maas-test', 'the region, in another namespace'],
        ['up --kind', 'a cluster on this machine, to try MAAS out'],
      ),
    )
    .action(async (part: 'all' | 'region' | 'rack', _options: object, command: Command) => {
      await (await import('./up/up.js')).up(part, all(command));
    });

  program
    .command('down')
    .description('take MAAS away, and keep its data')
    .option('--purge', 'take its data, its Secrets and its namespace, too')
    .addOption(yes())
    .addOption(dryRun())
    .addOption(timeout('5m'))
    .addHelpText('after', examples(['down --dry-run'], ['down'], ['down --purge --yes']))
    .action(async (_options: object, command: Command) => {
      await (await import('./down/down.js')).down(all(command));
    });

  program
    .command('register-rack')
    .description('link racks of this cluster to a region anywhere')
    .option('--url <url>', 'of the region, as http://HOST:5240/MAAS')
    .option('--secret-file <file>', 'file with the region secret; - for standard input (default: MAAS_REGION_SECRET, else a prompt)')
    .option('--values <file>', 'values, of which the rack pools and images count')
    .option('--no-probe', 'do not look at the region from the nodes first')
    .option('--no-wait', 'do not stay until the racks are registered')
    .option('--force-conflicts', 'take over fields that somebody else has set')
    .addOption(yes())
    .addOption(dryRun())
    .addOption(timeout('10m'))
    .addHelpText(
      'after',
      examples(
        ['register-rack -n maas-edge --url http://10.0.0.5:5240/MAAS', 'asks for the secret'],
        ['register-rack -n maas-edge --url http://maas.example.com:5240/MAAS --secret-file region-secret --dry-run'],
        ['secret --context hq | maas-k8s register-rack --context edge --url http://10.0.0.5:5240/MAAS --secret-file -', 'from one cluster to another'],
      ),
    )
    .action(async (_options: object, command: Command) => {
      await (await import('./register-rack/register-rack.js')).registerRack(all(command));
    });

  program
    .command('rotate')
    .description('change the secret that regions and racks share, everywhere')
    .addArgument(new Argument('<what>', 'what').choices(['secret']))
    .option('--secret-file <file>', 'file with the new secret; - for standard input (default: one is made up)')
    .addOption(yes())
    .addOption(dryRun())
    .addOption(timeout('10m'))
    .addHelpText(
      'after',
      examples(['rotate secret --dry-run'], ['rotate secret'], ['rotate secret --yes', 'and again, after an interruption: goes on where it was']),
    )
    .action(async (_what: string, _options: object, command: Command) => {
      await (await import('./rotate/rotate.js')).rotateSecret(all(command));
    });

  program.commandsGroup('Look:');

  program
    .command('status')
    .description('one screen: database, regions, racks, images, Jobs, and the next thing to do')
    .option('-w, --watch', 'go on looking, until Ctrl-C')
    .addOption(outputOption())
    .addHelpText(
      'after',
      examples(['status'], ['status --watch'], ["status -o json | jq '.racks[] | select(.connected | not)'"], ['status -o schema', 'what -o json means']),
    )
    .action(async (_options: object, command: Command) => {
      await (await import('./status/status.js')).showStatus(all(command));
    });

  program
    .command('ip')
    .description('addresses by which people, racks and machines reach the region, and which of them answers here')
    .option('--first', 'print the first that answers, and nothing else')
    .addOption(outputOption())
    .addHelpText('after', examples(['ip'], ['ip --first', 'for scripts']))
    .action(async (_options: object, command: Command) => {
      await (await import('./ip/ip.js')).ip(all(command));
    });

  for (const [name, which, what] of [
    ['api-key', 'apiKey', 'the API key of the administrator'],
    ['secret', 'region', 'the secret that regions and racks share'],
  ] as const)
    program
      .command(name)
      .description(`print ${what}; waits until there is one`)
      .option('--secret <name>', `Secret that it is in (default: the one that bootstrap was told, ${usualSecrets[which]})`)
      .option('--no-wait', 'do not wait: say what is pending')
      .addOption(timeout('15m'))
      .addHelpText('after', examples([name], [`${name} --no-wait`, 'fails at once, with what is pending'], [`${name} -n maas-edge --timeout 1m`]))
      .action(async (_options: object, command: Command) => {
        await (await import('./credentials/credentials.js')).credential(which, all(command));
      });

  program
    .command('logs')
    .description('logs of a process by its MAAS name, over all pods')
    .argument('[names...]', 'processes (regiond, rack/http, bind9 …), region, rack, database, bootstrap, registration, or pods', [])
    .option('-f, --follow', 'go on, with containers that come later, until Ctrl-C')
    .option('-p, --previous', 'of the containers before the last restart')
    .option('--timestamps', 'with the time of each line')
    .addOption(count('--tail <lines>', 'the last lines of each container (default: 20 where there are several, else all)'))
    .addOption(duration('--since <duration>', 'not older than this'))
    .addHelpText('after', examples(['logs regiond'], ['logs -f rackd agent'], ['logs rack/http --since 10m'], ['logs bootstrap']))
    .action(async (names: string[], _options: object, command: Command) => {
      await (await import('./logs/logs.js')).logs(names, all(command));
    });

  program
    .command('services')
    .description('services of every pod as MAAS sees them; start, stop or restart them')
    .addArgument(new Argument('[action]', 'what to do').choices(['list', 'start', 'stop', 'restart']).default('list'))
    .argument('[services...]', 'by their MAAS names, or those of their containers', [])
    .option('--pod <name>', 'in this pod only')
    .addOption(outputOption())
    .addOption(dryRun())
    .addHelpText('after', examples(['services'], ['services restart temporal-worker'], ['services restart http --pod maas-rack-default-x7k2p --dry-run']))
    .action(async (action: import('./services/services').Action, names: string[], _options: object, command: Command) => {
      await (await import('./services/services.js')).services(action, names, all(command));
    });

  program
    .command('support-bundle')
    .description('one file for whoever helps: status, objects, events, logs; secrets are taken out')
    .option('--file <path>', 'where to write it (default: maas-support-TIME.tar.gz here)')
    .addOption(count('--tail <lines>', 'the last lines of each container').default(2000))
    .addHelpText('after', examples(['support-bundle'], ['support-bundle --file /tmp/maas.tar.gz --tail 500']))
    .action(async (_options: object, command: Command) => {
      await (await import('./support-bundle/support-bundle.js')).supportBundle(all(command));
    });

  program
    .command('completion')
    .description('print a script that completes verbs and options')
    .addArgument(new Argument('<shell>', 'for which').choices(shells))
    .addHelpText(
      'after',
      examples(
        ['completion bash > ~/.local/share/bash-completion/completions/maas-k8s'],
        ['completion zsh > ~/.zfunc/_maas-k8s'],
        ['completion fish > ~/.config/fish/completions/maas-k8s.fish'],
      ),
    )
    .action((shell: Shell) => {
      process.stdout.write(script(shell));
    });
  program.command(completeVerb, { hidden: true }).action(async () => {
    const { known } = await import('./cluster/names.js');
    process.stdout.write(print(candidates(program, foreign, known())));
  });
}
