"""rsyslog's configuration (provisioningserver/syslog/config.py), from the template the image may have replaced."""

import os

from maasdoubles import paths
from maasdoubles.fs import atomic_write
from maasdoubles.templates import render


def write(write_local, port, forwarders=(), promtail_port=0):
    content = render(
        "provisioningserver",
        "syslog/rsyslog.conf.template",
        user="maas",
        group="maas",
        drop_priv=True,
        work_dir=os.path.dirname(paths.syslog_socket()),
        log_dir="/var/log/maas",
        write_local=write_local,
        forwarders=[{"name": name, "ip": ip} for name, ip in forwarders],
        port=port,
        promtail_port=promtail_port or 0,
    )
    atomic_write(content, paths.syslog_config(), mode=0o644)
