/** Entry of `cdk8s synth`: values → charts → dist, and the Helm chart beside it. */

import { readFileSync } from 'node:fs';
import { helmChart } from './charts/helm';
import { maas } from './charts/maas';
import { publish, read } from './charts/render/publish';
import { PlainApp } from './charts/render/renderer';
import { scopeOf } from './charts/tables/values';
import { loadValues, ValuesError } from './charts/tables/valuesfile';

/** The folder that the CLI empties and fills (cdk8s.yaml: output). What is in dist/ is replaced only when all went well. */
const scratch = 'build/synth';
const outdir = process.env.CDK8S_OUTDIR ?? scratch;

try {
  const { values, source } = loadValues(process.env);
  const app = new PlainApp(scopeOf(values), { outdir });
  maas(app, { namespace: true });
  app.synth();
  if (outdir === scratch) {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    // A chart without objects is an empty file.
    const manifests = new Map([...read(outdir)].filter(([, content]) => content !== ''));
    console.error(`${publish(manifests, 'dist', (path) => /^[^/]+\.yaml$/.test(path))}; values: ${source}`);
    console.error(publish(helmChart(version), 'dist/helm/maas', () => true));
  }
} catch (error) {
  if (!(error instanceof ValuesError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
