/** The rule of admission lets the chart's own pods through. That it is CEL, and refuses others, is asked of a cluster (test/e2e/running.ts). */

import { objects, synthesize } from '../dist/synth';
import { corpus } from '../values/corpus';
import { containers, podSpec, titleOf, type KubernetesObject } from './objects';

/** The lists of texts that an expression has. */
const lists = (expression: string): string[][] => [...expression.matchAll(/\[('[^\]]*')\]/g)].map(([, inside]) => inside!.slice(1, -1).split("', '"));

test.each([...corpus])('of the values %s', (_name, overlay) => {
  const all = objects(synthesize(overlay));
  const policy = all.find(({ kind }) => kind === 'ValidatingAdmissionPolicy')!;
  const expressions = (policy.spec.validations as KubernetesObject[]).map(({ expression }) => expression as string);
  const about = (what: string): string => expressions.find((expression) => expression.includes(what))!;
  const account = /== '(.*)'/.exec((policy.spec.variables as KubernetesObject[])[0]!.expression as string)![1];
  const [ofRacks, ofOthers] = lists(about('capabilities'));
  const [extra = []] = lists(about('hostPath'));
  const folder = /startsWith\('(.*?)'\)/.exec(about('hostPath'))![1]!;

  const refused = all.flatMap((object) => {
    const spec = podSpec(object);
    if (spec === undefined) return [];
    const rack = spec.serviceAccountName === account;
    const paths = ((spec.volumes ?? []) as KubernetesObject[]).flatMap(({ hostPath }) => (hostPath ? [hostPath.path as string] : []));
    const added = containers(object).flatMap(({ securityContext }) => (securityContext?.capabilities?.add ?? []) as string[]);
    return [
      ...(spec.hostNetwork === true && !rack ? ['hostNetwork'] : []),
      ...paths.filter((path) => !rack || !(path.startsWith(folder) || extra.includes(path))),
      ...added.filter((name) => !(rack ? ofRacks! : ofOthers!).includes(name)),
      ...containers(object).flatMap(({ ports }) =>
        ((ports ?? []) as KubernetesObject[]).flatMap(({ hostPort }) => (hostPort === undefined || rack ? [] : [String(hostPort)])),
      ),
    ].map((what) => `${titleOf(object)}: ${what}`);
  });
  expect(refused).toEqual([]);
});
