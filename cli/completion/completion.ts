/** `maas-k8s completion`: scripts for shells, made from the verbs themselves. */

import type { Command } from 'commander';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

interface Verb {
  readonly name: string;
  readonly description: string;
  /** Choices of its arguments. */
  readonly words: readonly string[];
  readonly flags: readonly { readonly flag: string; readonly description: string }[];
}

const programs = ['maas-k8s', 'kubectl-maas'] as const;

/** @param words for arguments that have no choices of their own, by verb */
export function verbsOf(program: Command, words: Readonly<Record<string, readonly string[]>> = {}): Verb[] {
  const flagsOf = (command: Command) =>
    command.options.filter(({ hidden }) => !hidden).flatMap(({ long, description }) => (long ? [{ flag: long, description }] : []));
  return program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    words: [...command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []), ...(words[command.name()] ?? [])],
    flags: [...flagsOf(command), ...flagsOf(program), { flag: '--help', description: 'display help for command' }],
  }));
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

export function script(shell: Shell, verbs: readonly Verb[]): string {
  return { bash, zsh, fish }[shell](verbs);
}

const bash = (verbs: readonly Verb[]): string => `_maas_k8s() {
  local current=\${COMP_WORDS[COMP_CWORD]} verb= word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in ${verbs.map(({ name }) => name).join('|')}) verb=$word; break ;; esac
  done
  case $verb in
${verbs.map(({ name, words, flags }) => `    ${name}) COMPREPLY=($(compgen -W ${quoted([...words, ...flags.map(({ flag }) => flag)].join(' '))} -- "$current")) ;;`).join('\n')}
    *) COMPREPLY=($(compgen -W ${quoted(verbs.map(({ name }) => name).join(' '))} -- "$current")) ;;
  esac
}
complete -o default -F _maas_k8s ${programs.join(' ')}
`;

const zsh = (verbs: readonly Verb[]): string => `#compdef ${programs.join(' ')}
_maas_k8s() {
  local -a verbs
  verbs=(${verbs.map(({ name, description }) => quoted(`${name}:${description.replaceAll(':', ' ')}`)).join(' ')})
  local verb=\${words[(r)(${verbs.map(({ name }) => name).join('|')})]}
  case $verb in
${verbs
  .map(
    ({ name, words, flags }) =>
      `    ${name}) _arguments ${flags.map(({ flag, description }) => quoted(`${flag}[${description.replace(/[[\]:]/g, ' ')}]`)).join(' ')} ${quoted(`*:what:${words.length > 0 ? `(${words.join(' ')})` : '_files'}`)} ;;`,
  )
  .join('\n')}
    *) _describe 'verb' verbs ;;
  esac
}
compdef _maas_k8s ${programs.join(' ')}
`;

const fish = (verbs: readonly Verb[]): string =>
  programs
    .flatMap((program) => [
      ...verbs.map(({ name, description }) => `complete -c ${program} -f -n __fish_use_subcommand -a ${name} -d ${quoted(description)}`),
      ...verbs.flatMap(({ name, words, flags }) => [
        ...(words.length > 0 ? [`complete -c ${program} -n ${quoted(`__fish_seen_subcommand_from ${name}`)} -a ${quoted(words.join(' '))}`] : []),
        ...flags.map(
          ({ flag, description }) => `complete -c ${program} -n ${quoted(`__fish_seen_subcommand_from ${name}`)} -l ${flag.slice(2)} -d ${quoted(description)}`,
        ),
      ]),
    ])
    .join('\n') + '\n';
