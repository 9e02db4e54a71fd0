/** One row more in the tables, or one less, is seen everywhere. Nothing but the tables is exchanged. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type * as Table from '../../charts/tables/processes';
import { containers, titleOf, type KubernetesObject } from '../kubernetes/objects';
import { codeBlock, runSource } from '../source';
import type * as Outcome from './outcome';

const root = join(__dirname, '../..');
const tables = join(root, 'charts/tables');

/** A table with rows that a page of the documentation adds. */
function extended(table: string, before: string, rows: string): () => unknown {
  const source = readFileSync(join(tables, `${table}.ts`), 'utf8');
  if (!source.includes(before)) throw new Error(`${table}.ts has no ${before}`);
  return () =>
    runSource(
      source.replace(before, () => `${rows}${before}`),
      tables,
    );
}

/** What comes out of the tables as they are now. */
function outcome(): typeof Outcome {
  jest.resetModules();
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return require('./outcome') as typeof Outcome;
}

const find = (objects: readonly KubernetesObject[], title: string): KubernetesObject => objects.find((object) => titleOf(object) === title)!;
const namesOf = (list: readonly KubernetesObject[]): string[] => list.map(({ name }) => name as string);

const asTheyAre = (): void => {
  jest.dontMock('../../charts/tables/ports').dontMock('../../charts/tables/processes');
};

describe('the process that docs/how-to/add-a-process.md adds', () => {
  const page = readFileSync(join(root, 'docs/how-to/add-a-process.md'), 'utf8');
  let now: typeof Outcome;

  beforeAll(() => {
    jest.doMock('../../charts/tables/ports', extended('ports', '} as const satisfies', codeBlock(page, 'ts charts/tables/ports.ts')));
    jest.doMock('../../charts/tables/processes', extended('processes', "  process('rackd'", codeBlock(page, 'ts charts/tables/processes.ts')));
    now = outcome();
  });

  afterAll(asTheyAre);

  test('has a container with probes, requests and no capabilities', () => {
    const container = containers(find(now.plainObjects(), 'Deployment maas-region-a')).find(({ name }) => name === 'proxy-metrics');
    expect(container).toMatchObject({
      command: ['pebble', 'run', '--verbose'],
      securityContext: { capabilities: { drop: ['ALL'] } },
      resources: { requests: { memory: '20Mi' } },
      livenessProbe: { exec: { command: ['pebble', 'health'] } },
      readinessProbe: { httpGet: { path: '/ready/proxy-metrics' } },
    });
    expect(container!.securityContext.capabilities.add).toBeUndefined();
  });

  test('has a Pebble layer with its gate in front', () => {
    const layers = now.layers.flatMap(({ services }) => (services['proxy-metrics'] ? [services['proxy-metrics']] : []));
    expect(layers).toEqual([
      expect.objectContaining({
        command: expect.stringMatching(/^maas-k8s wait .*tcp:127\.0\.0\.1:8000 -- \/usr\/bin\/prometheus-squid-exporter .*-squid-port 8000$/) as unknown,
      }),
    ]);
  });

  test('has a port on the Service, and neither port nor container while it is switched off', () => {
    expect(find(now.plainObjects(), 'Service maas-region').spec.ports).toContainEqual({ name: 'proxy-metrics', port: 9301, targetPort: 9301, protocol: 'TCP' });
    const off = now.plainObjects({ region: { proxy: { enabled: false } } });
    expect(namesOf(find(off, 'Service maas-region').spec.ports as KubernetesObject[])).not.toContain('proxy-metrics');
    const region = containers(find(off, 'Deployment maas-region-a'));
    expect(namesOf(region)).not.toContain('proxy-metrics');
    expect(region.at(-1)!.args).toEqual(['mux', 'region', '--without=proxy', '--without=proxy-metrics']);
  });

  test('may be given other resources', () => {
    expect(now.refusals({ region: { resources: { 'proxy-metrics': { limits: { memory: '64Mi' } } } } })).toEqual([]);
  });

  test('is in the reference', () => {
    expect(now.pages).toContain('### region: proxy-metrics');
    expect(now.pages).toContain('| 9301 | TCP | Metrics of squid | proxy-metrics (region) | monitoring |');
  });
});

describe.each([
  ['region', 'syslog', 'Deployment maas-region-a', { syslog: { enabled: false } }],
  ['region', 'dns', 'Deployment maas-region-a', {}],
  ['rack', 'dhcpd6', 'DaemonSet maas-rack-default', { dhcp: { enabled: false } }],
] as const)('without its row, the %s’s %s', (pod, name, title, off) => {
  afterEach(asTheyAre);

  test('is gone everywhere', () => {
    const whole = outcome();
    jest.doMock('../../charts/tables/processes', () => {
      const actual = jest.requireActual<typeof Table>('../../charts/tables/processes');
      const processes = actual.processes.filter((process) => process.pod !== pod || process.name !== name);
      return { ...actual, processes, processesOf: (wanted: string) => processes.filter((process) => process.pod === wanted) };
    });
    const now = outcome();
    const before = namesOf(containers(find(whole.plainObjects(), title)));
    expect(before).toContain(name);
    expect(namesOf(containers(find(now.plainObjects(), title)))).toEqual(before.filter((container) => container !== name));
    expect(now.layers).toHaveLength(whole.layers.length - 1);
    expect(now.refusals({ [pod]: { resources: { [name]: {} } } })).toEqual([expect.stringContaining(`there is no container ${name}; ${pod} has `)]);
    expect(now.pages).not.toContain(`### ${pod}: ${name}`);
    expect(JSON.stringify(now.plainObjects({ [pod]: off }))).not.toContain(`--without=${name}`);
  });
});
