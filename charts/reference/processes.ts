import { quoteCommand } from '../../cli/config/quote';
import { describe, evaluate, Expr } from '../render/expression';
import { code, table } from '../render/markdown';
import type { Check } from '../tables/checks';
import { printFact, type Fact } from '../tables/facts';
import { processes, processesOf, type Pod, type Process } from '../tables/processes';
import { scopeOf } from '../tables/values';
import { defaults } from '../tables/valuesfile';
import { numbers } from './ports';

const scope = scopeOf(defaults());

/** A path among the values, without the root that expressions have. */
const valueName = (expression: Expr<unknown>): string => code(expression[describe]().replace(/^values\./, ''));

const codes = (found: readonly string[]): string => found.map(code).join(', ');

const listens = ({ listens }: Process): string => listens.map((port) => `${numbers(port)}/${port.protocols.join('+')} (${port.name})`).join(', ');

function checkText(check: Check): string {
  switch (check.kind) {
    case 'http':
    case 'unixHttp': {
      const where = check.kind === 'http' ? `port ${String(check.port)}` : code(check.socket);
      return `${code(`GET ${check.path}`)} on ${where} is answered${check.json ? `, with something in ${code(check.json)}` : ''}`;
    }
    case 'tcp':
      return `port ${String(check.port)} accepts connections`;
    case 'file':
      return `${code(check.path)} exists`;
    case 'running':
      return 'it runs';
  }
}

/** How each kind of fact is written, and when it holds. */
const facts: Readonly<Record<Fact['kind'], readonly [form: string, text: string]>> = {
  file: ['file:PATH', 'the file exists'],
  socket: ['socket:PATH', 'the Unix socket accepts connections'],
  tcp: ['tcp:HOST:PORT', 'the port accepts connections'],
  database: ['database', 'the database lets the process log in'],
  bootstrapped: ['bootstrapped', 'bootstrap has migrated the database for this version of MAAS and seeded the region secret'],
  temporal: ['temporal', 'the region’s Temporal accepts connections'],
};

const factText = (fact: Fact): string => code(printFact(fact));

const reload: Readonly<Record<Process['reload'], string>> = { SIGHUP: 'SIGHUP', restart: 'a restart', none: '' };

const memory = ({ memory }: Process): string =>
  memory instanceof Expr ? `${String(memory[evaluate](scope))} MiB with the default values` : `${String(memory)} MiB`;

/** Names and values of a process's details; those without a value are left out. */
const details = (process: Process): [string, string][] =>
  (
    [
      ['Command', code(quoteCommand(process.command))],
      ['Called by MAAS', process.service === process.name ? '' : code(process.service)],
      ['Deployed while', process.enabled ? `${valueName(process.enabled)} is true` : ''],
      ['Started by', process.startedBy === 'pebble' ? 'Pebble, with its container' : 'MAAS, when there is something for it to do'],
      ['Waits for', process.waitsFor.map(factText).join(', ')],
      ['Makes', codes(process.writes)],
      ['Listens on', listens(process)],
      ['Capabilities', process.capabilities.length > 0 ? process.capabilities.join(', ') : 'none'],
      ['Alive while', checkText(process.alive)],
      ['Ready while', checkText(process.ready)],
      ['Reads its configuration again by', reload[process.reload]],
      ['Restarted when these change', codes(process.restartsOn)],
      [
        'Passes requests on',
        process.relays
          ? `restarted unless, while ${checkText(process.relays.past)}, ${checkText(process.relays.through)}, and ${code(process.relays.to)} says what it said at first`
          : '',
      ],
      ['Time to start, to stop', `${String(process.startSeconds)} s, ${String(process.stopSeconds)} s`],
      ['Requests', `${memory(process)}, ${String(process.cpu)}m of a core`],
      ['Shared folders', codes(process.mounts.map(({ path }) => path))],
    ] as [string, string][]
  ).filter(([, value]) => value !== '');

const section = (process: Process): string => `### ${process.pod}: ${process.name}

${details(process)
  .map(([name, value]) => `- **${name}**: ${value}`)
  .join('\n')}
`;

const pods: Readonly<Record<Pod, string>> = {
  region: 'One pod per member.',
  rack: 'One pod per node of a pool, on the node’s network.',
};

const overview = (pod: Pod): string => `## The ${pod} pod

${pods[pod]}

${table(
  ['Container', 'Listens on', 'Capabilities', 'Started by', 'Memory'],
  processesOf(pod).map((process) => [
    `[${process.name}](#${pod}-${process.name})`,
    listens(process),
    process.capabilities.join(', '),
    process.startedBy === 'pebble' ? 'Pebble' : 'MAAS',
    memory(process),
  ]),
)}
${processesOf(pod).map(section).join('\n')}`;

export const processesReference = (): string => `# Processes

${String(processes.length)} processes, each in a container of its own with Pebble as PID 1. Beside them each pod has the container \`services\`: the mux, by which MAAS's service manager reaches them all.

What a process waits for is checked in front of its command (\`maas-k8s wait FACT… -- COMMAND\`), before each start:

${table(
  ['Fact', 'Holds when'],
  Object.values(facts).map(([form, text]) => [code(form), text]),
)}
${(Object.keys(pods) as Pod[]).map(overview).join('\n')}`;
