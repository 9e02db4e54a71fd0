/** The rules table: what values may not be beyond their schema, with the cure. */

import { maasUrl, nameOf, reserved, type Component } from '../labels';
import type { Expr, Operand, References } from '../render/expression';
import {
  among,
  both,
  differ,
  either,
  equals,
  exceeds,
  fieldOf,
  given,
  hostPath,
  joined,
  keysBeside,
  keysMatching,
  length,
  lowerCase,
  matches,
  not,
  present,
  text,
} from '../render/functions';
import { forEach, forEachPair, refuse, type Rule } from '../render/rules';
import { neededConnections } from './connections';
import { processesOf, type Pod } from './processes';
import { values, type Pods, type Values } from './values';
import { variables } from './variables';
import { secretFolder, volumes } from './volumes';

/** A Kubernetes label, and so a host name (RFC 1123). */
const longestName = 63;

/** What people write where they mean to write something else later; RFC 2606 keeps the domains from ever being real. */
const placeholder = '\\b(change|replace|fix)[-_]?me\\b|^todo$|^your-|[<>]|(^|[.@/])example(\\.(com|net|org))?($|[:/])';

const isPlaceholder = (value: Expr<string>): Expr<boolean> => matches(lowerCase(value), placeholder);

const placeholders: Rule = (
  [
    ['maasUrl', values.maasUrl],
    ['images.registry', values.images.registry],
    ['database.host', values.database.host],
    ['admin.email', values.admin.email],
  ] as const
).map(([path, value]) => refuse(path, isPlaceholder(value), text`"${value}" is a placeholder; give the real one, or leave it out`));

const imageRules = (['region', 'rack', 'toolbox'] as const).map((name): Rule => {
  const { tag, digest } = values.images[name];
  return [
    refuse(`images.${name}`, both(not(given(tag)), not(given(digest))), 'has neither a tag nor a digest, so nobody could say what runs; give one of them'),
    refuse(`images.${name}.tag`, equals(tag, 'latest'), '"latest" is another image every day; give a version'),
  ];
});

const databaseImage = values.database.image;
const databaseRules: Rule = [
  refuse(
    'database.host',
    both(not(values.database.embedded), not(given(values.database.host))),
    'an external database needs its host; give one, or set database.embedded to true',
  ),
  refuse(
    'database.maxConnections',
    both(not(values.database.embedded), exceeds(neededConnections, values.database.maxConnections)),
    text`${length(values.region.members)} region members with ${values.region.workers} workers need up to ${neededConnections} connections, and the database allows ${values.database.maxConnections}; raise max_connections there and say so here, or have fewer workers`,
  ),
  refuse(
    'database.image',
    not(matches(databaseImage, '(:[A-Za-z0-9_][A-Za-z0-9_.-]*|@sha256:[0-9a-f]{64})$')),
    text`"${databaseImage}" has neither a tag nor a digest, so nobody could say what runs; give one of them`,
  ),
  refuse('database.image', matches(databaseImage, ':latest$'), '"latest" is another image every day; give a version'),
];

/** Names that only this cluster, or only this machine, can resolve. */
const clusterLocal = text`^https?://(localhost|127\\.[0-9.]+|\\[::1\\]|[^/:.]+|[^/:]+\\.svc|[^/:]+\\.${values.clusterDomain})(:[0-9]+)?/`;

const reachable: Rule = refuse(
  'maasUrl',
  both(given(values.maasUrl), given(values.rack.pools), values.rack.dhcp.enabled, matches(values.maasUrl, clusterLocal)),
  text`machines that racks serve by DHCP cannot reach "${maasUrl}"; give an address or a name from outside the cluster, or set rack.dhcp.enabled to false`,
);

const members: Rule = [
  forEachPair(values.region.members, (first, second, i, j) =>
    refuse(
      text`region.members[${j}].name`,
      equals<string>(first.name, second.name),
      text`"${second.name}" is the name of region.members[${i}], too; a member’s identity is its name`,
    ),
  ),
  forEach(values.region.members, (member, i) => {
    const host = nameOf(text`region-${member.name}`);
    return refuse(
      text`region.members[${i}].name`,
      exceeds(length(host), longestName),
      text`the host name "${host}" has ${length(host)} characters, and ${longestName} are allowed; shorten the name or fullnameOverride`,
    );
  }),
];

