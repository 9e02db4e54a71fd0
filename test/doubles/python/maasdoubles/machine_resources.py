#!/usr/bin/python3
"""/usr/share/maas/machine-resources/<arch>: the host's resources as LXD reports them, unfiltered.

Shape: the MAAS binary of src/host-info (LXD's resources and network state). Standard library only, because MAAS lets
machines download and run it; here, python3 must be there for it.
"""

import json
import os
import platform
import subprocess


def _ip(*arguments):
    output = subprocess.run(["ip", "-j", "-d", *arguments], check=True, capture_output=True).stdout
    return json.loads(output or "[]")


def _members(name, kind):
    base = f"/sys/class/net/{name}"
    if kind == "bridge" and os.path.isdir(f"{base}/brif"):
        return sorted(os.listdir(f"{base}/brif"))
    if kind == "bond" and os.path.exists(f"{base}/bonding/slaves"):
        return open(f"{base}/bonding/slaves").read().split()
    return None


def _network(link):
    name, kind = link["ifname"], link.get("linkinfo", {}).get("info_kind")
    if "LOOPBACK" in link["flags"]:
        network_type = "loopback"
    elif "POINTOPOINT" in link["flags"]:
        network_type = "point-to-point"
    else:
        network_type = "broadcast"
    counters = link.get("stats64", {})
    return {
        "addresses": [
            {
                "family": address["family"],
                "address": address["local"],
                "netmask": str(address["prefixlen"]),
                "scope": {"host": "local"}.get(address["scope"], address["scope"]),
            }
            for address in link.get("addr_info", [])
            if "local" in address
        ],
        "counters": {
            "bytes_received": counters.get("rx", {}).get("bytes", 0),
            "bytes_sent": counters.get("tx", {}).get("bytes", 0),
            "packets_received": counters.get("rx", {}).get("packets", 0),
            "packets_sent": counters.get("tx", {}).get("packets", 0),
        },
        "hwaddr": "" if network_type == "loopback" else link.get("address", ""),
        "host_name": "",
        "mtu": link["mtu"],
        "state": "up" if "UP" in link["flags"] else "down",
        "type": network_type,
        "bond": {"lower_devices": _members(name, "bond")} if kind == "bond" else None,
        "bridge": {"upper_devices": _members(name, "bridge")} if kind == "bridge" else None,
        "vlan": (
            {"lower_device": link.get("link"), "vid": link["linkinfo"]["info_data"]["id"]} if kind == "vlan" else None
        ),
        "ovn": None,
    }


def _memory():
    for line in open("/proc/meminfo"):
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    return 0


def _uuid():
    """The machine's, for who may read it: every container on it has the same."""
    try:
        with open("/sys/class/dmi/id/product_uuid") as stream:
            return stream.read().strip()
    except OSError:
        return ""


def report():
    uname = platform.uname()
    processors = os.cpu_count()
    return {
        "api_extensions": ["resources", "resources_v2", "api_os", "resources_system", "resources_usb_pci"],
        "api_version": "1.0",
        "environment": {
            "kernel": uname.system,
            "kernel_architecture": uname.machine,
            "kernel_version": uname.release,
            "os_name": "ubuntu",
            "os_version": "24.04",
            "server": "maas-machine-resources",
            "server_name": uname.node,
            "server_version": "4.11",
        },
        "resources": {
            "cpu": {"architecture": uname.machine, "sockets": [], "total": processors},
            "memory": {"nodes": [], "total": _memory(), "used": 0},
            "gpu": {"cards": [], "total": 0},
            "network": {"cards": [], "total": 0},
            "storage": {"disks": [], "total": 0},
            "usb": {"devices": [], "total": 0},
            "pci": {"devices": [], "total": 0},
            "system": {"uuid": _uuid(), "vendor": "", "product": "", "type": "container"},
        },
        "networks": {link["ifname"]: _network(link) for link in _ip("address", "show")},
    }


def main():
    print(json.dumps(report(), indent=2))


if __name__ == "__main__":
    main()
