/** `maas-k8s preflight`: what a cluster and its nodes need before MAAS is put on them, found out without leaving anything. */

import type { Client } from 'pg';
import { neededConnections } from '../../charts/tables/connections';
import { evaluate } from '../../charts/render/expression';
import { scopeOf } from '../../charts/tables/values';
import { ownershipProblem } from '../bootstrap/database';
import { cluster, type Cluster, type ClusterOptions } from '../cluster/cluster';
import { codeOf, messageOf, Unhealthy } from '../failure';
import { imagesOf, missing } from '../images/presence';
import { ApiRefusal, partOfMaas } from '../kubernetes/kubernetes';
import type { KubernetesObject, Node } from '../kubernetes/types';
import { interruptible } from '../output/interrupt';
import { progress as makeProgress } from '../output/progress';
import { print, printSchema, type Form } from '../output/structured';
import { table } from '../output/table';
import { colours, say } from '../output/terminal';
import { connect } from '../postgres/client';
import { databaseConnectionProblem, isRefusal } from '../postgres/problem';
import { nameOfNode, noRackNode, noRegionNode, rackNodeCure, rackNodes, regionNodeCure, regionNodes } from '../probe/nodes';
import { probe } from '../probe/pods';
import { databaseArgument, type NodeView } from '../probe/probe';
import { toolbox } from '../probe/toolbox';
import { manifests, type Manifests } from '../up/manifests';
import * as found from './findings';
import { fail, findingsSchema, neededCapabilities, pass, warn, type Finding } from './findings';

export interface PreflightOptions extends ClusterOptions {
  readonly values?: string;
  readonly output?: Form;
  /** Whether pods look at the nodes. */
  readonly probe: boolean;
  /** Milliseconds. */
  readonly timeout: number;
}

/** @throws Unhealthy when something would keep MAAS from running */
export async function preflight(options: PreflightOptions): Promise<void> {
  if (options.output === 'schema') {
    printSchema(findingsSchema);
    return;
  }
  interruptible('the pods that looked at the nodes are being removed');
  const made = manifests('all', options.values, (values) => ({ ...values, namespace: options.namespace ?? values.namespace }));
  const place = await cluster({ ...options, namespace: made.values.namespace });
  const progress = await makeProgress();
  let findings: Finding[];
  try {
    progress.step('looking at the cluster');
    const { items: nodes } = await place.kubernetes.send<{ items: Node[] }>('GET', '/api/v1/nodes', 'list nodes');
    findings = await ofCluster(place, made, nodes);
    progress.step('looking at the nodes');
    const seen = options.probe ? await ofNodes(place, made, nodes, options.timeout) : [];
    findings.push(...seen, ...(await ofDatabase(place, made, seen)));
  } finally {
    progress.end();
  }
  await show(findings, options.output);
  if (findings.some(({ level }) => level === 'fail')) throw new Unhealthy('');
}

async function show(findings: Finding[], form: Exclude<Form, 'schema'> | undefined): Promise<void> {
  const passed = findings.every(({ level }) => level !== 'fail');
  if (form !== undefined) {
    await print(form, { apiVersion: 'maas-k8s.io/v1', kind: 'Preflight', passed, findings });
    return;
  }
  const colour = colours();
  const shades = { pass: colour.green, warn: colour.yellow, fail: colour.red };
  process.stdout.write(`${await table(findings.map(({ level, check, where, text }) => [shades[level](level), where, check, text]))}\n`);
  const open = findings.filter(({ cure }) => cure !== null);
  if (open.length > 0)
    process.stdout.write(`\n${open.map(({ level, where, check, cure }) => `${shades[level](level)} ${where}, ${check}: ${cure ?? ''}`).join('\n')}\n`);
  say(passed ? 'MAAS can be put here' : 'something would keep MAAS from running');
}

/** What the account must be able to do; the most that any verb does. */
const permissions = [
  ['', 'namespaces', 'create'],
  ['', 'secrets', 'create'],
  ['apps', 'daemonsets', 'create'],
  ['apps', 'deployments', 'create'],
  ['rbac.authorization.k8s.io', 'roles', 'create'],
  ['admissionregistration.k8s.io', 'validatingadmissionpolicies', 'create'],
] as const;

/** Asks the API server alone. */
export async function ofCluster({ kubernetes, namespace }: Cluster, made: Manifests, nodes: readonly Node[]): Promise<Finding[]> {
  const { values } = made;
  const racks = values.rack.pools.length > 0;
  const [{ gitVersion }, classes, space, refused] = await Promise.all([
    kubernetes.send<{ gitVersion: string }>('GET', '/version', 'ask for the version'),
    kubernetes.find<{ items: found.StorageClass[] }>('/apis/storage.k8s.io/v1/storageclasses', 'list storage classes'),
    kubernetes.find<KubernetesObject>(`/api/v1/namespaces/${namespace}`, `look at the namespace ${namespace}`),
    Promise.all(
      permissions.map(async ([group, resource, verb]) => {
        const review = await kubernetes.send<{ status?: { allowed?: boolean } }>(
          'POST',
          '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
          'ask what the account may do',
          {
            body: {
              apiVersion: 'authorization.k8s.io/v1',
              kind: 'SelfSubjectAccessReview',
              spec: { resourceAttributes: { group, resource, verb, namespace: resource === 'namespaces' ? undefined : namespace } },
            },
          },
        );
        return review.status?.allowed ? [] : [`${verb} ${resource}`];
      }),
    ),
  ]);
  const lacking = missing(imagesOf(made.objects), nodes);
  const wanted = [...(values.database.embedded ? [values.database.storage.storageClassName] : []), values.region.storage.storageClassName];
  return [
    found.version(gitVersion),
    ...found.skew(gitVersion, nodes),
    refused.flat().length === 0
      ? pass('permissions', 'cluster', 'all that is needed')
      : fail('permissions', 'cluster', `the account may not ${refused.flat().join(', ')}`, 'ask for them, or let somebody who has them run maas-k8s up'),
    ...found.storage(classes?.items ?? [], wanted),
    found.podSecurity(namespace, space?.metadata.labels ?? (space === undefined ? undefined : {}), racks),
    ...found.nodesReady(nodes),
    lacking.size === 0
      ? pass('images', 'cluster', 'on the nodes, or in a registry')
      : fail(
          'images',
          'cluster',
          `on no registry and not on the nodes: ${[...lacking.keys()].join(', ')}`,
          'maas-k8s build loads them, or name a registry in images.registry',
        ),
  ];
}

