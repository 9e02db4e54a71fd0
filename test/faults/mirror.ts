/** A small image mirror in a pod: one Ubuntu release, unsigned, as slow as is wanted. */

import { run } from '../e2e/command';
import type { World } from './fault';
import { until } from './limit';

const name = 'maas-fault-mirror';

/**
 * Python, for every image of MAAS has it. Serves simplestreams; sends its files at `RATE` bytes a second.
 * MAAS ignores an Ubuntu product that has no v2 or v3 in its name, and cannot read a list of products without a content_id.
 */
const program = `
import hashlib, json, os, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
rate, size, release = int(os.environ["RATE"]), int(os.environ["SIZE"]), os.environ["RELEASE"]
files = {n: hashlib.sha256(n.encode()).digest() * (s // 32) for n, s in (("boot-kernel", 1 << 20), ("boot-initrd", 1 << 20), ("squashfs", size))}
items = {n: {"ftype": n, "path": "files/" + n, "size": len(b), "sha256": hashlib.sha256(b).hexdigest()} for n, b in files.items()}
product = {"os": "ubuntu", "release": release, "arch": "amd64", "subarch": "generic", "kflavor": "generic", "label": "stable",
  "subarches": "generic,hwe-p", "version": "24.04", "versions": {"20261124": {"items": items}}}
content, name = "com.ubuntu.maas:stable:v3:download", "com.ubuntu.maas.stable:v3:boot:24.04:amd64:generic"
documents = {
  "/streams/v1/index.json": {"format": "index:1.0", "index": {content: {"format": "products:1.0", "datatype": "image-downloads", "path": "streams/v1/products.json", "products": [name]}}},
  "/streams/v1/products.json": {"format": "products:1.0", "content_id": content, "products": {name: product}},
}
class Handler(BaseHTTPRequestHandler):
  def do_GET(self):
    path = self.path.split("?")[0]
    body = json.dumps(documents[path]).encode() if path in documents else files.get(path.rsplit("/", 1)[-1])
    if body is None: return self.send_error(404)
    self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers()
    for start in range(0, len(body), 1 << 18):
      self.wfile.write(body[start:start + (1 << 18)])
      if path not in documents: time.sleep((1 << 18) / rate)
ThreadingHTTPServer(("", 8080), Handler).serve_forever()
`;

export interface Mirror {
  /** Of its index; one that ends in .json is taken unsigned. */
  readonly url: string;
  log(): Promise<string>;
}

/** @param megabytes of the largest file; it takes `seconds` to send */
export async function mirror(world: World, { release, megabytes, seconds }: { release: string; megabytes: number; seconds: number }): Promise<Mirror> {
  const { spec } = await world.cluster.get('deployment', 'maas-region-a');
  const image = spec.template.spec.containers[0].image as string;
  const environment = { RELEASE: release, SIZE: String(megabytes << 20), RATE: String(Math.ceil((megabytes << 20) / seconds)) };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: world.cluster.namespace },
    spec: {
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      containers: [
        {
          name: 'mirror',
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['python3', '-u', '-c', program],
          env: Object.entries(environment).map(([key, value]) => ({ name: key, value })),
        },
      ],
    },
  };
  world.undo(() => world.cluster.kubectl('delete', 'pod', name, '--ignore-not-found'));
  await world.cluster.kubectl('delete', 'pod', name, '--ignore-not-found');
  await run('kubectl', ['create', '-f', '-'], { input: JSON.stringify(pod) });
  const address = await until('the mirror runs', 60, async () => {
    const { status } = await world.cluster.get('pod', name);
    return status.containerStatuses?.[0]?.ready === true ? (status.podIP as string) : undefined;
  });
  return { url: `http://${address}:8080/streams/v1/index.json`, log: () => world.cluster.kubectl('logs', name) };
}
