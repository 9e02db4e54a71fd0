import { objects, synthesize } from '../dist/synth';
import type { KubernetesObject } from './objects';

/** What is called for is asked of a cluster (test/e2e); this is so that nothing is added in passing. */
test('the Jobs’ accounts may do this, and nobody else anything', () => {
  const may = objects(synthesize({}))
    .filter(({ kind }) => /Role$/.test(kind as string))
    .flatMap(({ metadata, rules }) =>
      (rules as KubernetesObject[]).flatMap(({ verbs, resources, resourceNames = [''] }) =>
        (resources as string[]).flatMap((resource) =>
          (resourceNames as string[]).map((name) => `${String(metadata.name)}: ${(verbs as string[]).join(' ')} ${resource} ${name}`.trim()),
        ),
      ),
    );
  expect(may.sort()).toEqual([
    'maas-bootstrap: create secrets',
    'maas-bootstrap: get patch secrets maas-api-key',
    'maas-bootstrap: get patch secrets maas-region-secret',
    'maas-bootstrap: get secrets maas-admin',
    'maas-bootstrap: get secrets maas-database',
    'maas-bootstrap: list pods',
    'maas-register: get pods/log',
    'maas-register: get secrets maas-api-key',
    'maas-register: get secrets maas-region-secret',
    'maas-register: list daemonsets',
    'maas-register: list pods',
  ]);
});
