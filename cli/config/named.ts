import { volumes } from '../../charts/tables/volumes';

/** Zones that a name server should answer itself (RFC 1912), for MAAS turns the built-in ones off. Files of the package bind9. */
const local = {
  localhost: '/etc/bind/db.local',
  '127.in-addr.arpa': '/etc/bind/db.127',
  '0.in-addr.arpa': '/etc/bind/db.0',
  '255.in-addr.arpa': '/etc/bind/db.255',
};

/**
 * The whole configuration of named, around the two files of MAAS. Theirs are (provisioningserver/templates/dns):
 * forwarders, dnssec-validation, empty-zones-enable, allow-query, allow-recursion and allow-query-cache in
 * named.conf.options.inside.maas; keys, controls, zones and the ACL "trusted" in named.conf.maas. So none of these here.
 *
 * @param exists whether a zone file of the image is there
 */
export function namedConf(exists: (path: string) => boolean): string {
  const zones = Object.entries(local).filter(([, path]) => exists(path));
  return [
    '// Written by maas-k8s config at each start of the pod.',
    'options {',
    '  directory "/var/cache/bind";',
    '  pid-file "/run/named/named.pid";',
    '  session-keyfile "/run/named/session.key";',
    '  lock-file none;',
    '  listen-on { any; };',
    '  listen-on-v6 { any; };',
    '  auth-nxdomain no;',
    `  include "${volumes.bind.path}/named.conf.options.inside.maas";`,
    '};',
    `include "${volumes.bind.path}/named.conf.maas";`,
    ...zones.map(([zone, path]) => `zone "${zone}" { type primary; file "${path}"; };`),
    '',
  ].join('\n');
}
