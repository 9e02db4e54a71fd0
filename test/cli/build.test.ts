import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { nodeVersion } from '../../cli/node-runtime';
import { clusterTools, type ClusterTools } from './cluster-tools';
import { fakeKubernetes, type FakeKubernetes } from './fake-kubernetes';
import { run } from './program';

const root = resolve(__dirname, '../..');
const scratch = mkdtempSync(join(tmpdir(), 'build-'));
const program = join(scratch, 'build.js');

/** The verb alone, bundled as the program is: what is loaded when it runs is found then. */
beforeAll(() => {
  const entry = join(scratch, 'entry.ts');
  writeFileSync(
    entry,
    `import { build } from ${JSON.stringify(join(root, 'cli/build'))};
     build().parseAsync().catch((error: Error) => { console.error(error.message); process.exit(1); });`,
  );
  execFileSync(process.execPath, [join(root, 'images/toolbox/bundle.mjs'), entry, program]);
}, 60_000);

afterAll(() => {
  rmSync(scratch, { recursive: true });
});

let count = 0;

class Checkout {
  readonly folder = join(scratch, String(++count));

  constructor() {
    this.write('images/toolbox/Dockerfile', 'ARG GO_IMAGE=golang\nARG BASE_IMAGE=ubuntu\nFROM ${BASE_IMAGE}\nARG GOPROXY=\n');
    for (const image of ['region', 'rack'])
      this.write(`images/${image}/Dockerfile`, 'ARG TOOLBOX_IMAGE=x\nARG BASE_IMAGE=ubuntu\nFROM ${BASE_IMAGE}\nARG MAAS_PPA=ppa:x\n');
    this.write(
      'images/toolbox/bundle.mjs',
      "import { mkdirSync, writeFileSync } from 'node:fs'; mkdirSync('build', { recursive: true }); writeFileSync('build/pod.js', 'the program');",
    );
    this.write(`build/node/node-${nodeVersion}-${process.arch}`, 'the node');
    this.write('bin/.keep', '');
  }

  write(path: string, content: string, mode = 0o644): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), content);
    chmodSync(join(this.folder, path), mode);
  }

  read = (path: string): string => readFileSync(join(this.folder, path), 'utf8');

  /** A builder that notes its arguments and does as the script says; \`$calls\` is where. */
  builder(name: string, script = ''): this {
    this.write(`bin/${name}`, `#!/bin/sh\necho "${name} $*" >>${join(this.folder, 'calls')}\n${script}\n`, 0o755);
    return this;
  }

  run(...args: string[]) {
    // Nothing but the fakes and what their scripts need is on the path.
    const environment = { PATH: join(this.folder, 'bin'), HOME: this.folder };
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, '--source', this.folder, ...args], {
      encoding: 'utf8',
      env: environment,
      cwd: this.folder,
    });
    const calls = existsSync(join(this.folder, 'calls')) ? this.read('calls').trimEnd().split('\n') : [];
    return { code: status, stdout, stderr, calls };
  }
}

/** Answers the questions of every builder. */
const answers = 'case "$*" in *inspect*) echo 345678901 ;; *Size*) echo "346 MB" ;; esac\nfor last in "$@"; do :; done';

