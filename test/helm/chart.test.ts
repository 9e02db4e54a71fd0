/** The chart as Helm sees it, in both versions that people use. */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse as parseYaml } from 'yaml';
import { processesOf } from '../../charts/tables/processes';
import { helm } from './binaries';
import { chart, isHook, kubernetesVersion, namespace, parse, run, temporary, template } from './chart';

jest.setTimeout(60_000);

const folder = chart();
const versions = [3, 4] as const;

test.each(versions)('helm %d: lint finds nothing', async (version) => {
  const { code, stdout, stderr } = await run(helm[version](), ['lint', '--strict', folder, '--kube-version', kubernetesVersion]);
  expect({ code, said: `${stdout}${stderr}` }).toEqual({ code: 0, said: expect.not.stringMatching(/WARNING|ERROR|INFO/) as unknown });
});

test('both versions render the same', async () => {
  const [three, four] = await Promise.all(versions.map((version) => template(folder, { region: { members: [{ name: 'a' }, { name: 'b' }] } }, version)));
  expect(parse(three!.stdout)).toEqual(parse(four!.stdout));
});

test('two packages of the same sources are the same to the byte', async () => {
  const digest = async (): Promise<string> => {
    const output = temporary();
    const { code, stderr } = await run('make', ['--no-print-directory', '-C', join(__dirname, '../..'), 'chart', `HELM=${helm[4]()}`, `OUTPUT=${output}`]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [name] = readdirSync(output);
    return createHash('sha256')
      .update(readFileSync(join(output, name!)))
      .digest('hex');
  };
  const first = await digest();
  // An archive has times in seconds.
  await sleep(1100);
  expect(await digest()).toBe(first);
});

test('the notes say what to do next, for these values', async () => {
  const { stdout } = await run(helm[4](), [
    'install',
    'other',
    folder,
    '--dry-run=client',
    '--namespace',
    namespace,
    '--set',
    'database.embedded=false,database.host=db,region.workers=2',
  ]);
  const notes = stdout.slice(stdout.indexOf('NOTES:'));
  expect(notes).toContain('helm test other -n maas');
  expect(notes).toContain('component in (bootstrap,registration)');
  expect(notes).toContain('get secret maas-admin');
  expect(notes).toContain('go-template=\'{{ .data.password | base64decode }}{{ "\\n" }}\'');
  expect(notes).toContain('and the external database');
  expect(notes).not.toContain('embedded');
  expect(notes).not.toMatch(/<nil>|%!/);
});

test('every default has its text in values.yaml', () => {
  const text = readFileSync(join(folder, 'values.yaml'), 'utf8');
  const lines = text.split('\n');
  const keys = lines.flatMap((line, n) => (/^ *[A-Za-z]+:/.test(line) ? [[line.trim(), lines[n - 1]!.trim()] as const] : []));
  // Entries of the lists that are defaults have none.
  const bare = keys.filter(([, above]) => !above.startsWith('# --')).map(([key]) => key);
  expect(bare).toEqual(['nodeSelector:']);
  expect(parseYaml(text)).toMatchObject({ region: { members: [{ name: 'a' }] } });
});

test('`helm test` asks for the API and the racks, with the account of registration', async () => {
  const { stdout } = await template(folder, {});
  const hooks = [...parse(stdout).values()].flat().filter(isHook);
  expect(hooks.map(({ kind, metadata }) => [kind, metadata.annotations['helm.sh/hook']] as unknown)).toEqual([['Pod', 'test']]);
  expect(hooks[0]!.spec.containers[0].args).toEqual(['register', '--timeout=60s']);
  expect(hooks[0]!.spec.serviceAccountName).toBe('maas-register');
});

test('a process of the table is in the chart under its own switch', () => {
  const rack = readFileSync(join(folder, 'templates/rack.yaml'), 'utf8');
  for (const { name, enabled } of processesOf('rack')) {
    expect(rack).toContain(`- name: ${name}`);
    if (enabled) expect(rack).toMatch(new RegExp(`\\{\\{- if \\$\\.Values\\.rack\\.\\w+\\.enabled \\}\\}\\n +- name: ${name}\\n`));
  }
});
