import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { maas } from '../../charts/maas';
import { read } from '../../charts/render/publish';
import { PlainApp } from '../../charts/render/renderer';
import { scopeOf } from '../../charts/tables/values';
import { checkValues } from '../../charts/tables/valuesfile';

export type KubernetesObject = Record<string, any>;

/** File names and contents of the plain output for these values, laid over the defaults. */
export function synthesize(overlay: object = {}): Map<string, string> {
  const outdir = mkdtempSync(join(tmpdir(), 'synth-'));
  const app = new PlainApp(scopeOf(checkValues(overlay, 'test')), { outdir });
  maas(app, { namespace: true });
  app.synth();
  return new Map([...read(outdir)].filter(([, content]) => content !== ''));
}

export const objects = (files: Map<string, string>): KubernetesObject[] => [...files.values()].flatMap((content) => parseAllDocuments(content).map((document) => document.toJS() as KubernetesObject));

const template = (object: KubernetesObject): KubernetesObject | undefined => (object.spec?.jobTemplate?.spec ?? object.spec)?.template as KubernetesObject | undefined;

export const podLabels = (object: KubernetesObject): KubernetesObject => template(object)?.metadata.labels as KubernetesObject;

export const podSpec = (object: KubernetesObject): KubernetesObject | undefined => template(object)?.spec as KubernetesObject | undefined;

export const containers = (object: KubernetesObject): KubernetesObject[] => {
  const pod = podSpec(object);
  return pod ? [...((pod.initContainers ?? []) as KubernetesObject[]), ...(pod.containers as KubernetesObject[])] : [];
};