describe('maas-k8s build', () => {
  test('builds toolbox, region and rack, named as in the chart, from what it has staged', () => {
    const checkout = new Checkout().builder('docker', answers);
    const { code, stdout, stderr, calls } = checkout.run();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const images = (name: string): string => join(checkout.folder, 'images', name);
    expect(calls.filter((call) => call.startsWith('docker build'))).toEqual([
      `docker build --tag localhost/maas-toolbox:3.7-0.1.0 ${images('toolbox')}`,
      `docker build --tag localhost/maas-region:3.7-0.1.0 --build-arg TOOLBOX_IMAGE=localhost/maas-toolbox:3.7-0.1.0 ${images('region')}`,
      `docker build --tag localhost/maas-rack:3.7-0.1.0 --build-arg TOOLBOX_IMAGE=localhost/maas-toolbox:3.7-0.1.0 ${images('rack')}`,
    ]);
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^localhost\/maas-toolbox:3\.7-0\.1\.0 {2}346 MB {2}\d+\.\d s$/),
      expect.stringMatching(/^localhost\/maas-region:/),
      expect.stringMatching(/^localhost\/maas-rack:/),
      '',
    ]);
    expect(checkout.read('images/toolbox/app/maas-k8s.js')).toBe('the program');
    expect(checkout.read('images/toolbox/app/node')).toBe('the node');
  });

  test('gives arguments to the images that have them, or to the one that is named', () => {
    const checkout = new Checkout().builder('docker', answers);
    const { calls } = checkout.run(
      ...['region:BASE_IMAGE=doubles/region', 'BASE_IMAGE=doubles/all', 'MAAS_PPA=', 'GOPROXY=a,b', 'https_proxy=http://p'].flatMap((arg) => [
        '--build-arg',
        arg,
      ]),
    );
    const args = calls.filter((call) => call.includes(' build ')).map((call) => [...call.matchAll(/--build-arg (\S*)/g)].map(([, arg]) => arg));
    const toolbox = 'TOOLBOX_IMAGE=localhost/maas-toolbox:3.7-0.1.0';
    expect(args).toEqual([
      ['BASE_IMAGE=doubles/all', 'GOPROXY=a,b', 'https_proxy=http://p'],
      [toolbox, 'BASE_IMAGE=doubles/region', 'MAAS_PPA=', 'https_proxy=http://p'],
      [toolbox, 'BASE_IMAGE=doubles/all', 'MAAS_PPA=', 'https_proxy=http://p'],
    ]);
  });

  test('--only leaves the others, --registry and --tag name it, and nothing is bundled for it', () => {
    const checkout = new Checkout().builder('podman', answers);
    const { code, calls } = checkout.run('--only', 'rack', '--registry', 'ghcr.io/me', '--tag', '7');
    expect(code).toBe(0);
    expect(calls.filter((call) => call.includes(' build '))).toEqual([
      `podman build --tag ghcr.io/me/maas-rack:7 --build-arg TOOLBOX_IMAGE=ghcr.io/me/maas-toolbox:7 ${join(checkout.folder, 'images/rack')}`,
    ]);
    expect(existsSync(join(checkout.folder, 'build/pod.js'))).toBe(false);
  });

  test('--save writes an archive per image and replaces the one before', () => {
    const checkout = new Checkout().builder('buildah', `${answers}\ncase $1 in push) file=\${last#docker-archive:}; : >"\${file%%:*}" ;; esac`);
    checkout.write('out/maas-rack.tar', 'old');
    const out = join(checkout.folder, 'out');
    const { code, calls, stdout } = checkout.run('--only', 'rack', '--save', out);
    expect(code).toBe(0);
    expect(calls.at(-1)).toBe(`buildah push --quiet localhost/maas-rack:3.7-0.1.0 docker-archive:${out}/maas-rack.tar.new:localhost/maas-rack:3.7-0.1.0`);
    expect(checkout.read('out/maas-rack.tar')).toBe('');
    expect(stdout).toContain(`${out}/maas-rack.tar\n`);
  });

  test.each(['docker', 'podman', 'buildah'])('--push has %s push each image to its registry, once it is built', (name) => {
    const { code, calls, stdout } = new Checkout().builder(name, answers).run('--registry', 'localhost:5000/me', '--push');
    expect(code).toBe(0);
    const [toolbox, region, rack] = ['toolbox', 'region', 'rack'].map((image) => `localhost:5000/me/maas-${image}:3.7-0.1.0`);
    expect(calls.filter((call) => call.includes(' push '))).toEqual([toolbox, region, rack].map((image) => `${name} push ${image!}`));
    expect(calls.findIndex((call) => call.includes('push'))).toBeGreaterThan(calls.findIndex((call) => call.includes('--tag')));
    expect(stdout.match(/^ {2}pushed$/gm)).toHaveLength(3);
  });

  test('a registry that refuses is heard; none at all is refused before anything is built', () => {
    const { code, stderr } = new Checkout()
      .builder('docker', `${answers}\ncase $1 in push) echo "denied: log in first"; exit 1 ;; esac`)
      .run('--registry', 'r.io', '--push');
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'pushing r.io/maas-toolbox:3.7-0.1.0: docker ended with exit code 1\ndenied: log in first\n' });
    const local = new Checkout().builder('docker', answers).run('--push');
    expect(local).toMatchObject({ code: 1, calls: [] });
    expect(local.stderr).toBe('--push: images of localhost are in no registry; name one with --registry, or in the values (images.registry)\n');
  });

  test('the values name the images: those of the checkout, or of --values', () => {
    const checkout = new Checkout().builder('docker', answers);
    checkout.write('values.yaml', 'images: { registry: r.io/maas, rack: { repository: rack, tag: mine } }');
    checkout.write('site.yaml', 'images: { registry: site.io }');
    const named = (...args: string[]): string => checkout.run('--only', 'rack', ...args).calls.findLast((call) => call.includes('--tag'))!;
    expect(named()).toContain('--tag r.io/maas/rack:mine --build-arg TOOLBOX_IMAGE=r.io/maas/maas-toolbox:3.7-0.1.0 ');
    expect(named('--values', 'site.yaml')).toContain('--tag site.io/maas-rack:3.7-0.1.0 ');
    expect(named('--registry', 'ghcr.io', '--tag', '7')).toContain('--tag ghcr.io/rack:7 ');
  });

  test('--builder takes a program with options of its own', () => {
    const checkout = new Checkout().builder('docker', answers).builder('buildah', answers);
    const { calls } = checkout.run('--builder', 'buildah --root /elsewhere', '--only', 'rack');
    expect(calls[0]).toMatch(/^buildah --root \/elsewhere build --layers --force-rm --tag localhost\/maas-rack:/);
    expect(calls.join()).not.toContain('docker');
    expect(checkout.run('--builder', 'kaniko').stderr).toBe('--builder: "kaniko" is not one of docker, podman, buildah\n');
  });

  test('passes over a docker whose daemon is not there; with nothing left it says what to install', () => {
    const noDaemon = 'echo "Cannot connect to the Docker daemon"; exit 1';
    expect(new Checkout().builder('docker', noDaemon).builder('buildah', answers).run('--only', 'rack').calls.at(-1)).toContain('buildah images');
    const { code, stderr } = new Checkout().builder('docker', noDaemon).run('--only', 'rack');
    expect(code).toBe(1);
    expect(stderr).toBe(
      'nothing that builds images was found; install one of docker, podman, buildah\ndocker does not work: Cannot connect to the Docker daemon\n',
    );
  });

  test('a failure names the image and shows the last lines', () => {
    const script =
      'case "$*" in *images/region*) n=1; while [ $n -le 40 ]; do echo "line $n"; n=$((n + 1)); done; echo "E: no such package" >&2; exit 100 ;; esac';
    const { code, stderr, stdout, calls } = new Checkout().builder('docker', `${script}\n${answers}`).run();
    expect(code).toBe(1);
    const lines = stderr.trimEnd().split('\n');
    expect(lines[0]).toBe('image region: docker ended with exit code 100');
    expect(lines).toHaveLength(21);
    expect(lines).toEqual(expect.arrayContaining(['line 40', 'E: no such package']));
    expect(stdout.split('\n')[1]).toMatch(/^localhost\/maas-region/);
    expect(calls.at(-1)).toContain('images/region');
  });

  test('--verbose shows what the builder says, once', () => {
    const { stderr } = new Checkout().builder('docker', 'echo "STEP 1"; exit 1').run('--builder', 'docker', '--only', 'rack', '--verbose');
    expect(stderr).toBe('STEP 1\nimage rack: docker ended with exit code 1\n');
  });

  test.each([
    [['--build-arg', 'BASE_IMAGES=x'], '--build-arg BASE_IMAGES: no such argument in the Dockerfile of toolbox, region, rack'],
    [['--build-arg', 'rack:GOPROXY=x'], '--build-arg GOPROXY: no such argument in the Dockerfile of rack'],
    [['--build-arg', 'x'], 'write it as KEY=VALUE'],
    [['--build-arg', 'regoin:BASE_IMAGE=x'], '"regoin" is not one of toolbox, region, rack'],
    [['--only', 'racks'], 'not one of toolbox, region, rack'],
  ])('%j is refused before anything is built', (args, reason) => {
    const { code, stderr, calls } = new Checkout().builder('docker', answers).run(...args);
    expect({ code, calls }).toEqual({ code: 1, calls: [] });
    expect(stderr).toContain(reason);
  });

  test('outside of a checkout it says so', () => {
    const checkout = new Checkout();
    rmSync(join(checkout.folder, 'images'), { recursive: true });
    expect(checkout.run().stderr).toBe(`${checkout.folder} is not a checkout of maas-k8s; name one with --source\n`);
  });
});

