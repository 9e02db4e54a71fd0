/**
 * Programs in a folder that keep the contract of kind 0.30, k3d 5.9 and minikube 1.38 as far as maas-k8s relies on it:
 * arguments, outputs and exit codes as the genuine ones were seen to have them. They know one cluster, maas.
 */

import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folder } from './folder';

/** Options may be anywhere; what is left stays in $1, $2 … */
const options = `
input=$*
cluster= archive= config=
rest=
while [ $# -gt 0 ]; do
  case $1 in
  --name | --cluster | --profile) cluster=$2; shift ;;
  --config) [ "$2" = - ] && cat >"$state/config"; shift ;;
  --port) shift ;;
  --wait) [ "$program" = k3d ] || shift ;;
  --no-headers | --kubeconfig-merge-default) ;;
  --alsologtostderr) log=yes ;;
  -*) echo "unknown flag: $1" >&2; exit 1 ;;
  *) rest="$rest $1" ;;
  esac
  shift
done
set -- $rest
echo "$program $input" >>"$state/calls"
says() { if [ -e "$state/$1" ]; then cat "$state/$1" >&2; else return 1; fi; }
is() { [ -e "$state/cluster" ] && [ "$1" = maas ]; }
context() { sed "s/TOOL/$program/g" "$state/kubeconfig" >"$KUBECONFIG"; }
create() {
  [ -e "$state/slow" ] && { echo maas >"$state/cluster"; exec sleep 20; }
  echo maas >"$state/cluster"
  context
}
import() { cp "$1" "$state/loaded"; }
`;

const scripts: Readonly<Record<string, string>> = {
  kind: `
case "$1 $2" in
'get clusters') [ -e "$state/cluster" ] && echo maas || echo 'No kind clusters found.' >&2 ;;
'create cluster') says trouble && exit 1; create ;;
'export kubeconfig') is "$cluster" || { echo "ERROR: could not locate any control plane nodes for cluster named '$cluster'." >&2; exit 1; }
  says half && exit 1; context ;;
'delete cluster') [ -e "$state/slow" ] && sleep 1; rm -f "$state/cluster"; echo "Deleting cluster \\"$cluster\\" ..." >&2 ;;
'load image-archive')
  [ -f "$3" ] || { echo "ERROR: stat $3: no such file or directory" >&2; exit 1; }
  is "$cluster" || { echo "ERROR: no nodes found for cluster \\"$cluster\\"" >&2; exit 1; }
  says trouble && exit 1
  import "$3" ;;
*) echo "ERROR: unknown command \\"$1\\" for \\"kind\\"" >&2; exit 1 ;;
esac`,
  k3d: `
case "$1 $2" in
'cluster list') [ -e "$state/cluster" ] && echo 'maas   1/1   0/0   true'; exit 0 ;;
'cluster create') says trouble && exit 1; [ "$3" = maas ] && create ;;
'cluster start' | 'kubeconfig merge') is "$3" || { echo 'FATA[0000] No nodes found for given cluster' >&2; exit 1; }
  [ "$1" = cluster ] || context ;;
'cluster delete') rm -f "$state/cluster"; echo 'INFO[0000] Successfully deleted cluster maas!' ;;
'image import')
  is "$cluster" || { echo "FATA[0000] failed to get cluster $cluster: No nodes found for given cluster" >&2; exit 1; }
  if says trouble; then :; else import "$3"; fi
  echo 'INFO[0003] Successfully imported 1 image(s) into 1 cluster(s)' ;;
*) exit 1 ;;
esac`,
  minikube: `
[ "$1 $2" = 'image load' ] || exit 64
is "$cluster" || { echo 'Exiting due to MK_USAGE: loading profile' >&2; exit 14; }
[ -e "$state/stopped" ] && exit 0
[ -e "$state/trouble" ] || import "$3"
if [ -n "$log" ]; then
  # Of two nodes, one takes it in any case.
  echo "I1125 03:30:00.000000       1 cache_images.go:262] succeeded pushing to: $cluster" >&2
  if says trouble; then echo "I1125 03:30:00.000000       1 cache_images.go:265] failed pushing to: $cluster-m02" >&2; fi
fi`,
};

/** What makes a program behave in another way: files in its folder, with what it says then. */
export interface ClusterTools {
  /** Lines: a program and its arguments. */
  readonly calls: () => string[];
  /** That the cluster is there already, and how its programs shall behave. */
  set(what: 'cluster' | 'half' | 'slow' | 'stopped' | 'trouble', text?: string): void;
  unset(what: 'cluster'): void;
  /** What a program was given: the configuration of a cluster, or the archive that it has loaded. */
  read(what: 'cluster' | 'config' | 'loaded'): string | undefined;
  /** For a program that is started: with these programs, and nothing else, in its PATH. */
  readonly environment: Readonly<Record<string, string>>;
}

/** @param kubeconfig the path of what the tools write where they make a cluster, with TOOL for their names */
export function clusterTools(kubeconfig = '/dev/null', programs: Readonly<Record<string, string>> = {}): ClusterTools {
  const state = folder();
  for (const [program, script] of [...Object.entries(scripts).map(([name, text]) => [name, options + text] as const), ...Object.entries(programs)]) {
    writeFileSync(join(state, program), `#!/bin/sh\nstate=${state} program=${program}\n${script}\n`);
    chmodSync(join(state, program), 0o755);
  }
  writeFileSync(join(state, 'kubeconfig'), readFileSync(kubeconfig));
  const read = (name: string): string | undefined => {
    try {
      return readFileSync(join(state, name), 'utf8');
    } catch {
      return undefined;
    }
  };
  return {
    calls: () => read('calls')?.trimEnd().split('\n') ?? [],
    set: (what, text = 'maas\n') => {
      writeFileSync(join(state, what), text);
    },
    unset: (what) => {
      rmSync(join(state, what));
    },
    read,
    environment: { PATH: `${state}:/usr/bin:/bin`, KUBECONFIG: join(state, 'written') },
  };
}

/** Has the programs in the PATH of this process while the tests of a file run. */
export function withEnvironment(tools: () => ClusterTools): void {
  const before = { ...process.env };
  beforeEach(() => {
    Object.assign(process.env, tools().environment);
  });
  afterEach(() => {
    process.env = { ...before };
  });
}
