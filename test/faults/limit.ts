/** FAULTS_WITHIN, in seconds: no row waits longer. For a system whose cure has been taken out, for which nobody need wait. */

import * as cluster from '../e2e/cluster';

export const shorter = Number(process.env.FAULTS_WITHIN ?? Infinity);

export const atMost = (seconds: number): number => Math.min(seconds, shorter);

export const until: typeof cluster.until = (what, limitSeconds, ask) => cluster.until(what, atMost(limitSeconds), ask);
