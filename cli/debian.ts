import { execFileSync } from 'node:child_process';
import { Failure, messageOf } from './failure';

/** The Debian package by which MAAS knows its own version (provisioningserver/utils/deb.py). */
const regionPackage = 'maas-region-api';

/** @throws Failure when the package is not installed */
export function installedVersion(): string {
  try {
    return execFileSync('dpkg-query', ['-W', '-f', '${Version}', regionPackage], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  } catch (error) {
    throw new Failure(`the version of the package ${regionPackage} cannot be read with dpkg-query: ${messageOf(error).split('\n')[0] ?? ''}`);
  }
}

/** Whether `left` is a newer Debian version than `right`. */
export function isNewer(left: string, right: string): boolean {
  try {
    execFileSync('dpkg', ['--compare-versions', left, 'gt', right], { stdio: 'ignore' });
    return true;
  } catch (error) {
    if ((error as { status?: number | null }).status === 1) return false;
    throw new Failure(`dpkg cannot compare the versions ${left} and ${right}: ${messageOf(error)}`);
  }
}
