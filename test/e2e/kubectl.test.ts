/** MAAS on a real cluster, from nothing, by one `kubectl apply`. */

import { synthesize } from './cluster';
import { attempt, kubectl, run } from './command';
import { describeRunning } from './running';

let folder: string;

/** Lines of kubectl that do not end as expected. */
const others = (output: string, ending: string): string[] => output.split('\n').filter((line) => line !== '' && !line.endsWith(ending));

beforeAll(async () => {
  folder = await synthesize('test/e2e/values.yaml', 'build/e2e/dist');
});

describeRunning('kubectl apply succeeds on the first go, in one pass', {
  install: async () => {
    expect(others(await kubectl('apply', '-f', folder), ' created')).toEqual([]);
  },
  again: async () => {
    expect(others(await kubectl('apply', '-f', folder), ' unchanged')).toEqual([]);
  },
  manifests: () => run('grep', ['-rh', '', folder]),
});

test('maas-k8s up goes on with what kubectl has applied: nothing to change, no conflict', async () => {
  const { code, stderr } = await attempt('node', ['build/maas-k8s.js', 'up', '--values', 'test/e2e/values.yaml', '--dry-run']);
  expect([code, stderr]).toEqual([0, expect.stringMatching(/as they should be: \d+ objects\nnothing was changed/)]);
});