const pools: Rule = [
  forEachPair(values.rack.pools, (first, second, i, j) =>
    refuse(
      text`rack.pools[${j}].name`,
      equals<string>(first.name, second.name),
      text`"${second.name}" is the name of rack.pools[${i}], too; a rack’s identity is its node and pool`,
    ),
  ),
  forEachPair(values.rack.pools, (first, second, i, j) =>
    refuse(
      text`rack.pools[${j}].nodeSelector`,
      not(differ(first.nodeSelector, second.nodeSelector)),
      text`"${first.name}" (rack.pools[${i}]) and "${second.name}" can land on one node and would use the same ports there; give them selectors that exclude each other: one label with different values`,
    ),
  ),
  forEach(values.rack.pools, (pool, i) => {
    const name = nameOf(text`rack-${pool.name}`);
    return refuse(
      text`rack.pools[${i}].name`,
      exceeds(length(name), longestName),
      text`the name "${name}" has ${length(name)} characters, and ${longestName} are allowed; shorten the name or fullnameOverride`,
    );
  }),
];

const { service } = values.region;
const ports: Rule = [
  refuse(
    'region.service.loadBalancerIP',
    both(given(service.loadBalancerIP), not(equals(service.type, 'LoadBalancer'))),
    text`"${service.loadBalancerIP}" has no meaning for a Service of the type ${service.type}; set region.service.type to LoadBalancer, or leave it out`,
  ),
  refuse(
    'region.service.nodePort',
    both(exceeds(service.nodePort, 0), equals(service.type, 'ClusterIP')),
    text`${service.nodePort} has no meaning for a Service of the type ClusterIP; set region.service.type to NodePort or LoadBalancer`,
  ),
  refuse(
    'region.service.nodePort',
    both(exceeds(service.nodePort, 0), either(exceeds(30000, service.nodePort), exceeds(service.nodePort, 32767))),
    text`${service.nodePort} is outside of the ports that clusters give to nodes, 30000 to 32767`,
  ),
];

type Part = Pick<References<Pods>, keyof Pods>;

/** What the chart itself puts into the pods of a part. */
interface Own {
  /** What their label says. */
  readonly component: Component;
  readonly containers: readonly string[];
  readonly variables: readonly string[];
  /** Where it mounts something. */
  readonly folders: readonly string[];
}

/** @param others containers that are no process of MAAS */
const ownOf = (pod: Pod, others: readonly string[], secret: string): Own => ({
  component: pod,
  containers: [...processesOf(pod).map(({ name }) => name), ...others, 'services'],
  // What a process gets by its Pebble layer is stronger than what its container has.
  variables: [...new Set([...variables[pod], ...processesOf(pod).flatMap(({ environment }) => Object.keys(environment))])],
  folders: [...new Set(processesOf(pod).flatMap(({ mounts }) => mounts.map(({ path }) => path))), secretFolder(secret)],
});

/** The parts whose pods users may adjust. */
export const parts: readonly (readonly [string, Part, Own])[] = [
  ['region', values.region, ownOf('region', ['config', 'dns-keys'], 'database')],
  ['rack', values.rack, ownOf('rack', ['enrol'], 'region')],
  [
    'database',
    values.database,
    { component: 'database', containers: ['postgres'], variables: variables.database, folders: [volumes.data.path, secretFolder('database')] },
  ],
  ['jobs', values.jobs, { component: 'bootstrap', containers: ['bootstrap', 'register'], variables: variables.jobs, folders: [] }],
];

type Texts = Expr<Readonly<Record<string, string>>>;

const prefixes = (wanted: readonly string[]): string => `(${wanted.map((prefix) => prefix.replaceAll('.', '\\.')).join('|')}).*`;

const ours = (path: string, map: Texts, wanted: readonly string[]): Rule => {
  const taken = keysMatching(map, prefixes(wanted));
  return refuse(path, given(taken), text`${joined(taken)}: what begins with ${wanted.join(', ')} is given by the chart itself; choose another name`);
};

const ourVolumes = `^(secret-.*|${Object.values(volumes)
  .map(({ name }) => name)
  .join('|')})$`;

const twice = <E extends { readonly name: string }>(path: string, list: Expr<readonly E[]>): Rule =>
  forEachPair(list as Expr<readonly { readonly name: string }[]>, (first, second, i, j) =>
    refuse(text`${path}[${j}].name`, equals<string>(first.name, second.name), text`"${second.name}" is the name of ${path}[${i}], too; each is given once`),
  );

