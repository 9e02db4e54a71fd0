"""chrony's configuration (provisioningserver/ntp/config.py). Not moved by any variable."""

import ipaddress
import os
import re

from maasdoubles.fs import sudo_write_file

CHRONY_CONF, MAAS_CONF = "/etc/chrony/chrony.conf", "/etc/chrony/maas.conf"


def _is_address(name):
    try:
        ipaddress.ip_address(name)
        return True
    except ValueError:
        return False


def configure(servers, peers, stratum):
    lines = ["# MAAS NTP configuration.", "hwtimestamp *"]
    lines += [f"{'server' if _is_address(server) else 'pool'} {server} iburst" for server in servers]
    lines += [f"peer {peer} xleave" for peer in peers]
    lines += [f"local stratum {stratum + 8} orphan", "allow", ""]
    sudo_write_file(MAAS_CONF, "\n".join(lines))
    sudo_write_file(CHRONY_CONF, _including(MAAS_CONF))


def _including(path):
    """The distribution's file without its own servers, and our include last."""
    kept = []
    if os.path.exists(CHRONY_CONF):
        for line in open(CHRONY_CONF):
            if re.match(r"\s*include\s.*chrony/maas\.conf\b", line):
                continue
            if re.match(r"\s*(pool|server)\b", line):
                line = f"# {line.strip()}  # Disabled by MAAS.\n"
            kept.append(line)
    return "".join(kept).strip("\n") + f"\n\ninclude {path}\n"
