"""squid's configuration (provisioningserver/proxy/config.py)."""

import datetime
import os
import socket

from maasdoubles import paths
from maasdoubles.fs import atomic_write
from maasdoubles.templates import render


def write(cidrs, port, peers=(), prefer_v4_proxy=False):
    content = render(
        "provisioningserver",
        "proxy/maas-proxy.conf.template",
        modified=datetime.datetime.now().isoformat(" ", "seconds"),
        fqdn=socket.getfqdn(),
        cidrs=cidrs,
        running_in_snap=False,
        maas_proxy_port=port,
        peers=[{"address": host, "port": peer_port, "username": "", "password": ""} for host, peer_port in peers],
        dns_v4_first=prefer_v4_proxy,
    )
    atomic_write(content, paths.proxy_config(), mode=0o644)


def is_configured():
    return os.path.exists(paths.proxy_config())
