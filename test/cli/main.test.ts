/** The program as people start it: exit codes, errors, Ctrl-C, and what is not loaded. */

import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { execFileSync, spawnSync } from 'node:child_process';
import { fakeKubernetes, type FakeKubernetes } from './fake-kubernetes';
import { folder, until } from './folder';
import { program, run } from './program';

const node = process.execPath;
let kubernetes: FakeKubernetes;
beforeAll(async () => {
  kubernetes = await fakeKubernetes();
  kubernetes.objects.set('/version', { gitVersion: 'v1.33.0' });
  kubernetes.objects.set('/apis/storage.k8s.io/v1/storageclasses/standard', {
    metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  });
});
afterAll(() => kubernetes.close());

const ended = async (argv: readonly string[]): Promise<{ code: number | null; output: string }> => {
  const { ended, output } = run(node, argv, { KUBECONFIG: kubernetes.kubeconfig() });
  return { code: (await ended).code, output: output() };
};

test('--help loads none of the libraries that verbs need, nor the cluster’s client', () => {
  const alone = join(folder(), 'maas-k8s.js');
  copyFileSync(program, alone);
  expect(execFileSync(node, [alone, '--help'], { encoding: 'utf8' })).toContain('status [options]');
  expect(spawnSync(node, [alone, 'status'], { encoding: 'utf8' }).stderr).toMatch(/this verb needs .*libraries\.js.*it runs on your machine/s);
});

test.each([
  [['nonsense'], 2, /unknown command 'nonsense'/],
  [['status', '--nonsense'], 2, /unknown option '--nonsense'/],
  [['status', '-o', 'xml'], 2, /Allowed choices are json, yaml, schema/],
  [['status', '--kubeconfig', '/nonexistent'], 1, /the kubeconfig \/nonexistent cannot be read/],
  [['status', '--context', 'nowhere'], 1, /there is no context "nowhere"; the kubeconfig has fake/],
  [['status'], 5, /there is no MAAS in namespace maas/],
  [['-n', 'edge', 'status'], 5, /there is no MAAS in namespace edge/],
  [['api-key', '--timeout', '200ms'], 4, /gave up waiting for the API key \(Secret maas-api-key\) after .*: there is no MAAS in namespace maas yet/],
  [['status', '-o', 'schema'], 0, /"\$schema": "https:\/\/json-schema.org/],
] as const)('%j ends with %s', async (argv, code, said) => {
  const outcome = await ended(argv);
  expect(outcome).toEqual({ code, output: expect.stringMatching(said) as string });
  expect(outcome.output).not.toMatch(/\n\s+at /);
});

test('--debug shows where an error comes from', async () => {
  expect((await ended(['--debug', 'status', '--kubeconfig', '/nonexistent'])).output).toMatch(/\n\s+at /);
});

test('a cluster that nobody answers for', async () => {
  const gone = await fakeKubernetes();
  const kubeconfig = gone.kubeconfig();
  await gone.close();
  expect(await ended(['status', '--kubeconfig', kubeconfig, '--request-timeout', '300ms'])).toEqual({
    code: 3,
    output: expect.stringMatching(/the cluster cannot be reached: .*connection refused; is it running, and is this the right context\?/) as string,
  });
});

test('Ctrl-C ends a verb at once, and says that it may be run again', async () => {
  const {
    child,
    ended: end,
    output,
  } = run(node, ['up', 'region', '--values', 'test/cli/register-rack/values.yaml', '--timeout', '1m'], {
    KUBECONFIG: kubernetes.kubeconfig(),
  });
  await until(() => output().includes('applied: '), 'applied', 20_000);
  child.kill('SIGINT');
  expect(await end).toEqual({ code: 130, signal: null });
  expect(output()).toContain('stopped; what was applied goes on by itself; run it again to watch');
}, 30_000);

test('who reads only the beginning of the output is no error', () => {
  const result = spawnSync('sh', ['-c', `"${node}" "${program}" completion fish | head -1`], { encoding: 'utf8' });
  expect(result.stderr).toBe('');
});
