/** Entry of `cdk8s synth`: values → charts → dist. */

import { maas } from './charts/maas';
import { publish } from './charts/render/publish';
import { PlainApp } from './charts/render/renderer';
import { loadValues, ValuesError } from './charts/tables/valuesfile';

/** The folder that the CLI empties and fills (cdk8s.yaml: output). What is in dist/ is replaced only when all went well. */
const scratch = 'build/synth';
const outdir = process.env.CDK8S_OUTDIR ?? scratch;

try {
  const { values, source } = loadValues(process.env);
  const app = new PlainApp(values, { outdir });
  maas(app);
  app.synth();
  if (outdir === scratch) console.error(`${publish(outdir, 'dist')}; values: ${source}`);
} catch (error) {
  if (!(error instanceof ValuesError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
