import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepare } from '../../../cli/wait/prepare';
import { folder } from '../folder';

test('a folder is made, with those above it, and kept', () => {
  const path = join(folder(), 'a/b');
  prepare({ kind: 'directory', path });
  writeFileSync(join(path, 'kept'), '');
  prepare({ kind: 'directory', path });
  expect(readdirSync(path)).toEqual(['kept']);
});

test('a folder is emptied, itself kept', () => {
  const path = join(folder(), 'prometheus');
  prepare({ kind: 'empty', path });
  mkdirSync(join(path, 'sub/deeper'), { recursive: true });
  writeFileSync(join(path, 'counter_7.db'), '');
  prepare({ kind: 'empty', path });
  expect(readdirSync(path)).toEqual([]);
});

test('a file is removed, and need not be there', () => {
  const path = join(folder(), 'dhcpd.conf');
  writeFileSync(path, '');
  prepare({ kind: 'remove', path });
  prepare({ kind: 'remove', path });
  expect(existsSync(path)).toBe(false);
});

test('symbolic links go by the beginning of their name, dangling or not; flocks stay', () => {
  const path = folder();
  symlinkSync('4711', join(path, 'maas:networks-monitoring'));
  writeFileSync(join(path, 'maas:bootres_0a1b2c3.lock'), '');
  symlinkSync('4711', join(path, 'other'));
  prepare({ kind: 'unlink', path: join(path, 'maas:') });
  expect(readdirSync(path).sort()).toEqual(['maas:bootres_0a1b2c3.lock', 'other']);
  prepare({ kind: 'unlink', path: join(path, 'nowhere/maas:') });
});