/** As Kubernetes checks them: all of a pod is refused otherwise, and only once its Deployment or DaemonSet is there. */
const tolerations = (path: Operand<string>, list: References<Values['jobs']['tolerations']>): Rule =>
  forEach(list, (toleration, i) => {
    const here = text`${path}[${i}]`;
    return [
      refuse(
        here,
        both(not(given(toleration.key)), not(equals<string>(toleration.operator, 'Exists'))),
        'has no key, and so would stand for every taint, which must be said; give a key, or operator: Exists',
      ),
      refuse(
        text`${here}.value`,
        both(given(toleration.value), equals<string>(toleration.operator, 'Exists')),
        text`"${toleration.value}" is not compared by the operator Exists; leave it out, or make the operator Equal`,
      ),
      refuse(
        text`${here}.tolerationSeconds`,
        both(present(toleration.tolerationSeconds), not(equals<string>(toleration.effect, 'NoExecute'))),
        text`${toleration.tolerationSeconds} has no meaning but for the effect NoExecute; leave it out, or make that the effect`,
      ),
    ];
  });

const allTolerations: Rule = [
  tolerations('region.tolerations', values.region.tolerations),
  tolerations('database.tolerations', values.database.tolerations),
  tolerations('jobs.tolerations', values.jobs.tolerations),
  forEach(values.rack.pools, (pool, i) => tolerations(text`rack.pools[${i}].tolerations`, pool.tolerations)),
];

const adjustments: Rule = parts.map(([path, part, { component, containers, variables, folders }]): Rule => {
  const unknown = keysBeside(part.resources, containers);
  return [
    refuse(`${path}.resources`, given(unknown), text`there is no container ${joined(unknown)}; ${path} has ${containers.join(', ')}`),
    twice(`${path}.extraEnv`, part.extraEnv),
    forEach(part.extraEnv, (variable, i) => [
      refuse(
        text`${path}.extraEnv[${i}].name`,
        among(variable.name, variables),
        text`"${variable.name}" is a variable of the chart itself; leave it out, or choose another name`,
      ),
      refuse(
        text`${path}.extraEnv[${i}]`,
        both(given(variable.value), given(variable.valueFrom)),
        text`"${variable.name}" has a value and a valueFrom, and Kubernetes takes only one; leave one of them out`,
      ),
    ]),
    twice(`${path}.extraVolumes`, part.extraVolumes),
    forEach(part.extraVolumes, (volume, i) => [
      refuse(
        text`${path}.extraVolumes[${i}].name`,
        matches(volume.name, ourVolumes),
        text`"${volume.name}" is a volume of the chart itself; choose another name`,
      ),
      // The admission policy (charts/pod-rules.ts) refuses such pods, or has the path in its text.
      path === 'rack'
        ? refuse(
            text`${path}.extraVolumes[${i}].hostPath.path`,
            both(given(hostPath(volume)), not(matches(hostPath(volume), '^/[A-Za-z0-9._/-]*$'))),
            text`"${hostPath(volume)}" has other characters than letters, digits, dots, dashes, underscores and slashes, or does not begin with a slash; give another path`,
          )
        : refuse(
            text`${path}.extraVolumes[${i}].hostPath`,
            given(hostPath(volume)),
            text`"${hostPath(volume)}" is on the node, whose files only racks may have; use another kind of volume`,
          ),
    ]),
    forEach(part.extraVolumeMounts, (mount, i) => [
      refuse(
        text`${path}.extraVolumeMounts[${i}].name`,
        not(among(mount.name, fieldOf(part.extraVolumes, 'name'))),
        text`there is no volume "${mount.name}" in ${path}.extraVolumes; add it there, or name one of those`,
      ),
      refuse(
        text`${path}.extraVolumeMounts[${i}].mountPath`,
        among(mount.mountPath, folders),
        text`"${mount.mountPath}" is a folder of the chart itself; choose another one, or a single file in it by subPath`,
      ),
    ]),
    forEachPair(part.extraVolumeMounts, (first, second, i, j) =>
      refuse(
        text`${path}.extraVolumeMounts[${j}].mountPath`,
        equals<string>(first.mountPath, second.mountPath),
        text`"${second.mountPath}" is the mountPath of ${path}.extraVolumeMounts[${i}], too; choose another one`,
      ),
    ),
    forEach(part.topologySpreadConstraints, (constraint, i) =>
      refuse(
        text`${path}.topologySpreadConstraints[${i}].labelSelector`,
        not(given(constraint.labelSelector)),
        text`says not which pods are counted, and Kubernetes would spread none; give it, as matchLabels: { app.kubernetes.io/component: ${component} }`,
      ),
    ),
    ours(`${path}.podLabels`, part.podLabels, reserved.labels),
    ours(`${path}.podAnnotations`, part.podAnnotations, reserved.annotations),
  ];
});

export const rules: Rule = [
  placeholders,
  imageRules,
  databaseRules,
  reachable,
  members,
  pools,
  ports,
  ours('commonLabels', values.commonLabels, [...reserved.labels, 'pod-security.kubernetes.io/']),
  ours('commonAnnotations', values.commonAnnotations, reserved.annotations),
  adjustments,
  allTolerations,
];
