"""Controllers, their interfaces and services in the database.

maasserver/models/node.py, models/service.py, rpc/rackcontrollers.py, metadataserver/builtin_scripts/{network,hooks}.py.
"""

import ipaddress
import re
import secrets
from urllib.parse import urlparse

from maasdoubles import db

RACK, REGION, REGION_AND_RACK = 2, 3, 4
TYPE_NAMES = {0: "Machine", 1: "Device", 2: "Rack controller", 3: "Region controller", 4: "Region and rack controller"}
REGIONS, RACKS = (REGION, REGION_AND_RACK), (RACK, REGION_AND_RACK)
DEPLOYED = 6
ID_CHARACTERS = "34678abcdefghkmnpqrstwxy"

REGION_SERVICES = "bind9 ntp_region proxy regiond reverse_proxy syslog_region temporal temporal-worker".split()
RACK_SERVICES = "rackd tftp http dhcpd dhcpd6 ntp_rack proxy_rack syslog_rack agent".split()


def find(hostname, macs, system_id=None):
    """By id, host name or any MAC address: whichever node comes first."""
    return db.row(
        "SELECT DISTINCT node.* FROM maasserver_node node LEFT JOIN maasserver_interface interface"
        " ON interface.node_config_id = node.current_config_id WHERE node.system_id = %s OR node.hostname = %s"
        " OR interface.mac_address = ANY(%s) ORDER BY node.id LIMIT 1",
        system_id,
        hostname,
        macs,
    )


def by_id(system_id, types):
    return db.row("SELECT * FROM maasserver_node WHERE system_id = %s AND node_type = ANY(%s)", system_id, list(types))


def create(hostname, node_type, url=""):
    hostname, _, domain = hostname.partition(".")
    domain_id = 0
    if domain:
        db.execute(
            "INSERT INTO maasserver_domain (created, updated, name, authoritative) VALUES (now(), now(), %s, false)"
            " ON CONFLICT (name) DO NOTHING",
            domain,
        )
        domain_id = db.value("SELECT id FROM maasserver_domain WHERE name = %s", domain)
    node_id = db.value(
        "INSERT INTO maasserver_node (created, updated, system_id, hostname, description, status, node_type, osystem,"
        " distro_series, architecture, cpu_count, cpu_speed, memory, power_state, url, zone_id, domain_id, dynamic)"
        " VALUES (now(), now(), %s, %s, '', %s, %s, 'ubuntu', 'noble', 'amd64/generic', 0, 0, 0, 'unknown', %s, 1, %s, true)"
        " RETURNING id",
        "".join(secrets.choice(ID_CHARACTERS) for _ in range(6)),
        hostname,
        DEPLOYED,
        node_type,
        url,
        domain_id,
    )
    config = db.value(
        "INSERT INTO maasserver_nodeconfig (created, updated, name, node_id) VALUES (now(), now(), 'discovered', %s)"
        " RETURNING id",
        node_id,
    )
    db.execute("UPDATE maasserver_node SET current_config_id = %s WHERE id = %s", config, node_id)
    ensure_services(node_id, node_type)
    return db.row("SELECT * FROM maasserver_node WHERE id = %s", node_id)


def become(node, wanted):
    """Make `node` a region or rack, beside what it is already."""
    if node["node_type"] == wanted or node["node_type"] == REGION_AND_RACK:
        node_type = node["node_type"]
    else:
        node_type = REGION_AND_RACK if {node["node_type"], wanted} == {REGION, RACK} else wanted
        db.execute("UPDATE maasserver_node SET node_type = %s, updated = now() WHERE id = %s", node_type, node["id"])
    ensure_services(node["id"], node_type)
    return {**node, "node_type": node_type}


def ensure_services(node_id, node_type):
    wanted = set()
    if node_type in REGIONS:
        wanted |= set(REGION_SERVICES)
    if node_type in RACKS:
        wanted |= set(RACK_SERVICES)
    db.execute("DELETE FROM maasserver_service WHERE node_id = %s AND name <> ALL(%s)", node_id, list(wanted))
    for name in sorted(wanted):
        db.execute(
            "INSERT INTO maasserver_service (name, created, updated, status, status_info, node_id)"
            " VALUES (%s, now(), now(), 'unknown', '', %s) ON CONFLICT (node_id, name) DO NOTHING",
            name,
            node_id,
        )


