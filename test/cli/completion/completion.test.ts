import { execFileSync } from 'node:child_process';
import { Command } from 'commander';
import { script, shells, verbsOf } from '../../../cli/completion/completion';
import { addPodVerbs } from '../../../cli/pod-verbs';
import { addVerbs } from '../../../cli/verbs';

const program = new Command('maas-k8s').option('-n, --namespace <name>', 'namespace');
addVerbs(program);
addPodVerbs(program, []);
const verbs = verbsOf(program, { logs: ['regiond'] });

/** What bash offers after some words. */
const offered = (...words: string[]): string[] =>
  execFileSync(
    'bash',
    [
      '-c',
      `${script('bash', verbs)}\nCOMP_WORDS=(maas-k8s ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${String(words.length)}; _maas_k8s; printf '%s\\n' "\${COMPREPLY[@]}"`,
    ],
    {
      encoding: 'utf8',
    },
  )
    .trim()
    .split('\n');

test('bash offers verbs, then the options and words of the verb, and those of the program', () => {
  expect(offered('st')).toEqual(['status']);
  expect(offered('status', '--w')).toEqual(['--watch']);
  expect(offered('-n', 'edge', 'logs', 'reg')).toEqual(['regiond']);
  expect(offered('up', '--names')).toEqual(['--namespace']);
  expect(offered('up', 'r')).toEqual(['region', 'rack']);
});

test.each(shells)('%s: every verb is there, for both names of the program', (shell) => {
  const text = script(shell, verbs);
  for (const { name } of verbs) expect(text).toContain(name);
  for (const name of ['maas-k8s', 'kubectl-maas']) expect(text).toContain(name);
});

test('every verb for people has examples', () => {
  for (const command of program.commands.filter((one) => one.helpGroup() !== 'In pods:')) {
    let help = '';
    command.configureOutput({ writeOut: (text) => (help += text) });
    command.outputHelp();
    expect(help).toMatch(new RegExp(`Examples:\n.*maas-k8s ${command.name()}`));
  }
});
