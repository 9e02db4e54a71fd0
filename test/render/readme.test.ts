import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from 'cdk8s';
import { parse } from 'yaml';
import { HelmApp } from '../../charts/render/helm';
import { PlainApp } from '../../charts/render/renderer';
import { namespace, parse as parseHelm, template, temporary, write } from '../helm/chart';
import { codeBlock, runSource } from '../source';

const folder = join(__dirname, '../../charts/render');
const page = readFileSync(join(folder, 'README.md'), 'utf8');
const { web } = runSource(codeBlock(page, 'ts'), folder) as { readonly web: (app: App) => void };
const values = parse(codeBlock(page, 'yaml values')) as object;

const plain = (given: object, release: object): unknown[] => {
  const app = new PlainApp({ values: given, release });
  web(app);
  return app.charts.flatMap((chart) => chart.toJson() as unknown[]);
};

const helm = (): Map<string, string> => {
  const app = new HelmApp('shop');
  web(app);
  return app.templates();
};

test('the example of the README gives the manifest that the README shows', () => {
  expect(plain(values, { Name: 'shop', Namespace: 'sales' })).toEqual([parse(codeBlock(page, 'yaml plain'))]);
});

test('and the template that the README shows', () => {
  expect([...helm()]).toEqual([['web.yaml', `---\n${codeBlock(page, 'yaml helm')}`]]);
});

test.each([values, { name: 'yes', public: false, ports: [] }, { name: '{{ 1.10 }}', public: true, ports: [1, 1000000] }])(
  'Helm makes of it what cdk8s makes of it: %j',
  async (given) => {
    const files = [...helm()].map(([path, content]) => [`templates/${path}`, content] as const);
    const chart = write(temporary(), new Map([['Chart.yaml', 'apiVersion: v2\nname: shop\nversion: 1.0.0\n'], ...files]));
    const { code, stdout, stderr } = await template(chart, given);
    expect([code, stderr]).toEqual([0, '']);
    expect([...parseHelm(stdout).values()].flat()).toEqual(plain(given, { Name: 'maas', Namespace: namespace }));
  },
);

test('nothing in the folder needs anything of ours outside of it', () => {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts'))) {
    const imported = [...readFileSync(join(folder, file), 'utf8').matchAll(/ from '(.*)'/g)].map(([, path]) => path!);
    expect([file, imported.filter((path) => path.startsWith('..'))]).toEqual([file, []]);
  }
});
