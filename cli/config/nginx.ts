import { nginxSocket, webRoot, type Pod } from '../../charts/tables/processes';
import { volumes } from '../../charts/tables/volumes';

const folder = `${volumes.state.path}/http`;
const workers = 2;

/**
 * The frame around the server that MAAS writes (debian/extras/nginx.conf): logs to the container's output, everything it writes
 * below MAAS's own folder, and root as in MAAS's snap, because the sockets of maas-agent are 0660.
 * `daemon off` is on the command line.
 */
export function nginxConf(pod: Pod): string {
  const temporary = (['client_body', 'proxy', 'fastcgi', 'scgi', 'uwsgi'] as const).map(
    (kind) => `  ${kind}_temp_path ${folder}/${kind === 'client_body' ? 'body' : kind};`,
  );
  const stream = ['', '# To the internal API, which ends the agents’ mutual TLS itself.', 'stream {', `  include ${folder}/*.nginx.stream.conf;`, '}'];
  return [
    '# Written by maas-k8s config at each start of the pod.',
    ...(pod === 'region' ? ['load_module /usr/lib/nginx/modules/ngx_stream_module.so;'] : []),
    'user root;',
    `worker_processes ${String(workers)};`,
    `pid ${folder}/nginx.pid;`,
    'error_log stderr;',
    '',
    'events {',
    '  worker_connections 768;',
    '}',
    '',
    'http {',
    '  include /etc/nginx/mime.types;',
    '  default_type application/octet-stream;',
    '  # Racks ask for this redirect all the time, to know whether they reach the region.',
    `  map $request_uri $logged { ${webRoot} 0; default 1; }`,
    '  access_log /dev/stdout combined if=$logged;',
    '  sendfile on;',
    '  tcp_nopush on;',
    '  keepalive_timeout 65;',
    '  types_hash_max_size 2048;',
    '  client_max_body_size 10M;',
    '  gzip on;',
    ...temporary,
    `  include ${folder}/*.nginx.conf;`,
    '  # For the check whether nginx hangs.',
    '  server {',
    `    listen unix:${nginxSocket};`,
    '    access_log off;',
    '    return 204;',
    '  }',
    '}',
    ...(pod === 'region' ? stream : []),
    '',
  ].join('\n');
}
