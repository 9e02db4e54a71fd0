import fc from 'fast-check';
import { parseDuration, persist } from '../../cli/time';

test('durations are written as in Go', () => {
  expect(parseDuration('250ms')).toBe(250);
  expect(parseDuration('15m')).toBe(900_000);
  expect(parseDuration('1h30m')).toBe(5_400_000);
  expect(parseDuration('1.5s')).toBe(1500);
});

test.each(['', '5', 's', '5x', '5s ', '-5s', '5s5'])('%j is no duration', (written) => {
  expect(() => parseDuration(written)).toThrow(`"${written}" is not a duration`);
});

test('sums of units add up', () => {
  fc.assert(
    fc.property(fc.nat(50), fc.nat(59), fc.nat(59), (h, m, s) => {
      expect(parseDuration(`${String(h)}h${String(m)}m${String(s)}s`)).toBe(((h * 60 + m) * 60 + s) * 1000);
    }),
  );
});

test('a reason is said when it changes, not each time, and the last one ends it', async () => {
  const reasons = ['a', 'a', 'b', 'b', 'b'];
  const lines: string[] = [];
  const attempt = (): Promise<{ reason: string }> => Promise.resolve({ reason: reasons.shift() ?? 'c' });
  await expect(persist(attempt, { what: 'it', timeout: 60, interval: 5, log: (line) => void lines.push(line) })).rejects.toThrow(
    /^gave up waiting for it after \d.\d s: c$/,
  );
  expect(lines).toEqual(['waiting for it: a', 'waiting for it: b', 'waiting for it: c']);
});

test('it is said again after a while', async () => {
  const lines: string[] = [];
  let left = 30;
  const attempt = (): Promise<{ reason: string } | { value: number }> => Promise.resolve(left-- > 0 ? { reason: 'a' } : { value: 7 });
  await expect(persist(attempt, { what: 'it', timeout: 10_000, interval: 5, remind: 50, log: (line) => void lines.push(line) })).resolves.toBe(7);
  expect(lines.length).toBeGreaterThan(1);
  expect(lines.length).toBeLessThan(10);
});
