/** What is to be done when the Secret of the embedded database's password is gone, but the password is in use. */

import { ownLabels } from '../kubernetes/kubernetes';
import type { Pod } from '../kubernetes/types';
import type { Settings } from './settings';

/** A file with the password in a pod that runs. */
interface Holder {
  readonly pod: string;
  readonly container: string;
  readonly file: string;
}

/** A pod cannot start without its Secret, and keeps what it was given when the Secret is gone. */
export function holderOf(pods: readonly Pod[], secret: string): Holder | undefined {
  for (const { metadata, spec, status } of pods) {
    const volume = spec?.volumes?.find((volume) => volume.secret?.secretName === secret)?.name;
    if (volume === undefined || status?.phase !== 'Running') continue;
    for (const { name, volumeMounts } of spec?.containers ?? []) {
      const folder = volumeMounts?.find((mount) => mount.name === volume)?.mountPath;
      if (folder !== undefined) return { pod: metadata?.name ?? '', container: name, file: `${folder}/password` };
    }
  }
  return undefined;
}

/** How the role is given a password: inside the embedded database's pod nobody is asked for the old one, and psql asks for the new one. */
const setPassword = ({ namespace, database }: Settings): string =>
  `kubectl exec -it -n ${namespace} statefulset/${database.host.split('.')[0] ?? ''} -- psql -U ${database.user} -d ${database.name} -c '\\password ${database.user}'`;

/** Why the Secret's password may be wrong from the beginning: data that were kept, and a Secret that was not. */
export const keptPassword = (settings: Settings): string =>
  `the database keeps the password of its first start: put that one into the Secret, or give the role the one that is there: ${setPassword(settings)}`;

/** Why no password is made up, and how the Secret comes back; the password itself is on no command line. */
export function lostPassword(settings: Settings, holder: Holder | undefined): string {
  const { namespace, secrets, database } = settings;
  const why = `the Secret ${secrets.database} is gone, and role ${database.user} of the database keeps the password that was in it, so none is made up`;
  if (holder === undefined)
    return `${why}. No pod that runs has it: make the Secret with another one under the key "password", and give that to the role: ${setPassword(settings)}`;
  const labels = Object.entries(ownLabels).map(([key, value]) => `${key}=${value}`);
  return [
    `${why}. Pod ${holder.pod} still has it; this makes the Secret again:`,
    `kubectl exec -n ${namespace} ${holder.pod} -c ${holder.container} -- cat ${holder.file} |`,
    `kubectl create secret generic ${secrets.database} -n ${namespace} --from-literal=username=${database.user} --from-file=password=/dev/stdin &&`,
    `kubectl label secret ${secrets.database} -n ${namespace} ${labels.join(' ')}`,
  ].join(' ');
}
