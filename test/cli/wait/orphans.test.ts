import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { orphans } from '../../../cli/wait/orphans';
import { folder } from '../folder';

function proc(...stats: readonly string[]): string {
  const path = folder();
  mkdirSync(join(path, 'self'));
  for (const stat of stats) {
    mkdirSync(join(path, stat.split(' ')[0]!));
    writeFileSync(join(path, stat.split(' ')[0]!, 'stat'), `${stat} 0 0`);
  }
  return path;
}

test('children of the first process are what an earlier start has left, but for the one that asks', () => {
  expect(orphans(30, proc('1 (pebble) S 0', '12 (nginx: a) b) S 1', '13 (nginx) T 1', '30 (node) R 1'))).toEqual([12, 13]);
});

test('children of others, what is dead already and what somebody runs from outside are not', () => {
  expect(orphans(30, proc('1 (pebble) S 0', '14 (sh) S 12', '15 (nginx) Z 1', '40 (bash) S 0', '41 (cat) R 40', '30 (node) R 1'))).toEqual([]);
});
