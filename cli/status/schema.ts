/** What `maas-k8s status -o json` says. Fields are added, never changed in meaning, within one apiVersion. */

import { Type, type Static } from '@sinclair/typebox';

const object = <P extends Parameters<typeof Type.Object>[0]>(properties: P) => Type.Object(properties, { additionalProperties: false });
const optional = (description: string) => Type.Union([Type.String(), Type.Null()], { description });

export const statusSchema = Type.Object(
  {
    apiVersion: Type.Literal('maas-k8s.io/v1'),
    kind: Type.Literal('Status'),
    context: Type.String({ description: 'context of the kubeconfig' }),
    namespace: Type.String(),
    healthy: Type.Boolean({ description: 'the API answers, and every region and rack does what it should' }),
    url: optional('by which racks and machines reach the region'),
    version: optional('of MAAS; null while its API does not answer'),
    api: object({ answers: Type.Boolean(), text: Type.String({ description: 'why not, where it does not' }) }),
    database: Type.Union([object({ name: Type.String(), ready: Type.Boolean(), text: Type.String() }), Type.Null()]),
    regions: Type.Array(
      object({
        member: Type.String(),
        node: optional('where its pod is'),
        pod: optional('null where there is none'),
        ready: Type.Boolean(),
        text: Type.String(),
        processes: Type.Array(object({ name: Type.String(), ready: Type.Boolean(), reason: optional('why it is not ready') })),
        since: optional('when its pod was started'),
      }),
    ),
    racks: Type.Array(
      object({
        pool: Type.String(),
        node: Type.String(),
        name: Type.String({ description: 'host name in MAAS' }),
        pod: Type.String(),
        connected: Type.Boolean({ description: 'to the region, with its services as they should be' }),
        text: Type.String(),
        dhcp: Type.Array(object({ vlan: Type.String({ description: 'fabric/VLAN' }), role: Type.Union([Type.Literal('primary'), Type.Literal('secondary')]) })),
        since: optional('when its pod was started'),
      }),
    ),
    missingRacks: optional('what is missing apart from the racks that there are'),
    images: Type.Union([
      object({
        importing: Type.Boolean(),
        resources: Type.Array(
          object({
            name: Type.String(),
            architecture: Type.String(),
            complete: Type.Boolean({ description: 'on every region' }),
            percent: Type.Number({ minimum: 0, maximum: 100 }),
          }),
        ),
      }),
      Type.Null(),
    ]),
    jobs: Type.Array(
      object({
        name: Type.String(),
        component: Type.String(),
        state: Type.Union([Type.Literal('complete'), Type.Literal('failed'), Type.Literal('past'), Type.Literal('at work')], {
          description: 'past: it has failed, and what it was to see to has come about since',
        }),
        text: Type.String(),
      }),
    ),
    next: optional('the one thing to do now; null where there is nothing to do'),
  },
  { $id: 'https://maas-k8s.io/schemas/v1/status.json', title: 'Status', additionalProperties: false },
);

export type Status = Static<typeof statusSchema>;
