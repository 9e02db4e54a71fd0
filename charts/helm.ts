/** The Helm chart: all files of dist/helm/maas. */

import { maas } from './maas';
import { notes } from './notes';
import { TemplatePrinter } from './render/gotemplate';
import { HelmApp } from './render/helm';
import { chartFile, entries, valuesFile, valuesSchemaFile, valuesTable } from './render/package';
import { printRules } from './render/rules';
import { HelmTest } from './registration';
import { rules } from './tables/rules';
import { maasVersion, valuesSchema } from './tables/values';
import { defaults } from './tables/valuesfile';

const name = 'maas';

/** What Helm knows by itself is no value there. */
const without = (key: string, object: object): object => Object.fromEntries(Object.entries(object).filter(([found]) => found !== key));
export const helmSchema = {
  ...valuesSchema,
  properties: without('namespace', valuesSchema.properties),
  required: valuesSchema.required.filter((key) => key !== 'namespace'),
};
const helmDefaults = without('namespace', defaults());

const summary = 'Canonical MAAS on Kubernetes: one container per MAAS process, nothing privileged but what the rack’s network needs';

const chart = (version: string) => ({
  apiVersion: 'v2',
  name,
  description: summary,
  type: 'application',
  version,
  appVersion: maasVersion,
  // ValidatingAdmissionPolicy is stable since 1.30.
  kubeVersion: '>=1.30.0-0',
  home: 'https://canonical.com/maas',
  icon: 'https://cdn.simpleicons.org/maas',
  sources: ['https://github.com/canonical/maas'],
  keywords: ['maas', 'bare-metal', 'provisioning', 'pxe', 'dhcp', 'canonical'],
  maintainers: [{ name: 'maas-k8s' }],
  annotations: {
    'artifacthub.io/category': 'integration-delivery',
    'artifacthub.io/license': 'Apache-2.0',
    'artifacthub.io/prerelease': 'true',
    'artifacthub.io/links': '- name: MAAS documentation\n  url: https://canonical.com/maas/docs\n',
  },
});

const readme = (version: string): string => `# maas

${summary}.

Version ${version}, for MAAS ${maasVersion}. Generated from TypeScript; \`kubectl apply -f dist\` gives the same objects.

## Install

Racks use the host's network, so the namespace must allow that where Pod Security is enforced; only the rack's service account may use it (a ValidatingAdmissionPolicy sees to that).

    kubectl create namespace maas
    kubectl label namespace maas pod-security.kubernetes.io/enforce=privileged
    helm install maas dist/helm/maas --namespace maas --wait

\`helm test maas -n maas\` asks the API for its version and for every rack.

## Uninstall

\`helm uninstall\` leaves what holds data and identity: the Secrets that bootstrap has made, and the volume claims (\`helm.sh/resource-policy: keep\`).
An installation of the same name in the same namespace goes on with them.

## Values

${valuesTable(entries(helmSchema, helmDefaults))}`;

/**
 * The files of the Helm chart, by their path in it.
 *
 * @param version of this project (package.json)
 */
export function helmChart(version: string): Map<string, string> {
  const app = new HelmApp(name);
  maas(app, { namespace: false });
  new HelmTest(app, 'test');
  const { names } = app;
  const objects = [...app.templates()].map(
    ([file, content]) => [file === 'test.yaml' ? 'templates/tests/connection.yaml' : `templates/${file}`, content] as const,
  );
  const checks = printRules(rules, names);
  const advice = new TemplatePrinter(names).lines(notes).join('\n');
  return new Map([
    ['Chart.yaml', chartFile(chart(version))],
    ['README.md', readme(version)],
    ['values.yaml', valuesFile(helmSchema, helmDefaults, 'Values of the chart maas, and their defaults.')],
    ['values.schema.json', valuesSchemaFile(helmSchema)],
    ['templates/_names.tpl', app.namedTemplates()],
    ['templates/NOTES.txt', `${advice}\n`],
    ['templates/rules.yaml', checks],
    ...objects,
  ]);
}