def update_service(system_id, name, status, info=""):
    db.execute(
        "UPDATE maasserver_service service SET status = %s, status_info = %s, updated = now() FROM maasserver_node node"
        " WHERE node.id = service.node_id AND node.system_id = %s AND service.name = %s"
        " AND (service.status, service.status_info) <> (%s, %s)",
        status,
        info,
        system_id,
        name,
        status,
        info,
    )


def update_rackd_status(rack_id):
    """How many of all event loops the rack is connected to."""
    counts = db.row(
        "SELECT (SELECT count(*) FROM maasserver_regioncontrollerprocess) AS processes, count(DISTINCT endpoint.process_id)"
        " AS connected FROM maasserver_regionrackrpcconnection connection JOIN maasserver_regioncontrollerprocessendpoint"
        " endpoint ON endpoint.id = connection.endpoint_id WHERE connection.rack_controller_id = %s",
        rack_id,
    )
    if not counts["connected"]:
        status, info = "dead", ""
    elif counts["connected"] >= counts["processes"]:
        status, info = "running", ""
    else:
        share = counts["connected"] / counts["processes"]
        status, info = "degraded", f"{share:.0%} connected to region controllers."
    system_id = db.value("SELECT system_id FROM maasserver_node WHERE id = %s", rack_id)
    update_service(system_id, "rackd", status, info)
    if status == "dead":
        for name in ("tftp", "dhcpd", "dhcpd6", "ntp_rack"):
            update_service(system_id, name, "dead")
        for name in ("http", "proxy_rack", "syslog_rack", "agent"):
            update_service(system_id, name, "unknown")


def set_version(node_id, info):
    """`info` is None without dpkg's entry, and then this fails as MAAS does (maas-run.md 6.6)."""
    install_type = info.install_type
    db.execute(
        "INSERT INTO maasserver_controllerinfo (created, updated, node_id, version, install_type, vault_configured)"
        " VALUES (now(), now(), %s, %s, %s, false) ON CONFLICT (node_id) DO UPDATE SET install_type = excluded.install_type,"
        " version = excluded.version, updated = now()",
        node_id,
        info.version,
        install_type,
    )


def register_rack(system_id, hostname, interfaces, url, version):
    macs = [interface["mac_address"] for interface in interfaces.values()]
    node = find(hostname.partition(".")[0], macs, system_id or None)
    if node is None:
        node = create(hostname, RACK, url or "")
    else:
        node = become(node, RACK)
    db.execute(
        "UPDATE maasserver_node SET url = %s, updated = now() WHERE id = %s",
        "" if url and urlparse(url).hostname in ("localhost", "127.0.0.1") else url or "",
        node["id"],
    )
    if version:
        db.execute(
            "INSERT INTO maasserver_controllerinfo (created, updated, node_id, version, install_type, vault_configured)"
            " VALUES (now(), now(), %s, %s, '', false) ON CONFLICT (node_id) DO UPDATE SET version = excluded.version",
            node["id"],
            version,
        )
    return node


def set_hardware_uuid(node_id, uuid):
    """What is no UUID counts as none; one that somebody else has is taken from both (builtin_scripts/hooks.py)."""
    if not re.fullmatch(r"[\da-f]{8}-?([\da-f]{4}-?){3}[\da-f]{12}", uuid, re.I):
        uuid = None
    elif db.value("SELECT 1 FROM maasserver_node WHERE hardware_uuid = %s AND id <> %s LIMIT 1", uuid, node_id):
        db.execute("UPDATE maasserver_node SET hardware_uuid = NULL WHERE hardware_uuid = %s", uuid)
        uuid = None
    db.execute("UPDATE maasserver_node SET hardware_uuid = %s WHERE id = %s", uuid, node_id)


def _vlan_of_new_interface():
    """The untagged VLAN of a fabric nobody is on yet, as MAAS does for an unknown network."""
    fabric = db.value(
        "SELECT fabric.id FROM maasserver_fabric fabric WHERE NOT EXISTS (SELECT 1 FROM maasserver_vlan vlan JOIN"
        " maasserver_interface interface ON interface.vlan_id = vlan.id WHERE vlan.fabric_id = fabric.id) ORDER BY 1 LIMIT 1"
    )
    if fabric is None:
        fabric = create_fabric()
    return db.value("SELECT id FROM maasserver_vlan WHERE fabric_id = %s ORDER BY vid LIMIT 1", fabric)


