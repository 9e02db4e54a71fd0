"""/usr/sbin/maas-rack and /usr/lib/maas/maas-common.

provisioningserver/__main__.py, cluster_config_command.py, register_command.py, security.py, dns/commands.
"""

import argparse
import grp
import os
import subprocess
import sys

from maasdoubles import config, dns, speed
from maasdoubles.env import MAAS_ID, MAAS_SHARED_SECRET

START = 1.5


def setup_dns(options):
    dns.setup(options.no_clobber)


def get_named_conf(options):
    snippet = dns.include_snippet()
    if options.edit:
        with open(options.config_path, "a", encoding="ascii") as stream:
            stream.write(snippet)
    else:
        print("# Include MAAS's zones in BIND's configuration:")
        print(snippet)


def edit_named_options(options):
    dns.edit_named_options(options.config_path)


def observe_arp(options):
    """Starts the observer and is done (provisioningserver/utils/arp.py): it goes on as nobody's child, whatever becomes of rackd."""
    os.setpgrp()
    subprocess.Popen(["sudo", "-n", "/usr/sbin/maas-netmon", options.interface], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def observe_beacons(options):
    observe("sudo", "-n", "/usr/lib/maas/beacon-monitor", options.interface)


def observe_mdns(options):
    observe("/usr/bin/avahi-browse", "--all", "--resolve", "--no-db-lookup", "--parsable", "--no-fail")


def observe(*command):
    """Sees nothing, and ends with the observer (provisioningserver/utils/beaconing.py, avahi.py)."""
    os.setpgrp()
    sys.exit(subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL).returncode)


def scan_network(options):
    """Nothing is scanned (provisioningserver/utils/scan_network.py)."""


def install_shared_secret(options):
    secret = input("Secret (hex/base16 encoded): ") if sys.stdin.isatty() else sys.stdin.readline()
    secret = secret.strip()
    try:
        bytes.fromhex(secret)
    except ValueError as error:
        sys.exit(f"Secret could not be decoded: {error}")
    MAAS_SHARED_SECRET.set(secret)
    print(f"Secret installed to {MAAS_SHARED_SECRET.path}.")


def rack_config(options):
    conf = config.cluster()
    given = {
        "maas_url": options.region_url,
        "tftp_port": options.tftp_port,
        "tftp_root": options.tftp_root,
        "debug": None if options.debug is None else options.debug.lower() == "true",
    }
    conf.update({name: value for name, value in given.items() if value is not None})


def register(options):
    """Without systemd it cannot end well: it stops, enables and starts the unit."""
    subprocess.run(["systemctl", "stop", "maas-rackd"], check=True)
    MAAS_ID.set(None)
    config.cluster().update({"maas_url": options.url})
    MAAS_SHARED_SECRET.set(options.secret)
    subprocess.run(["systemctl", "enable", "maas-rackd"], check=True)
    subprocess.run(["systemctl", "start", "maas-rackd"], check=True)


def parser(rack):
    top = argparse.ArgumentParser(prog="maas-rack" if rack else "maas-common")
    commands = top.add_subparsers(dest="command", required=True)

    def command(name, function):
        one = commands.add_parser(name)
        one.set_defaults(function=function)
        return one

    command("setup-dns", setup_dns).add_argument("--no-clobber", action="store_true")
    one = command("get-named-conf", get_named_conf)
    one.add_argument("--edit", action="store_true")
    one.add_argument("--config-path", default="/etc/bind/named.conf.local")
    one = command("edit-named-options", edit_named_options)
    one.add_argument("--config-path", default="/etc/bind/named.conf.options")
    command("observe-arp", observe_arp).add_argument("interface")
    command("observe-beacons", observe_beacons).add_argument("interface")
    command("observe-mdns", observe_mdns)
    command("scan-network", scan_network).add_argument("arguments", nargs=argparse.REMAINDER)
    if rack:
        command("install-shared-secret", install_shared_secret)
        one = command("config", rack_config)
        one.add_argument("--region-url", action="append")
        one.add_argument("--tftp-port", type=int)
        one.add_argument("--tftp-root")
        one.add_argument("--debug")
        one = command("register", register)
        one.add_argument("--url", action="append", required=True)
        one.add_argument("--secret", required=True)
    return top


def run(rack):
    if os.getuid() != 0:
        sys.exit("This utility may only be run as root.")
    # provisioningserver/rack_script.py: what root makes belongs to the group maas, and is not for others.
    try:
        os.setegid(grp.getgrnam("maas").gr_gid)
    except KeyError:
        sys.exit("No such group: maas")
    os.umask(0o007)
    speed.spend(START)
    options = parser(rack).parse_args()
    options.function(options)


def main():
    run(rack=True)


def common():
    run(rack=False)
