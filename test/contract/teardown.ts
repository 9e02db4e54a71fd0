import { kubectl } from '../e2e/command';
import { namespace } from './pod';

export default async function teardown(): Promise<void> {
  if (!process.env.CONTRACT_KEEP) await kubectl('delete', 'namespace', namespace, '--wait=false');
}
