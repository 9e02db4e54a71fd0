import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { reference } from '../../charts/reference/reference';
import { entries } from '../../charts/render/package';
import { ports } from '../../charts/tables/ports';
import { processes } from '../../charts/tables/processes';
import { valuesSchema } from '../../charts/tables/values';
import { defaults, readValues } from '../../charts/tables/valuesfile';
import { codeBlock } from '../source';

const pages = [...reference()];

test.each(pages)('docs/reference/%s is what the tables say; `make` brings it up to date', (path, content) => {
  expect(readFileSync(join(__dirname, '../../docs/reference', path), 'utf8')).toBe(content);
});

test.each(pages)('links in %s lead to a heading', (_path, content) => {
  const headings = [...content.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
  expect(headings).toEqual(expect.arrayContaining([...content.matchAll(/\]\(#([^)]*)\)/g)].map(([, anchor]) => anchor)));
});

test.each(pages)('tables in %s have as many cells in each row as headings', (_path, content) => {
  const widths = content
    .split(/\n(?!\|)/)
    .map((block) => new Set([...block.matchAll(/^\|.*\|$/gm)].map(([row]) => row.replaceAll('\\|', '').split('|').length)));
  expect(Math.max(...widths.map(({ size }) => size))).toBe(1);
});

test('no row of a table is forgotten', () => {
  const page = (path: string): string => reference().get(path)!;
  for (const { name, pod } of processes) expect(page('processes.md')).toContain(`\n### ${pod}: ${name}\n`);
  for (const { number, serves } of Object.values(ports))
    expect(page('ports.md')).toMatch(new RegExp(`^\\| ${String(number)}\\b.* \\| ${serves} \\| [^|]`, 'm'));
  for (const { path } of entries(valuesSchema, defaults())) expect(page('values.md')).toContain(`\n| \`${path}\` |`);
});

test('commands are written so that a shell takes them as they are meant', () => {
  expect(reference().get('processes.md')).toContain("`/usr/sbin/nginx -g 'daemon off;' -c /var/lib/maas/http/nginx.conf`");
});

test('what other pages refer to is there', () => {
  const root = join(__dirname, '../..');
  for (const page of ['README.md', 'docs/how-to/add-a-process.md', 'docs/how-to/add-a-value.md', 'docs/explanation/how-it-works.md']) {
    for (const [, target] of readFileSync(join(root, page), 'utf8').matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)) {
      expect([page, target, existsSync(join(root, page, '..', target!))]).toEqual([page, target, true]);
    }
  }
});

test('the values that the README proposes are allowed', () => {
  expect(() => readValues(codeBlock(readFileSync(join(__dirname, '../../README.md'), 'utf8'), 'yaml'), 'README.md')).not.toThrow();
});
