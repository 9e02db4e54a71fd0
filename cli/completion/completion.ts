/** Completion of the command line in shells, and under kubectl: a script for each shell, which asks the program itself. */

import type { Argument, Command, Option } from 'commander';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** The verb that is asked; what is completed follows `--`. */
export const verb = '__complete';

interface Candidate {
  readonly word: string;
  readonly description: string;
}

export interface Candidates {
  readonly words: readonly Candidate[];
  /** Whether names of files fit, too. */
  readonly files: boolean;
}

const paths = /<(file|folder|path|command)>/;
const nothing: Candidates = { words: [], files: false };

const plain = (words: readonly string[]): Candidate[] => words.map((word) => ({ word, description: '' }));

function valuesOf(option: Option): Candidates {
  return { words: plain(option.argChoices ?? []), files: paths.test(option.flags) };
}

function wordsOf(argument: Argument | undefined, names: readonly string[]): Candidate[] {
  return plain([...(argument?.argChoices ?? []), ...(argument?.variadic ? names : [])]);
}

/** Those for people, not those that pods run. */
const isOffered = (command: Command): boolean => command.helpGroup() !== 'In pods:';

/**
 * What may come next on a command line.
 * @param written the words after the program's name; the last one is what is being written, empty if nothing is
 * @param names of the parts of a MAAS, for arguments that take any of them
 */
export function candidates(program: Command, written: readonly string[], names: readonly string[]): Candidates {
  const current = written.at(-1) ?? '';
  let command: Command | undefined;
  let position = 0;
  let open: Option | undefined;
  const options = (): Option[] => [...(command?.options ?? []), ...program.options];
  for (const word of written.slice(0, -1)) {
    if (open !== undefined) open = undefined;
    else if (word.startsWith('-')) open = options().find(({ short, long, required }) => required && (word === long || word === short));
    else if (command === undefined) command = program.commands.find((one) => one.name() === word);
    else position++;
  }
  const begin = ({ words, files }: Candidates): Candidates => ({ words: words.filter(({ word }) => word.startsWith(current)), files });
  if (open !== undefined) return begin(valuesOf(open));
  if (current.startsWith('-')) {
    const flags = options().filter(({ hidden }) => !hidden);
    const help = { word: '--help', description: 'display help for command' };
    return begin({ words: [...flags.flatMap(({ long, description }) => (long ? [{ word: long, description }] : [])), help], files: false });
  }
  if (command === undefined)
    return begin({ words: program.commands.filter(isOffered).map((one) => ({ word: one.name(), description: one.description() })), files: false });
  const places = command.registeredArguments;
  const place = places[position] ?? (places.at(-1)?.variadic ? places.at(-1) : undefined);
  return place === undefined ? nothing : begin({ words: wordsOf(place, names), files: false });
}

/**
 * A line per word, with its description after a tab, then whether files fit: as cobra answers, which is what kubectl asks
 * of `kubectl_complete-maas` (https://kubernetes.io/docs/tasks/extend-kubectl/kubectl-plugins/, spf13/cobra: ShellCompDirective).
 */
export const print = ({ words, files }: Candidates): string =>
  [...words.map(({ word, description }) => (description === '' ? word : `${word}\t${description}`)), files ? ':0' : ':4'].join('\n') + '\n';

const scripts: Readonly<Record<Shell, string>> = {
  bash: `_maas_k8s() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :0) compopt -o default ;;
      :*) ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done < <("\${COMP_WORDS[0]}" ${verb} -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _maas_k8s maas-k8s kubectl-maas
`,
  zsh: `#compdef maas-k8s kubectl-maas
_maas_k8s() {
  local -a found
  local line files=
  for line in "\${(@f)$("\${words[1]}" ${verb} -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      :0) files=yes ;;
      :*|'') ;;
      *$'\\t'*) found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
      *) found+=("\${line//:/\\\\:}") ;;
    esac
  done
  (( \${#found} )) && _describe 'maas-k8s' found
  [[ -n $files ]] && _files
}
# Loaded by the completion system this file is the function itself.
if [[ $funcstack[1] == _maas-k8s ]]; then _maas_k8s "$@"; else compdef _maas_k8s maas-k8s kubectl-maas; fi
`,
  fish: `function __maas_k8s_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l program $words[1]
  set -e words[1]
  for line in ($program ${verb} -- $words "$current" 2>/dev/null)
    switch $line
      case :0
        __fish_complete_path "$current"
      case ':*'
      case '*'
        echo $line
    end
  end
end
complete -c maas-k8s -f -a '(__maas_k8s_complete)'
complete -c kubectl-maas -f -a '(__maas_k8s_complete)'
`,
};

export const script = (shell: Shell): string => scripts[shell];
