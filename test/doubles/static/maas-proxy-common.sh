# Stand-in for debian/extras/maas-proxy-common.sh.
pre_start() {
  install -d -o proxy -g proxy -m 750 /var/cache/maas-proxy /var/log/maas/proxy /var/spool/maas-proxy
  if [ -f /var/lib/maas/maas-proxy.conf ] && [ ! -d /var/cache/maas-proxy/00 ]; then
    /usr/sbin/squid -z -d 5 -N -f /var/lib/maas/maas-proxy.conf
  fi
}
