import { spawnSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { candidates, script } from '../../../cli/completion/completion';
import { addPodVerbs } from '../../../cli/pod-verbs';
import { addVerbs } from '../../../cli/verbs';
import { folder } from '../folder';
import { program as bundled } from '../program';

const program = new Command('maas-k8s').option('-n, --namespace <name>', 'namespace').option('--kubeconfig <path>', 'file').option('--debug', 'more');
addVerbs(program, []);
addPodVerbs(program, []);

const offered = (...written: string[]): string[] => candidates(program, written, ['regiond', 'rackd']).words.map(({ word }) => word);
const takesFiles = (...written: string[]): boolean => candidates(program, written, []).files;

test('verbs for people come first, and those of pods are not offered', () => {
  expect(offered('st')).toEqual(['status']);
  expect(offered('')).toEqual(expect.arrayContaining(['up', 'rotate']));
  expect(offered('rotate')).toEqual(['rotate']);
  expect(offered('mux')).toEqual([]);
});

test('then the options of the verb and of the program, and the words it takes in their places', () => {
  expect(offered('status', '--w')).toEqual(['--watch']);
  expect(offered('up', '--names')).toEqual(['--namespace']);
  expect(offered('up', 'r')).toEqual(['region', 'rack']);
  expect(offered('up', 'rack', 'r')).toEqual([]);
  expect(offered('services', 'r')).toEqual(['restart']);
  expect(offered('services', 'restart', 'r')).toEqual(['regiond', 'rackd']);
  expect(offered('logs', 'regiond', 'ra')).toEqual(['rackd']);
  expect(offered('status', '')).toEqual([]);
});

test('an option’s value is not taken for a word, and has its own', () => {
  expect(offered('-n', 'edge', 'logs', 'reg')).toEqual(['regiond']);
  expect(offered('--debug', 'up', 'r')).toEqual(['region', 'rack']);
  expect(offered('-n', '')).toEqual([]);
  expect(offered('status', '-o', '')).toEqual(['json', 'yaml', 'schema']);
  expect(offered('status', '-o', 'json', '--w')).toEqual(['--watch']);
  expect([takesFiles('up', '--values', ''), takesFiles('--kubeconfig', ''), takesFiles('up', '--timeout', ''), takesFiles('up', '')]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

/** The program under its names, and a shell that has it in its PATH. */
function shell(command: string): string {
  const home = folder();
  for (const name of ['maas-k8s', 'kubectl_complete-maas']) symlinkSync(bundled, join(home, name));
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', command], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${home}:${process.env.PATH!}` },
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

test('bash asks the program', () => {
  const words = (...written: string[]): string =>
    `COMP_WORDS=(maas-k8s ${written.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${String(written.length)}; _maas_k8s; echo "\${COMPREPLY[*]}"`;
  expect(shell([script('bash'), words('st'), words('-n', 'edge', 'up', 'r'), words('status', '-o', '')].join('\n'))).toBe(
    'status\nregion rack\njson yaml schema\n',
  );
});

test('kubectl asks kubectl_complete-maas, and gets what cobra would answer', () => {
  expect(shell("kubectl_complete-maas stat; kubectl_complete-maas up --values ''")).toBe(
    'status\tone screen: database, regions, racks, images, Jobs, and the next thing to do\n:4\n:0\n',
  );
});

test('every verb for people has examples', () => {
  for (const command of program.commands.filter((one) => one.helpGroup() !== 'In pods:' && !one.name().startsWith('_'))) {
    let help = '';
    command.configureOutput({ writeOut: (text) => (help += text) });
    command.outputHelp();
    expect(help).toMatch(new RegExp(`Examples:\n.*maas-k8s ${command.name()}`));
  }
});
