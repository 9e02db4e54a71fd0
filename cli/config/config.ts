/** `maas-k8s config`: the init container that lays out a pod. */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { processesOf, rackdConf, regiondConf, regionSecretFile, type Pod } from '../../charts/tables/processes';
import { pebbleFolder, skeleton, volumes } from '../../charts/tables/volumes';
import { writeAtomically } from '../atomic';
import { regionSecretProblem, rules, Variables, type Environment } from '../environment';
import { codeOf, Failure } from '../failure';
import { log } from '../log';
import { rackHostName } from '../rack-host-name';
import { folders } from './folders';
import { layer } from './layer';
import { handOnGroup, layOut, makeFolder } from './lay-out';
import { namedConf } from './named';
import { nginxConf } from './nginx';
import { printYaml } from '../yaml';

export interface File {
  readonly path: string;
  readonly content: string;
  /** Given for files that hold a secret. */
  readonly mode?: number;
}

interface Contents {
  readonly files: readonly File[];
  /** For every process of the pod. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Readable by root and, where a volume has one, its group: they carry secrets. */
const secret = 0o640;

/** maasserver/config.py */
export function regionContents(variables: Variables): Contents {
  const regiond = {
    maas_url: variables.text('MAAS_URL', rules.maasUrl),
    // Temporal's members find each other by it (maasserver/regiondservices/temporal.py).
    broadcast_address: variables.text('POD_IP', rules.address),
    database_host: variables.text('DATABASE_HOST'),
    database_port: variables.number('DATABASE_PORT', rules.port),
    database_name: variables.text('DATABASE_NAME'),
    database_user: variables.text('DATABASE_USER'),
    database_pass: variables.file('DATABASE_PASSWORD_FILE'),
    num_workers: variables.number('REGION_WORKERS', rules.workers),
  };
  variables.finish();
  return {
    files: [
      { path: regiondConf, content: printYaml(regiond), mode: secret },
      // regiond opens it for tftp_root (maasserver/bootsources.py), and would make it itself.
      { path: rackdConf, content: printYaml({ maas_url: regiond.maas_url }), mode: secret },
      { path: `${volumes.config.path}/named.conf`, content: namedConf(existsSync) },
    ],
    environment: {},
  };
}

/** provisioningserver/config.py: ClusterConfiguration */
export function rackContents(variables: Variables): Contents {
  const url = variables.text('MAAS_URL', rules.maasUrl);
  const shared = variables.file('REGION_SECRET_FILE', regionSecretProblem);
  const node = variables.text('NODE_NAME', rules.node);
  const pool = variables.text('RACK_POOL', rules.label);
  const cache = variables.number('RACK_CACHE_GIGABYTES', rules.count);
  variables.finish();
  return {
    files: [
      { path: rackdConf, content: printYaml({ maas_url: [url], httpproxy_cache_size: cache * 1e9 }), mode: secret },
      { path: regionSecretFile, content: shared, mode: secret },
    ],
    environment: { MAAS_HOSTNAME: rackHostName(node, pool) },
  };
}

export const contentsOf = (pod: Pod, variables: Variables): Contents => (pod === 'region' ? regionContents(variables) : rackContents(variables));

/** Changes with what the files that hold secrets say; tells nothing of it. */
export const fingerprint = (files: readonly File[]): string =>
  createHash('sha256')
    .update(JSON.stringify(files.filter(({ mode }) => mode !== undefined)))
    .digest('hex');

const fingerprintPath = (root: string): string => join(root, volumes.services.path, 'configured');

/** The fingerprint of what was last written. MAAS may have changed the files since: it moves the database's password to Vault. */
export const configured = (root: string): string => readFileSync(fingerprintPath(root), 'utf8');

export const rememberConfigured = (root: string, files: readonly File[]): void => {
  writeAtomically(fingerprintPath(root), fingerprint(files));
};

/**
 * @param pod region or rack
 * @param root folder that stands for /, for tests
 * @throws Failure that names every bad variable, before anything is written
 */
export function config(pod: string, environment: Environment, root = '/'): void {
  if (pod !== 'region' && pod !== 'rack') throw new Failure(`"${pod}" is not a pod; it must be region or rack`);
  const variables = new Variables(environment);
  const contents = contentsOf(pod, variables);
  process.umask(0o022);
  log(`${String(layOutVolumes(pod, root))} files laid out from the image`);
  for (const { path, mode, handsOnGroup } of folders[pod]) {
    makeFolder(join(root, path), mode);
    if (handsOnGroup) handOnGroup(join(root, path));
  }
  const files: File[] = [{ path: `${volumes.state.path}/http/nginx.conf`, content: nginxConf(pod) }, ...contents.files];
  for (const { path, content, mode } of files) {
    makeFolder(join(root, path, '..'));
    writeAtomically(join(root, path), content, mode);
    log(`wrote ${path}`);
  }
  writeLayers(pod, contents.environment, root);
  rememberConfigured(root, contents.files);
}

function layOutVolumes(pod: Pod, root: string): number {
  const paths = new Set(processesOf(pod).flatMap(({ mounts }) => mounts.map(({ path }) => path)));
  return [...paths].reduce((count, path) => {
    try {
      return count + layOut(join(root, skeleton, path), join(root, path));
    } catch (error) {
      // A folder of a process that is not deployed is not mounted, and the image itself is read-only.
      if (codeOf(error) === 'EROFS') return count;
      throw error;
    }
  }, 0);
}

function writeLayers(pod: Pod, environment: Readonly<Record<string, string>>, root: string): void {
  for (const process of processesOf(pod)) {
    const folder = join(root, pebbleFolder(process.name), 'layers');
    makeFolder(folder);
    writeAtomically(join(folder, `001-${process.name}.yaml`), printYaml(layer(process, environment)));
  }
  log(
    `wrote the Pebble layers of ${processesOf(pod)
      .map(({ name }) => name)
      .join(', ')}`,
  );
}
