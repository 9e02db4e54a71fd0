"""BIND's configuration and keys (provisioningserver/dns/config.py, dns/commands/setup_dns.py)."""

import contextlib
import glob
import grp
import os
import re
import subprocess
import time

from maasdoubles import paths
from maasdoubles.fs import atomic_write
from maasdoubles.templates import render

KEYS, RNDC, NAMED_RNDC = "keys.conf.maas", "rndc.conf.maas", "named.conf.rndc.maas"
NAMED, OPTIONS = "named.conf.maas", "named.conf.options.inside.maas"
DEFAULT_CONTROLS = '\ncontrols {\n    inet 127.0.0.1 port 953 allow { localhost; };\n};\n'


def _run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def set_up_nsupdate_key():
    atomic_write(_run("tsig-keygen", "-a", "HMAC-SHA512", "maas."), paths.dns_config(KEYS), mode=0o644)


def set_up_zone_file_dir():
    directory = paths.zone_files()
    if os.path.isdir(directory):
        for path in glob.glob(os.path.join(directory, "zone.*")):
            os.unlink(path)
        return
    os.mkdir(directory, 0o775)
    os.chown(directory, os.getuid(), grp.getgrnam("bind").gr_gid)


def set_up_rndc():
    port = os.environ.get("MAAS_DNS_RNDC_PORT", "954")
    rndc = _run("rndc-confgen", "-b", "256", "-k", "rndc-maas-key", "-p", port)
    named = re.search(r"^# Use with the following in named.conf.*?\n(.*?)^# End of named.conf", rndc, re.M | re.S).group(1)
    named = re.sub(r"^# ?", "", named, flags=re.MULTILINE)
    if os.environ.get("MAAS_DNS_DEFAULT_CONTROLS", "1") == "1":
        named += DEFAULT_CONTROLS
    for name, content in ((RNDC, rndc), (NAMED_RNDC, named)):
        with open(paths.dns_config(name), "w") as stream:  # the mode is what the umask leaves, as in MAAS
            stream.write(content)


def write_options(overwrite=True, upstream_dns=(), dnssec_validation="auto"):
    path = paths.dns_config(OPTIONS)
    if overwrite or not os.path.exists(path):
        content = render(
            "provisioningserver",
            "dns/named.conf.options.inside.maas.template",
            upstream_dns=upstream_dns,
            dnssec_validation=dnssec_validation,
        )
        atomic_write(content, path, mode=0o644)


def write_named_conf(zones=(), trusted_networks=(), overwrite=True):
    path = paths.dns_config(NAMED)
    if overwrite or not os.path.exists(path):
        content = render(
            "provisioningserver",
            "dns/named.conf.template",
            zones=[(name, paths.zone_files(f"zone.{name}")) for name in zones],
            named_rndc_conf_path=paths.dns_config(NAMED_RNDC),
            nsupdate_keys_conf_path=paths.dns_config(KEYS),
            trusted_networks=trusted_networks,
        )
        atomic_write(content, path, mode=0o644)


def write_zone(name, serial, addresses):
    """`addresses`: (host name, address) pairs."""
    records = [(host, "AAAA" if ":" in address else "A", address) for host, address in addresses]
    content = render("provisioningserver", "dns/zone.template", domain=name, serial=serial, ttl=30, records=records)
    atomic_write(content, paths.zone_files(f"zone.{name}"), mode=0o644)


def setup(no_clobber):
    """--no-clobber spares configuration, never keys (maas-run.md 6.4)."""
    set_up_nsupdate_key()
    set_up_zone_file_dir()
    set_up_rndc()
    write_options(overwrite=not no_clobber)
    write_named_conf(overwrite=not no_clobber)


def rndc(*arguments, attempts=1):
    for attempt in range(attempts):
        try:
            _run("rndc", "-c", paths.dns_config(RNDC), *arguments)
            return
        except subprocess.CalledProcessError:
            if attempt + 1 == attempts:
                raise
            time.sleep(2)


def include_snippet():
    return f'include "{paths.dns_config(NAMED)}";\n'


def edit_named_options(path):
    """Includes MAAS's options inside `options { }` and comments out what both would set.

    (maasserver/management/commands/edit_named_options.py)
    """
    with open(path) as stream:
        text = stream.read()
    text = re.sub(r'^\s*include\s+"[^"]*maas[^"]*";\n', "", text, flags=re.MULTILINE)
    text = re.sub(r"^(\s*dnssec-validation\b.*)$", r"// \1", text, flags=re.MULTILINE)
    text = re.sub(r"(options\s*\{)", lambda m: f'{m.group(1)}\n\tinclude "{paths.dns_config(OPTIONS)}";', text, count=1)
    with contextlib.suppress(FileNotFoundError):
        os.replace(path, f"{path}.maas-{time.strftime('%Y-%m-%dT%H:%M:%S')}")
    atomic_write(text, path, mode=0o644)
