import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { maas } from '../../charts/maas';
import { read } from '../../charts/render/publish';
import { PlainApp } from '../../charts/render/renderer';
import { scopeOf } from '../../charts/tables/values';
import { checkValues } from '../../charts/tables/valuesfile';
import type { KubernetesObject } from '../kubernetes/objects';

/** The objects of the plain output for these values, laid over the defaults, as they are before they become YAML. */
export function plainObjects(overlay: object = {}): KubernetesObject[] {
  const app = new PlainApp(scopeOf(checkValues(overlay, 'test')));
  maas(app, { namespace: true });
  return app.charts.flatMap((chart) => chart.toJson() as KubernetesObject[]);
}

/** File names and contents of the plain output for these values, laid over the defaults. */
export function synthesize(overlay: object = {}): Map<string, string> {
  const outdir = mkdtempSync(join(tmpdir(), 'synth-'));
  const app = new PlainApp(scopeOf(checkValues(overlay, 'test')), { outdir });
  maas(app, { namespace: true });
  app.synth();
  return new Map([...read(outdir)].filter(([, content]) => content !== ''));
}

export const objects = (files: Map<string, string>): KubernetesObject[] => [...files.values()].flatMap((content) => parseAllDocuments(content).map((document) => document.toJS() as KubernetesObject));
