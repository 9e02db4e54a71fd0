/** `maas-k8s ip`: by which addresses people, racks and machines reach the region, and which of them answers here and now. */

import { Type, type Static } from '@sinclair/typebox';
import { ports } from '../../charts/tables/ports';
import { cluster, type ClusterOptions } from '../cluster/cluster';
import { installed } from '../cluster/installed';
import { Failure, messageOf, Unreachable } from '../failure';
import { partOfMaas } from '../kubernetes/kubernetes';
import type { Node, Service } from '../kubernetes/types';
import { Maas } from '../maas/client';
import { print, printSchema, type Form } from '../output/structured';
import { table } from '../output/table';
import { colours, say } from '../output/terminal';

export interface IpOptions extends ClusterOptions {
  readonly output?: Form;
  /** The first that answers, and nothing else. */
  readonly first?: boolean;
}

export const addressesSchema = Type.Object(
  {
    apiVersion: Type.Literal('maas-k8s.io/v1'),
    kind: Type.Literal('Addresses'),
    addresses: Type.Array(
      Type.Object(
        {
          url: Type.String(),
          from: Type.String({ description: 'where it comes from' }),
          reach: Type.String({ description: 'who can use it' }),
          answers: Type.Boolean({ description: 'to whoever runs this, now' }),
          text: Type.String({ description: 'the version of MAAS, or why there is no answer' }),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { $id: 'https://maas-k8s.io/schemas/v1/addresses.json', title: 'Addresses', additionalProperties: false },
);
type Addresses = Static<typeof addressesSchema>['addresses'];
type Candidate = Omit<Addresses[number], 'answers' | 'text'>;

const urlOf = (host: string, port: number): string => `http://${host.includes(':') ? `[${host}]` : host}:${String(port)}/MAAS`;

/** @param maasUrl what racks and machines are told */
export function candidates(service: Service, nodes: readonly Node[], maasUrl: string | undefined): Candidate[] {
  const api = service.spec?.ports?.find(({ name }) => name === ports.api.name);
  const { name = '', namespace = '' } = service.metadata ?? {};
  const inside = { reach: 'pods of this cluster, and racks on its nodes' };
  const balanced = (service.status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => ip ?? hostname ?? []);
  const nodePort = api?.nodePort;
  const found: Candidate[] = [
    ...(maasUrl === undefined ? [] : [{ url: maasUrl, from: 'maasUrl', reach: 'racks and machines: what they are told' }]),
    ...balanced.map((host) => ({ url: urlOf(host, ports.api.number), from: `LoadBalancer of the Service ${name}`, reach: 'people, racks, machines' })),
    ...(nodePort === undefined
      ? []
      : nodes.flatMap((node) =>
          (node.status?.addresses ?? [])
            .filter(({ type }) => type === 'InternalIP' || type === 'ExternalIP')
            .map(({ address }) => ({ url: urlOf(address, nodePort), from: `NodePort on ${node.metadata?.name ?? ''}`, reach: 'who reaches the node' })),
        )),
    ...(service.spec?.clusterIPs ?? []).filter((ip) => ip !== 'None').map((ip) => ({ url: urlOf(ip, ports.api.number), from: `Service ${name}`, ...inside })),
    { url: urlOf(`${name}.${namespace}`, ports.api.number), from: `Service ${name}`, ...inside },
  ];
  return [...new Map(found.reverse().map((one) => [one.url, one])).values()].reverse();
}

/** @throws Unreachable where none answers and one was wanted */
export async function ip(options: IpOptions): Promise<void> {
  if (options.output === 'schema') {
    printSchema(addressesSchema);
    return;
  }
  const { kubernetes, namespace } = await cluster(options);
  const services = await kubernetes.list('services', `${partOfMaas},app.kubernetes.io/component=region`);
  const service = services.find(({ spec }) => spec?.clusterIP !== 'None');
  if (service === undefined) throw new Failure(`there is no region in namespace ${namespace}; maas-k8s up region makes one`);
  const [settings, nodes] = await Promise.all([installed(kubernetes), service.spec?.type === 'ClusterIP' ? [] : nodesOf(kubernetes)]);
  const found: Addresses = await Promise.all(candidates(service, nodes, settings?.maasUrl).map(async (one) => ({ ...one, ...(await probe(one.url)) })));
  const answering = found.filter(({ answers }) => answers);
  const none = `none of them answers here; kubectl -n ${namespace} port-forward service/${service.metadata?.name ?? ''} ${String(ports.api.number)} makes http://localhost:${String(ports.api.number)}/MAAS`;
  if (options.first) {
    if (answering[0] === undefined) throw new Unreachable(`${found.map(({ url }) => url).join(', ')}: ${none}`);
    process.stdout.write(`${answering[0].url}\n`);
    return;
  }
  if (options.output !== undefined) {
    await print(options.output, { apiVersion: 'maas-k8s.io/v1', kind: 'Addresses', addresses: found } satisfies Static<typeof addressesSchema>);
    return;
  }
  const colour = colours();
  process.stdout.write(
    `${await table(
      found.map(({ url, from, reach, answers, text }) => [url, from, reach, answers ? colour.green(`yes, ${text}`) : colour.yellow(`no: ${text}`)]),
      ['URL', 'FROM', 'FOR', 'ANSWERS HERE'],
    )}\n`,
  );
  if (answering.length === 0) say(none);
}

async function nodesOf(kubernetes: Awaited<ReturnType<typeof cluster>>['kubernetes']): Promise<readonly Node[]> {
  try {
    return (await kubernetes.send<{ items: Node[] }>('GET', '/api/v1/nodes', 'list nodes')).items;
  } catch (error) {
    say(`the nodes' addresses are not known: ${messageOf(error)}`);
    return [];
  }
}

async function probe(url: string): Promise<{ readonly answers: boolean; readonly text: string }> {
  try {
    return { answers: true, text: `MAAS ${(await new Maas(url, undefined, 0, undefined, 2000).version()).version}` };
  } catch (error) {
    return { answers: false, text: messageOf(error).replace(`${url}: `, '') };
  }
}
