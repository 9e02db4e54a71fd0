/** What is wrong with a Kubernetes object, as far as it can be told from the object alone. */

import Ajv, { type ErrorObject, type ValidateFunction } from 'ajv';
import { kindOf, modelSchema, referredBy, type Kind } from './models';
import { titleOf, type KubernetesObject } from './objects';
import { rules } from './rules';
import { dotted } from '../../charts/tables/pointer';

const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
const kinds = new Map<string, Kind | undefined>();

/** Schemas are made when they are first needed. */
function load(model: string): void {
  if (ajv.schemas[model] !== undefined) return;
  const schema = modelSchema(model);
  ajv.addSchema(schema);
  referredBy(schema).forEach(load);
}

function validatorOf(model: string): ValidateFunction {
  load(model);
  return ajv.getSchema(model)!;
}

function kindOfObject({ apiVersion, kind }: KubernetesObject): Kind | undefined {
  const key = `${String(apiVersion)} ${String(kind)}`;
  if (!kinds.has(key)) kinds.set(key, kindOf(String(apiVersion), String(kind)));
  return kinds.get(key);
}

/** Groups of custom resources have a domain of their own. */
const isCustom = ({ apiVersion }: KubernetesObject): boolean => /^[^/]*\.[^/]*\//.test(String(apiVersion)) && !/^[^/]*\.k8s\.io\//.test(String(apiVersion));

function explain({ instancePath, keyword, params, message }: ErrorObject): string {
  const path = dotted(instancePath);
  if (keyword === 'additionalProperties') return `${path}: there is no field "${String(params.additionalProperty)}"`;
  if (keyword === 'enum') return `${path}: must be one of ${(params.allowedValues as string[]).join(', ')}`;
  return `${path}: ${message!}`;
}

function structure(object: KubernetesObject): string[] {
  const kind = kindOfObject(object);
  if (!kind) return isCustom(object) ? [] : [`apiVersion: Kubernetes has no ${String(object.kind)} in ${String(object.apiVersion)}`];
  const namespace = object.metadata?.namespace as unknown;
  const place = kind.namespaced
    ? typeof namespace === 'string'
      ? []
      : ['metadata.namespace: is missing']
    : namespace === undefined
      ? []
      : [`metadata.namespace: a ${String(object.kind)} is in none`];
  const validate = validatorOf(kind.model);
  return [...place, ...(validate(object) ? [] : validate.errors!.map(explain))];
}

/**
 * @param object as parsed from YAML or JSON
 * @returns one line per problem: the object, the field and what is wrong; empty if there are none
 */
export function problems(object: KubernetesObject): string[] {
  const wrong = structure(object);
  // The rules look into objects that are well formed.
  return (wrong.length > 0 ? wrong : rules(object)).map((problem) => `${titleOf(object)}: ${problem}`);
}
