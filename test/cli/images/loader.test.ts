import files, { writeFileSync } from 'node:fs';
import system from 'node:os';
import { join } from 'node:path';
import { loaderFor } from '../../../cli/images/loader';
import { clusterTools, withEnvironment, type ClusterTools } from '../cluster-tools';
import { folder } from '../folder';

let tools: ClusterTools;
let archive: string;
beforeEach(() => {
  // Their own arguments are those of the genuine ones; these show them.
  const shows = 'echo "$program $*" >>"$state/calls"';
  tools = clusterTools(undefined, { ctr: shows, k3s: shows, sudo: shows });
  tools.set('cluster');
  archive = join(folder(), 'image.tar');
  writeFileSync(archive, 'an image');
});
withEnvironment(() => tools);
afterEach(() => {
  jest.restoreAllMocks();
});

const node = (name: string, labels: Record<string, string> = {}) => ({ metadata: { name, labels } });
const anyNode = [node('somewhere')];

test.each([
  ['kind-maas', anyNode, 'kind cluster maas'],
  ['k3d-maas', anyNode, 'k3d cluster maas'],
  ['renamed', [node('maas', { 'minikube.k8s.io/name': 'maas' })], 'minikube cluster maas'],
])('context %s: the archive gets into the cluster', async (context, nodes, name) => {
  const loader = loaderFor(context, nodes)!;
  expect(loader.name).toBe(name);
  await loader.load(archive);
  expect(tools.read('loaded')).toBe('an image');
});

test('minikube by the name of its context, where its nodes cannot be listed', async () => {
  await expect(loaderFor('minikube', [])!.load(archive)).rejects.toThrow(/minikube ended with exit code 14\n.*loading profile/s);
  expect(tools.calls().join()).toContain('--profile minikube');
});

test.each([['kind-other'], ['k3d-other']])('context %s, whose cluster is gone: what the tool says', async (context) => {
  await expect(loaderFor(context, anyNode)!.load(archive)).rejects.toThrow(
    /^loading .*image.tar into (kind|k3d) cluster other: .* exit code 1\n.*(no|No) nodes found/s,
  );
});

test.each([
  ['kind-maas', anyNode, 'ERROR: failed to load image: command "docker exec …" failed'],
  // Both of them end well.
  ['k3d-maas', anyNode, "ERRO[0002] failed to import images in node 'k3d-maas-server-0': Exec process failed with exit code '1'"],
  ['minikube', [node('maas', { 'minikube.k8s.io/name': 'maas' })], 'W1125 03:30:00 cache_images.go:253] Failed to load cached images for "maas"'],
])('context %s, whose node refuses the image: that is noticed, and what was said is shown', async (context, nodes, said) => {
  tools.set('trouble', said);
  await expect(loaderFor(context, nodes)!.load(archive)).rejects.toThrow(said);
  expect(tools.read('loaded')).toBeUndefined();
});

test('a minikube that is stopped takes nothing, and says nothing: that is noticed', async () => {
  tools.set('stopped');
  await expect(loaderFor('x', [node('maas', { 'minikube.k8s.io/name': 'maas' })])!.load(archive)).rejects.toThrow(
    /into minikube cluster maas: minikube ended well, but .* is the cluster running\?/,
  );
});

test('a tool that is not installed is named', async () => {
  process.env['PATH'] = folder();
  await expect(loaderFor('kind-maas', anyNode)!.load(archive)).rejects.toThrow('kind is not installed (or not in PATH)');
});

test('a command of one’s own goes before everything, and fails with what it says', async () => {
  const own = loaderFor('kind-maas', anyNode, ' sudo  ctr -n k8s.io images import ')!;
  await own.load(archive);
  expect(tools.calls()).toEqual([`sudo ctr -n k8s.io images import ${archive}`]);
  await expect(loaderFor('kind-maas', anyNode, 'cat /nowhere')!.load(archive)).rejects.toThrow(/cat ended with exit code 1\n.*nowhere/s);
});

describe('on this machine', () => {
  const here = (...sockets: string[]): void => {
    jest.spyOn(system, 'hostname').mockReturnValue('Laptop');
    jest.spyOn(files, 'existsSync').mockImplementation((path) => sockets.includes(path as string));
    jest.spyOn(files, 'accessSync').mockImplementation(() => undefined);
  };
  const k3s = '/run/k3s/containerd/containerd.sock';
  const containerd = '/run/containerd/containerd.sock';

  test.each([
    // A machine with k3s may have a containerd for Docker.
    [[k3s, containerd], 'k3s on this machine', 'k3s ctr images import'],
    [[containerd], 'containerd on this machine', 'ctr --namespace k8s.io images import'],
  ])('%j', async (sockets, name, command) => {
    here(...sockets);
    const loader = loaderFor('default', [node('laptop')])!;
    expect(loader.name).toBe(name);
    await loader.load(archive);
    expect(tools.calls()).toEqual([`${command} ${archive}`]);
  });

  test('whoever may not use the socket is told so at once, with what helps', () => {
    here(containerd);
    jest.spyOn(files, 'accessSync').mockImplementation(() => {
      throw new Error('EACCES');
    });
    expect(() => loaderFor('default', [node('laptop')])).toThrow(
      /containerd on this machine, but only root may.*--import 'sudo ctr --namespace k8s.io images import'.*--no-load/,
    );
  });

  test.each([
    ['another node', [node('server')]],
    ['a second node', [node('laptop'), node('server')]],
    ['no nodes that are known', []],
  ])('%s: there is no known way', (_what, nodes) => {
    here(k3s, containerd);
    expect(loaderFor('default', nodes)).toBeUndefined();
  });

  test('neither k3s nor containerd: there is no known way', () => {
    here();
    expect(loaderFor('default', [node('laptop')])).toBeUndefined();
  });
});
