import { newBench } from './shim';

describe('systemd-detect-virt', () => {
  test.each([
    ['docker', ['-c'], 0, 'docker\n'],
    ['none', ['-c'], 1, 'none\n'],
    ['none', [], 1, 'none\n'],
    ['lxc', ['--container'], 0, 'lxc\n'],
    ['docker', ['-q'], 0, ''],
    ['none', ['--quiet'], 1, ''],
    // Nothing is known about machines below.
    ['docker', ['--vm'], 1, 'none\n'],
  ])('MAAS_VIRT=%s, %j: exit code %i', (virt, args, code, stdout) => {
    expect(newBench().shim('systemd-detect-virt', args, { environment: { MAAS_VIRT: virt } })).toEqual({ code, stdout, stderr: '' });
  });

  test('is in a container unless told otherwise', () => {
    expect(newBench().shim('systemd-detect-virt', ['-c']).code).toBe(0);
  });
});
