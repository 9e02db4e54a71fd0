import type { Pod } from '../../charts/tables/processes';
import { volumes } from '../../charts/tables/volumes';

interface Folder {
  readonly path: string;
  readonly mode?: number;
  /**
   * What is made in it has its group. MAAS's commands make files as the group maas (provisioningserver/rack_script.py: set_group); regiond, which is
   * in no such group, gives what it writes anew the group of the file before (utils/fs.py: atomic_write) and would fail.
   */
  readonly handsOnGroup?: true;
}

const state = (name: string, mode?: number): Folder => ({ path: `${volumes.state.path}/${name}`, mode });

/** Folders that MAAS expects to find (maas-run.md 3 and 4): the packages make them, an empty volume has none. */
const shared: readonly Folder[] = [state('http'), state('prometheus'), state('rsyslog'), state('certificates'), state('gnupg', 0o700)];

export const folders: Readonly<Record<Pod, readonly Folder[]>> = {
  region: [...shared, state('temporal'), state('image-storage'), { path: volumes.bind.path, handsOnGroup: true }],
  rack: [...shared, state('tftp_root'), state('dhcp'), state('image-storage'), { path: volumes.run.path }, { path: volumes.cache.path }],
};
