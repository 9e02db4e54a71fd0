import { newBench } from './shim';

test('idle observes nothing, for ever, whatever it is told to observe', () => {
  const bench = newBench();
  bench.fake('sleep', 'echo "sleeps: $*"');
  expect(bench.shim('idle', ['--all', '--parsable', 'eth0'])).toEqual({ code: 0, stdout: 'sleeps: infinity\n', stderr: '' });
});
