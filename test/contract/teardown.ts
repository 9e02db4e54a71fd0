import { kubectl } from '../e2e/command';
import { namespaces } from './setup';

export default async function teardown(config: Parameters<typeof namespaces>[0]): Promise<void> {
  if (!process.env.CONTRACT_KEEP) await kubectl('delete', 'namespace', ...namespaces(config), '--wait=false');
}
