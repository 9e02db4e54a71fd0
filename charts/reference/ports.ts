import { code, table } from '../render/markdown';
import { processes } from '../tables/processes';
import { ports, type Caller, type Port } from '../tables/ports';

const everyPort: readonly Port[] = Object.values(ports);

export const numbers = ({ number, last }: Port): string => (last === undefined ? String(number) : `${String(number)}–${String(last)}`);

/** Who listens where it is no process of MAAS. */
const others: ReadonlyMap<Port, string> = new Map<Port, string>([
  [ports.web, 'Service (region)'],
  [ports.postgres, 'postgres (database)'],
  [ports.health, 'services (region, rack)'],
]);

function listeners(port: Port): string {
  const found = processes.filter(({ listens }) => listens.includes(port));
  const pods = new Map<string, string[]>();
  for (const { name, pod } of found) pods.set(name, [...(pods.get(name) ?? []), pod]);
  return others.get(port) ?? [...pods].map(([name, where]) => `${name} (${where.join(', ')})`).join(', ');
}

const callers: Readonly<Record<Caller, string>> = {
  people: 'browsers, command lines and whatever else speaks to the API',
  machines: 'what MAAS provisions, from its own networks',
  racks: 'rackd and its neighbours in a rack’s pod',
  agents: 'maas-agent in a rack’s pod',
  regions: 'the pods of region members',
  monitoring: 'what collects metrics',
  pod: 'nobody outside of the pod',
  kubelet: 'the kubelet of the pod’s own node',
};

export const portsReference = (): string => `# Ports

Every port that is listened on. Racks are on their node's network, so all of theirs must be free there.

${table(
  ['Port', 'Protocol', 'What for', 'Who listens', 'Who calls', 'Source'],
  [...everyPort]
    .sort((a, b) => a.number - b.number || a.name.localeCompare(b.name))
    .map((port) => [numbers(port), port.protocols.join(', '), port.serves, listeners(port), port.callers.join(', '), port.source]),
)}
Sources are files of MAAS at tag 3.7.3, but for those that are not MAAS's.

## Who calls

${table(['Caller', 'That is'], Object.entries(callers))}
## On a rack's node

${pinned()}
`;

/** The numbers that have to be free on a node. */
function pinned(): string {
  const taken = processes.filter(({ pod }) => pod === 'rack').flatMap(({ listens }) => listens);
  const found = everyPort
    .filter((port) => taken.includes(port) || port === ports.health)
    .flatMap((port) => port.protocols.map((protocol) => ({ port, protocol })));
  return (['TCP', 'UDP'] as const)
    .map((wanted) => {
      const of = found.filter(({ protocol }) => protocol === wanted).sort((a, b) => a.port.number - b.port.number);
      return `- ${wanted}: ${of.map(({ port }) => code(numbers(port))).join(', ')}`;
    })
    .join('\n');
}
