"""The small programs sudo is used for (package-files/usr/lib/maas, usr/sbin/maas-dhcp-helper) and power."""

import argparse
import json
import os
import re
import socket
import sys
import time

from maasdoubles import paths
from maasdoubles.fs import atomic_write

DHCP_FILES = ("dhcpd-interfaces", "dhcpd.conf", "dhcpd6-interfaces", "dhcpd6.conf")


def write_file():
    """maas-write-file PATH MODE, content on stdin; only paths of the list."""
    parser = argparse.ArgumentParser(prog="maas-write-file")
    parser.add_argument("filename")
    parser.add_argument("mode", type=lambda text: int(text, 8))
    options = parser.parse_args()
    allowed = {paths.data(name) for name in DHCP_FILES} | {"/etc/chrony/chrony.conf", "/etc/chrony/maas.conf"}
    if options.filename not in allowed:
        parser.error(f"Given filename {options.filename} is not in the allowed list. Choose from: {', '.join(sorted(allowed))}.")
    if options.mode & 0o777 != options.mode:
        parser.error(f"Given file mode 0o{options.mode:o} is not permitted; only permission bits may be set.")
    atomic_write(sys.stdin.buffer.read(), options.filename, mode=options.mode)


def delete_file():
    parser = argparse.ArgumentParser(prog="maas-delete-file")
    parser.add_argument("filename")
    options = parser.parse_args()
    allowed = {paths.data(name) for name in ("dhcpd.conf", "dhcpd6.conf")}
    if options.filename not in allowed:
        parser.error(f"Given filename {options.filename} is not in the allowed list. Choose from: {', '.join(sorted(allowed))}.")
    if os.path.exists(options.filename):
        os.unlink(options.filename)


def dhcp_helper():
    """notify: tell the agent about a lease. clean: drop host entries of a leases file."""
    parser = argparse.ArgumentParser(prog="maas-dhcp-helper")
    commands = parser.add_subparsers(dest="command", required=True)
    notify = commands.add_parser("notify")
    notify.add_argument("--action", required=True, choices=["commit", "expiry", "release"])
    notify.add_argument("--mac", required=True)
    notify.add_argument("--ip-family", required=True, choices=["ipv4", "ipv6"])
    notify.add_argument("--ip", required=True)
    notify.add_argument("--lease-time", type=int)
    notify.add_argument("--hostname")
    notify.add_argument("--socket", default=paths.data("dhcpd.sock"))
    commands.add_parser("clean").add_argument("leases_file")
    options = parser.parse_args()
    if options.command == "clean":
        with open(options.leases_file) as stream:
            content = stream.read()
        with open(options.leases_file, "w") as stream:
            stream.write(re.sub("host [^{]+{[^}]+}\n", "", content))
        return
    packet = {
        "action": options.action,
        "mac": options.mac,
        "ip_family": options.ip_family,
        "ip": options.ip,
        "timestamp": int(time.time()),
    }
    if options.action == "commit":
        packet["lease_time"] = options.lease_time
        if (options.hostname or "").strip():
            packet["hostname"] = options.hostname
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.connect(options.socket)
        sock.send(json.dumps(packet).encode())


def power():
    """maas.power status|on|off|cycle DRIVER ...: there is no machine here."""
    parser = argparse.ArgumentParser(prog="maas.power")
    parser.add_argument("command", choices=["status", "on", "cycle", "off", "reset", "set-boot-order"])
    parser.add_argument("driver")
    parser.parse_known_args()
    print("unknown")
