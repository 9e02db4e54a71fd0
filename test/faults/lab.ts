/** What only somebody with the machines in their hands can do: see /shared/lab/README.md. */

import { existsSync } from 'node:fs';
import { run } from '../e2e/command';

const lab = process.env.FAULTS_LAB ?? '../shared/lab/lab';

export const hasLab = (): boolean => existsSync(lab);

export const onNode = (node: string, ...command: string[]): Promise<string> => run(lab, ['node', node, ...command]);

export const powerOff = (node: string): Promise<string> => run(lab, ['node-down', node]);
export const powerOn = (node: string): Promise<string> => run(lab, ['node-up', node]);

/** Stops the API server as if it hung; gives what lets it go on. */
export async function stopApiServer(): Promise<() => Promise<unknown>> {
  const pid = (await onNode('control', 'pgrep', '-x', 'kube-apiserver')).trim();
  await onNode('control', 'kill', '-STOP', pid);
  return () => onNode('control', 'kill', '-CONT', pid);
}