describe('loading', () => {
  let kubernetes: FakeKubernetes;
  let tools: ClusterTools;
  beforeEach(async () => {
    kubernetes = await fakeKubernetes();
    kubernetes.objects.set('/api/v1/nodes/n1', { metadata: { name: 'n1' } });
    tools = clusterTools(undefined, {
      docker: `echo "docker $*" >>"$state/calls"\n${answers}\ncase $1 in save) echo "$4" >"$3" ;; esac`,
      mine: 'cp "$2" "$state/loaded"',
    });
    tools.set('cluster');
  });
  afterEach(() => kubernetes.close());

  /** @returns what it says */
  async function go(context: string, ...args: string[]): Promise<string> {
    const argv = ['build', '--source', new Checkout().folder, '--only', 'rack', '--kubeconfig', kubernetes.kubeconfig(context), ...args];
    const { ended, output } = run(process.execPath, argv, tools.environment);
    expect((await ended).code).toBe(0);
    return output();
  }
  const image = 'localhost/maas-rack:3.7-0.1.0\n';

  test('the image gets into the current cluster', async () => {
    expect(await go('kind-maas')).toContain('  loaded into kind cluster maas\n');
    expect(tools.read('loaded')).toBe(image);
  });

  test('by the labels of its nodes, where the context does not tell what it is', async () => {
    kubernetes.objects.set('/api/v1/nodes/n1', { metadata: { name: 'n1', labels: { 'minikube.k8s.io/name': 'maas' } } });
    expect(await go('mine')).toContain('  loaded into minikube cluster maas\n');
    expect(tools.read('loaded')).toBe(image);
  });

  test('--import has its own way, whatever the cluster', async () => {
    await go('prod', '--import', 'mine --into');
    expect(tools.read('loaded')).toBe(image);
  });

  test('who may not list nodes loads into a cluster whose context tells what it is', async () => {
    kubernetes.lasting.set('GET', 403);
    await go('kind-maas');
    expect(tools.read('loaded')).toBe(image);
  });

  test.each([['--no-load'], ['--push', '--registry', 'r.io']])('%s loads into no cluster', async (...args) => {
    expect(await go('kind-maas', ...args)).not.toContain('loaded');
    expect(tools.calls().some((call) => call.startsWith('kind'))).toBe(false);
  });

  test('a cluster that is elsewhere, or that is away, keeps no image from being built', async () => {
    await go('prod');
    await kubernetes.close();
    await go('kind-maas');
    kubernetes = await fakeKubernetes();
    expect(tools.calls().filter((call) => call.includes(' build '))).toHaveLength(2);
    expect(tools.read('loaded')).toBeUndefined();
  }, 15_000);
});
