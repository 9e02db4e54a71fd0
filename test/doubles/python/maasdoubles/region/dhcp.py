"""dhcpd's configuration for a rack, rendered by the region (maasserver/dhcp.py, dhcpd/config.py).

The paths in it are the region's: region and rack must have the same layout.
"""

import base64
import ipaddress
import secrets as random

from maasdoubles import db, paths, secrets
from maasdoubles.templates import render

HELPER = "/usr/sbin/maas-dhcp-helper"


def _omapi_key():
    stored = secrets.get("omapi-key")
    if stored is None:
        stored = {"secret": base64.b64encode(random.token_bytes(64)).decode()}
        secrets.put("omapi-key", stored)
    return stored["secret"]


def _networks(system_id):
    """VLANs with DHCP on for which the rack is primary or secondary, and the interface it has there."""
    return db.rows(
        "SELECT vlan.id, min(interface.name) AS interface FROM maasserver_vlan vlan JOIN maasserver_node node"
        " ON node.id IN (vlan.primary_rack_id, vlan.secondary_rack_id) JOIN maasserver_interface interface"
        " ON interface.vlan_id = vlan.id AND interface.node_config_id = node.current_config_id"
        " WHERE vlan.dhcp_on AND node.system_id = %s GROUP BY vlan.id ORDER BY vlan.id",
        system_id,
    )


def _subnets(vlan_id, system_id):
    found = []
    for subnet in db.rows("SELECT id, text(cidr) AS cidr, host(gateway_ip) AS gateway FROM maasserver_subnet WHERE vlan_id = %s", vlan_id):
        network = ipaddress.ip_network(subnet["cidr"])
        if network.version != 4:
            continue
        address = db.value(
            "SELECT host(address.ip) FROM maasserver_staticipaddress address JOIN maasserver_interface_ip_addresses link"
            " ON link.staticipaddress_id = address.id JOIN maasserver_interface interface ON interface.id = link.interface_id"
            " JOIN maasserver_node node ON node.current_config_id = interface.node_config_id"
            " WHERE node.system_id = %s AND address.subnet_id = %s LIMIT 1",
            system_id,
            subnet["id"],
        )
        if address is None:
            continue
        ranges = db.rows(
            "SELECT host(start_ip) AS low, host(end_ip) AS high FROM maasserver_iprange WHERE subnet_id = %s AND type = 'dynamic'",
            subnet["id"],
        )
        found.append(
            {
                "network": network.network_address,
                "netmask": network.netmask,
                "broadcast": network.broadcast_address,
                "gateway": subnet["gateway"],
                "next_server": address,
                "ranges": [(one["low"], one["high"]) for one in ranges],
            }
        )
    return found


def configuration(system_id):
    """What the agent asks for: four files in base64, empty when there is nothing to serve."""
    networks = []
    for vlan in _networks(system_id):
        subnets = _subnets(vlan["id"], system_id)
        if subnets:
            networks.append({"name": f"vlan-{vlan['id']}", "interface": vlan["interface"], "subnets": subnets})
    text = ""
    if networks:
        text = render(
            "maasserver",
            "dhcp/dhcpd.conf.template",
            shared_networks=networks,
            dhcp_helper=HELPER,
            dhcp_socket=paths.data("dhcpd.sock"),
            omapi_key=_omapi_key(),
        )
    names = " ".join(sorted({network["interface"] for network in networks}))
    return {
        "dhcpd": base64.b64encode(text.encode()).decode(),
        "dhcpd_interfaces": base64.b64encode(names.encode()).decode(),
        "dhcpd6": "",
        "dhcpd6_interfaces": "",
    }
