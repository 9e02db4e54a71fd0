import { mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { publish, read } from '../../charts/render/publish';

function folder(files: Record<string, string>): string {
  const path = mkdtempSync(join(tmpdir(), 'publish-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  return path;
}

test('brings the folder up to date and leaves alone what it does not own', () => {
  const to = folder({ 'a.yaml': 'old', 'b.yaml': 'same', 'gone.yaml': 'x', 'README.md': 'mine', 'helm/other.yaml': 'mine' });
  const untouched = statSync(join(to, 'b.yaml')).mtimeMs;
  const files = new Map([
    ['a.yaml', 'new'],
    ['b.yaml', 'same'],
    ['below/c.yaml', 'new'],
  ]);
  expect(publish(files, to, (path) => /^[^/]+\.yaml$/.test(path))).toBe(`${to}: 3 files, 2 written, 1 removed`);
  expect([...read(to).keys()].sort()).toEqual(['README.md', 'a.yaml', 'b.yaml', 'below/c.yaml', 'helm/other.yaml']);
  expect(readFileSync(join(to, 'a.yaml'), 'utf8')).toBe('new');
  expect(statSync(join(to, 'b.yaml')).mtimeMs).toBe(untouched);
});