def create_fabric(name=None):
    fabric = db.value(
        "INSERT INTO maasserver_fabric (created, updated, name, description) VALUES (now(), now(), %s, '') RETURNING id", name
    )
    if name is None:
        db.execute("UPDATE maasserver_fabric SET name = 'fabric-' || id - 1 WHERE id = %s", fabric)
    create_vlan(fabric, 0, "Default VLAN")
    return fabric


def create_vlan(fabric, vid, name=None):
    return db.value(
        "INSERT INTO maasserver_vlan (created, updated, name, vid, mtu, fabric_id, dhcp_on, description)"
        " VALUES (now(), now(), %s, %s, 1500, %s, false, '') RETURNING id",
        name,
        vid,
        fabric,
    )


def create_subnet(cidr, vlan, gateway=None, name=None):
    return db.value(
        "INSERT INTO maasserver_subnet (created, updated, name, cidr, gateway_ip, dns_servers, vlan_id, rdns_mode,"
        " allow_proxy, description, active_discovery, managed, allow_dns, disabled_boot_architectures)"
        " VALUES (now(), now(), %s, %s, %s, '{}', %s, 2, true, '', false, true, true, '{}') RETURNING id",
        name or cidr,
        cidr,
        gateway,
        vlan,
    )


def update_interfaces(node, networks):
    """Model every broadcast interface of machine-resources' answer; a MAC known elsewhere moves to this node."""
    kept = []
    for name, details in networks.items():
        if details["type"] != "broadcast" or not details["hwaddr"]:
            continue
        addresses = [
            ipaddress.ip_interface(f"{address['address']}/{address['netmask']}")
            for address in details["addresses"]
            if address["scope"] == "global"
        ]
        kept.append(_update_interface(node, name, details, addresses))
    db.execute(
        "DELETE FROM maasserver_interface WHERE node_config_id = %s AND id <> ALL(%s)", node["current_config_id"], kept
    )


def _update_interface(node, name, details, addresses):
    subnets = {}
    for address in addresses:
        cidr = str(address.network)
        found = db.row("SELECT id, vlan_id FROM maasserver_subnet WHERE cidr = %s", cidr)
        subnets[address] = found
    known = db.row("SELECT id, vlan_id FROM maasserver_interface WHERE mac_address = %s", details["hwaddr"])
    vlan = next((found["vlan_id"] for found in subnets.values() if found), None)
    vlan = vlan or (known and known["vlan_id"]) or _vlan_of_new_interface()
    if known:
        interface = known["id"]
        db.execute(
            "UPDATE maasserver_interface SET name = %s, vlan_id = %s, node_config_id = %s, enabled = %s, updated = now()"
            " WHERE id = %s",
            name,
            vlan,
            node["current_config_id"],
            details["state"] == "up",
            interface,
        )
    else:
        kind = "bridge" if details["bridge"] else "bond" if details["bond"] else "vlan" if details["vlan"] else "physical"
        interface = db.value(
            "INSERT INTO maasserver_interface (created, updated, name, type, mac_address, params, enabled, vlan_id,"
            " node_config_id) VALUES (now(), now(), %s, %s, %s, '{}', %s, %s, %s) RETURNING id",
            name,
            kind,
            details["hwaddr"],
            details["state"] == "up",
            vlan,
            node["current_config_id"],
        )
    db.execute("DELETE FROM maasserver_interface_ip_addresses WHERE interface_id = %s", interface)
    for address, found in subnets.items():
        subnet = found["id"] if found else create_subnet(str(address.network), vlan)
        static = db.value(
            "INSERT INTO maasserver_staticipaddress (created, updated, ip, alloc_type, subnet_id, lease_time)"
            " VALUES (now(), now(), %s, 1, %s, 0) ON CONFLICT (ip) DO UPDATE SET subnet_id = excluded.subnet_id RETURNING id",
            str(address.ip),
            subnet,
        )
        db.execute(
            "INSERT INTO maasserver_interface_ip_addresses (interface_id, staticipaddress_id) VALUES (%s, %s)",
            interface,
            static,
        )
    return interface


def addresses_of(node_id):
    return [
        found["ip"]
        for found in db.rows(
            "SELECT host(address.ip) AS ip FROM maasserver_staticipaddress address JOIN maasserver_interface_ip_addresses link"
            " ON link.staticipaddress_id = address.id JOIN maasserver_interface interface ON interface.id = link.interface_id"
            " JOIN maasserver_nodeconfig config ON config.id = interface.node_config_id WHERE config.node_id = %s ORDER BY 1",
            node_id,
        )
    ]