/** From each node that will have a rack or may have a region, on its network. */
async function ofNodes(place: Cluster, { values }: Manifests, nodes: readonly Node[], timeout: number): Promise<Finding[]> {
  const ready = nodes.filter(({ status }) => status?.conditions?.some(({ type, status: holds }) => type === 'Ready' && holds === 'True'));
  const wanted = { rack: rackNodes(ready, values.rack).map(nameOfNode), region: regionNodes(ready, values.region).map(nameOfNode) };
  const lacking = [
    ...(values.rack.pools.length > 0 && wanted.rack.length === 0 ? [warn('racks', 'cluster', noRackNode(values.rack), rackNodeCure)] : []),
    ...(wanted.region.length === 0 ? [warn('region', 'cluster', noRegionNode(values.region), regionNodeCure)] : []),
  ];
  const racks = await place.kubernetes.list('pods', `${partOfMaas},app.kubernetes.io/component=rack`);
  try {
    const views = await probe<NodeView>(place.access, [...new Set([...wanted.rack, ...wanted.region])].sort(), {
      ...(await toolbox(place.kubernetes, values)),
      args: ['node', ...(values.rack.dhcp.enabled ? ['--dhcp'] : []), ...(values.database.embedded ? [] : ['--database', databaseArgument(values.database)])],
      capabilities: neededCapabilities,
      timeout,
    });
    const findings = [...views].flatMap(([name, outcome]) =>
      'problem' in outcome
        ? [
            warn(
              'node',
              name,
              `was not looked into: ${outcome.problem}`,
              'its image must be there first: maas-k8s build, or a registry (images.registry, images.pullSecrets)',
            ),
          ]
        : found.node(name, outcome.view, values, {
            rack: wanted.rack.includes(name),
            region: wanted.region.includes(name),
            ours: racks.some(({ spec }) => spec?.nodeName === name),
          }),
    );
    return [...lacking, ...findings];
  } catch (error) {
    if (!(error instanceof ApiRefusal)) throw error;
    return [
      warn(
        'node',
        'cluster',
        `the nodes were not looked into: ${error.message}`,
        'the account must be allowed to make a namespace and pods for that, and to read the Secrets of images.pullSecrets',
      ),
    ];
  }
}

/**
 * A database of somebody else's, if it can be reached from here. The embedded one is made as it must be.
 *
 * @param nodes what was found from the nodes, whose word counts more where the server looks at who asks
 */
async function ofDatabase({ kubernetes }: Cluster, { values }: Manifests, nodes: readonly Finding[]): Promise<Finding[]> {
  const { database, secrets } = values;
  if (database.embedded) return [pass('database', 'cluster', 'embedded, to try MAAS out')];
  const password = (await kubernetes.secret(secrets.database))?.data['password'];
  if (password === undefined)
    return [
      warn('database', 'cluster', `there is no Secret ${secrets.database} yet`, `make it, with the password of role ${database.user} under the key "password"`),
    ];
  let client: Client;
  try {
    client = await connect(database, password, 'maas-k8s preflight');
  } catch (error) {
    const problem = databaseConnectionProblem(error, database, `Secret ${secrets.database}, key password,`);
    const onlyHere = codeOf(error) === '28000' && nodes.some(({ check, level }) => check === 'database' && level === 'pass');
    return [
      isRefusal(error) && !onlyHere
        ? fail('database', 'cluster', problem, `mend it at the server, or in the values (database.*) and in the Secret ${secrets.database}`)
        : warn('database', 'cluster', `not asked from here: ${problem}`, 'harmless where only the nodes reach it'),
    ];
  }
  try {
    const { rows } = await client.query<{ maximum: number; version: number; extensions: string[] }>(
      `SELECT current_setting('max_connections')::int AS maximum, current_setting('server_version_num')::int AS version,
              (SELECT array_agg(name::text) FROM pg_available_extensions) AS extensions`,
    );
    const [row] = rows;
    if (row === undefined) return [];
    // Of others' sessions a role without further rights sees who and where, and not of what kind they are; the server's own processes have no role.
    const { rows: sessions } = await client.query<found.DatabaseFacts['sessions'][number]>(
      `SELECT usename::text AS role, datname::text AS database, count(*)::int AS count FROM pg_stat_activity
       WHERE usesysid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend' GROUP BY 1, 2`,
    );
    const owner = (await ownershipProblem(client)) === undefined;
    const needed = neededConnections[evaluate](scopeOf(values));
    return found.database({ maxConnections: row.maximum, sessions, extensions: row.extensions, owner, version: row.version }, needed, database);
  } catch (error) {
    return [warn('database', 'cluster', messageOf(error), 'ask whoever looks after it')];
  } finally {
    await client.end().catch(() => undefined);
  }
}
