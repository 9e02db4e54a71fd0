"""What MAAS knows of this host's network (provisioningserver/utils/ipaddr.py, network.py, ps.py, lxd.py)."""

import functools
import ipaddress
import json
import os
import re
import socket
import subprocess

from maasdoubles import paths


@functools.lru_cache(maxsize=1)
def running_in_container():
    """By `systemd-detect-virt -c`. A missing program is not caught, as in MAAS."""
    try:
        subprocess.run(["systemd-detect-virt", "-c"], check=True, capture_output=True)
    except subprocess.CalledProcessError:
        return False
    return True


def _type(name, details):
    if details["bridge"]:
        return "bridge"
    if details["bond"]:
        return "bond"
    if details.get("vlan"):
        return "vlan"
    if details["type"] == "loopback":
        return "loopback"
    base = f"/sys/class/net/{name}"
    if not os.path.isdir(base):
        return "missing"
    kind = int(open(f"{base}/type").read())
    if kind == 768:
        return "ipip"
    if kind != 1:
        return f"unknown-{kind}"
    if os.path.exists(f"{base}/tun_flags"):
        return "tunnel"
    if os.path.islink(f"{base}/device"):
        return "wireless" if os.path.isdir(f"{base}/device/ieee80211") else "physical"
    return "ethernet"  # veth, dummy, macvlan, ...


def parse_networks(networks):
    """The "networks" part of machine-resources' answer, per interface."""
    found = {}
    for name, details in networks.items():
        found[name] = {
            "type": _type(name, details),
            "mac": details["hwaddr"],
            "enabled": details["state"] == "up",
            "addresses": [
                f"{address['address']}/{address['netmask']}"
                for address in details["addresses"]
                if address["scope"] != "link"
            ],
            "parents": [],
        }
        if details["bridge"]:
            found[name]["parents"] = details["bridge"]["upper_devices"] or []
        elif details["bond"]:
            found[name]["parents"] = details["bond"]["lower_devices"] or []
        elif details.get("vlan"):
            found[name]["vid"] = details["vlan"]["vid"]
            found[name]["parents"] = [details["vlan"]["lower_device"]]
    return found


def ip_addr():
    output = subprocess.run(["sudo", paths.machine_resources()], check=True, capture_output=True).stdout
    return parse_networks(json.loads(output)["networks"])


def mac_addresses():
    return sorted({details["mac"] for details in ip_addr().values() if details["mac"] and len(details["mac"]) == 17})


def definition():
    """Interfaces MAAS works with. Outside a container nothing veth-like counts."""
    ignored = {"loopback", "ipip", "tunnel"}
    if not running_in_container():
        ignored.add("ethernet")
    taken = {
        name: details
        for name, details in ip_addr().items()
        if details["mac"] and details["type"] not in ignored and not details["type"].startswith("unknown-")
    }
    return {
        name: {
            "type": details["type"] if details["type"] in ("vlan", "bridge", "bond") else "physical",
            "mac_address": details["mac"],
            "links": [{"mode": "static", "address": address} for address in details["addresses"]],
            "enabled": details["enabled"],
            "parents": [parent for parent in details["parents"] if parent in taken],
            "source": "machine-resources",
            "monitored": details["type"] != "bridge" or not details["parents"],
            **({"vid": details["vid"]} if "vid" in details else {}),
        }
        for name, details in taken.items()
    }


def _source_address(network):
    """The address this host would use towards `network`, or None."""
    if network.is_link_local:
        return None
    target = network[0] if network.num_addresses == 1 else network[1]
    family = socket.AF_INET if network.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect((str(target), 7))
            return sock.getsockname()[0]
        except OSError:
            return None


def source_addresses():
    """One address per subnet; loopback when there is none (maasserver/ipc.py _getListenAddresses)."""
    networks = {
        ipaddress.ip_interface(link["address"]).network for interface in definition().values() for link in interface["links"]
    }
    found = {address for address in map(_source_address, networks) if address}
    return sorted(found) or ["127.0.0.1", "::1"]


def all_addresses():
    """Every address but link-local ones, loopback too: where TFTP listens."""
    return sorted(
        str(ip)
        for details in ip_addr().values()
        for ip in (ipaddress.ip_interface(address).ip for address in details["addresses"])
        if not ip.is_link_local
    )


def broadcast_address(maas_url):
    """The source address towards maas_url's host (regiondservices/temporal.py)."""
    host = re.match(r"\w+://\[?([^\]/]+?)\]?(?::\d+)?(?:/|$)", maas_url).group(1)
    address = socket.gethostbyname(host)
    output = subprocess.getoutput(f"ip route get {address}")
    return output.split("src ")[1].split()[0]
