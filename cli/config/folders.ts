import type { Pod } from '../../charts/tables/processes';
import { volumes } from '../../charts/tables/volumes';

interface Folder {
  readonly path: string;
  readonly mode?: number;
}

const state = (name: string, mode?: number): Folder => ({ path: `${volumes.state.path}/${name}`, mode });

/** Folders that MAAS expects to find (maas-run.md 3 and 4): the packages make them, an empty volume has none. */
const shared: readonly Folder[] = [state('http'), state('prometheus'), state('rsyslog'), state('certificates'), state('gnupg', 0o700)];

export const folders: Readonly<Record<Pod, readonly Folder[]>> = {
  region: [...shared, state('temporal'), state('image-storage')],
  rack: [...shared, state('tftp_root'), state('dhcp'), state('image-storage'), { path: volumes.run.path }, { path: volumes.cache.path }],
};
