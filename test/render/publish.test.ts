import { mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publish } from '../../charts/render/publish';

function folder(files: Record<string, string>): string {
  const path = mkdtempSync(join(tmpdir(), 'publish-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  return path;
}

test('brings the target up to date and leaves alone what is not a manifest', () => {
  const from = folder({ 'a.yaml': 'new', 'b.yaml': 'same' });
  const to = folder({ 'a.yaml': 'old', 'b.yaml': 'same', 'gone.yaml': 'x', 'README.md': 'mine' });
  mkdirSync(join(to, 'helm'));
  const untouched = statSync(join(to, 'b.yaml')).mtimeMs;
  expect(publish(from, to)).toBe(`${to}: 2 files, 1 written, 1 removed`);
  expect(readdirSync(to).sort()).toEqual(['README.md', 'a.yaml', 'b.yaml', 'helm']);
  expect(readFileSync(join(to, 'a.yaml'), 'utf8')).toBe('new');
  expect(statSync(join(to, 'b.yaml')).mtimeMs).toBe(untouched);
});
