import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { config } from '../../../cli/config/config';
import { Renewal } from '../../../cli/mux/renewal';
import { folder } from '../folder';

const lines: string[] = [];
jest.mock('../../../cli/log', () => ({ log: (line: string) => void lines.push(line) }));

const first = '0123456789abcdef0123456789abcdef';
const second = 'f'.repeat(32);

/** A rack as `maas-k8s config` has laid it out, with its mounted Secret. */
function rack() {
  const root = folder();
  const mounted = join(root, 'mounted');
  writeFileSync(mounted, first);
  const environment = { MAAS_URL: 'http://region:5240/MAAS', REGION_SECRET_FILE: mounted, NODE_NAME: 'n1', RACK_POOL: 'default', RACK_CACHE_GIGABYTES: '20' };
  config('rack', environment, root);
  lines.length = 0;
  const secret = join(root, 'var/lib/maas/secret');
  return { mounted, secret, now: () => readFileSync(secret, 'utf8'), newMux: () => new Renewal('rack', environment, root) };
}

test('a changed Secret is taken over, and said without being shown', () => {
  const { mounted, now, newMux } = rack();
  const renewal = newMux();
  renewal.look();
  expect([now(), lines]).toEqual([first, []]);
  writeFileSync(mounted, second);
  renewal.look();
  renewal.look();
  expect([now(), lines]).toEqual([second, ['wrote /var/lib/maas/secret again, for its Secret has changed']]);
});

test('what changed while the mux was away is taken over, too', () => {
  const { mounted, now, newMux } = rack();
  newMux().look();
  writeFileSync(mounted, second);
  newMux().look();
  expect(now()).toBe(second);
});

test('a Secret that MAAS could not use is named once, and the old copy stays until a good one comes', () => {
  const { mounted, now, newMux } = rack();
  const renewal = newMux();
  writeFileSync(mounted, second.slice(1));
  renewal.look();
  renewal.look();
  expect(now()).toBe(first);
  expect(lines).toEqual([expect.stringMatching(/^what is configured stays as it is: REGION_SECRET_FILE: .* has 31 characters/)]);
  writeFileSync(mounted, second);
  renewal.look();
  expect(now()).toBe(second);
});

test('the secret of a rack that MAAS has shut off does not come back by itself', () => {
  const { mounted, secret, now, newMux } = rack();
  const renewal = newMux();
  rmSync(secret);
  renewal.look();
  writeFileSync(mounted, second);
  renewal.look();
  expect(now).toThrow(/ENOENT/);
});

test('what MAAS itself has changed in a file is left alone while the Secret is the same', () => {
  const { secret, now, newMux } = rack();
  writeFileSync(secret, 'changed by MAAS');
  newMux().look();
  expect(now()).toBe('changed by MAAS');
});
