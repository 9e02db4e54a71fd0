"""api/fabrics.py, api/vlans.py, api/subnets.py, api/ip_ranges.py: enough to turn DHCP on for a rack."""

import ipaddress

from maasdoubles import db
from maasdoubles.region import nodes, workflows
from maasdoubles.region.api import router
from maasdoubles.region.api.router import route

URI = "/MAAS/api/2.0"
VLANS = (
    "SELECT vlan.*, fabric.name AS fabric_name, first.system_id AS primary_rack, second.system_id AS secondary_rack"
    " FROM maasserver_vlan vlan JOIN maasserver_fabric fabric ON fabric.id = vlan.fabric_id"
    " LEFT JOIN maasserver_node first ON first.id = vlan.primary_rack_id"
    " LEFT JOIN maasserver_node second ON second.id = vlan.secondary_rack_id"
)


def vlan_to_dict(vlan):
    return {
        "id": vlan["id"],
        "name": vlan["name"] or (f"{vlan['vid']}" if vlan["vid"] else "untagged"),
        "vid": vlan["vid"],
        "mtu": vlan["mtu"],
        "fabric": vlan["fabric_name"],
        "fabric_id": vlan["fabric_id"],
        "dhcp_on": vlan["dhcp_on"],
        "primary_rack": vlan["primary_rack"],
        "secondary_rack": vlan["secondary_rack"],
        "relay_vlan": None,
        "external_dhcp": None,
        "space": "undefined",
        "resource_uri": f"{URI}/vlans/{vlan['id']}/",
    }


def fabric_to_dict(fabric):
    found = db.rows(f"{VLANS} WHERE fabric.id = %s ORDER BY vid", fabric["id"])
    return {
        "id": fabric["id"],
        "name": fabric["name"],
        "class_type": fabric["class_type"],
        "vlans": [vlan_to_dict(vlan) for vlan in found],
        "resource_uri": f"{URI}/fabrics/{fabric['id']}/",
    }


def subnet_to_dict(subnet):
    vlan = db.row(f"{VLANS} WHERE vlan.id = %s", subnet["vlan_id"])
    return {
        "id": subnet["id"],
        "name": subnet["name"],
        "cidr": str(subnet["cidr"]),
        "gateway_ip": subnet["gateway_ip"],
        "dns_servers": subnet["dns_servers"] or [],
        "vlan": vlan_to_dict(vlan),
        "managed": subnet["managed"],
        "allow_dns": subnet["allow_dns"],
        "allow_proxy": subnet["allow_proxy"],
        "rdns_mode": subnet["rdns_mode"],
        "active_discovery": subnet["active_discovery"],
        "space": "undefined",
        "resource_uri": f"{URI}/subnets/{subnet['id']}/",
    }


def iprange_to_dict(iprange):
    subnet = db.row("SELECT * FROM maasserver_subnet WHERE id = %s", iprange["subnet_id"])
    return {
        "id": iprange["id"],
        "type": iprange["type"],
        "start_ip": iprange["start_ip"],
        "end_ip": iprange["end_ip"],
        "comment": iprange["comment"] or "",
        "subnet": subnet_to_dict(subnet),
        "resource_uri": f"{URI}/ipranges/{iprange['id']}/",
    }


def interfaces_of(node_id):
    found = db.rows(
        "SELECT interface.* FROM maasserver_interface interface JOIN maasserver_nodeconfig config"
        " ON config.id = interface.node_config_id WHERE config.node_id = %s ORDER BY interface.name",
        node_id,
    )
    return [
        {
            "id": interface["id"],
            "name": interface["name"],
            "type": interface["type"],
            "mac_address": interface["mac_address"],
            "enabled": interface["enabled"],
            "vlan": vlan_to_dict(db.row(f"{VLANS} WHERE vlan.id = %s", interface["vlan_id"])) if interface["vlan_id"] else None,
            "links": [
                {"id": link["id"], "mode": "static", "ip_address": link["ip"]}
                for link in db.rows(
                    "SELECT address.id, host(address.ip) AS ip FROM maasserver_staticipaddress address JOIN"
                    " maasserver_interface_ip_addresses link ON link.staticipaddress_id = address.id"
                    " WHERE link.interface_id = %s ORDER BY 2",
                    interface["id"],
                )
            ],
        }
        for interface in found
    ]


@route("fabrics/")
def fabrics(request):
    return [fabric_to_dict(fabric) for fabric in db.rows("SELECT * FROM maasserver_fabric ORDER BY id")]


@route("fabrics/", "POST", access="admin")
def create_fabric(request):
    fabric = nodes.create_fabric(request.parameter("name"))
    return fabric_to_dict(db.row("SELECT * FROM maasserver_fabric WHERE id = %s", fabric))


@route(r"fabrics/(\d+)/vlans/")
def vlans(request, fabric):
    return [vlan_to_dict(vlan) for vlan in db.rows(f"{VLANS} WHERE fabric.id = %s ORDER BY vid", fabric)]


@route(r"fabrics/(\d+)/vlans/", "POST", access="admin")
def create_vlan(request, fabric):
    vlan = nodes.create_vlan(int(fabric), int(request.mandatory("vid")), request.parameter("name"))
    return vlan_to_dict(db.row(f"{VLANS} WHERE vlan.id = %s", vlan))


def _vlan(vlan_id=None, fabric=None, vid=None):
    if vlan_id:
        found = db.row(f"{VLANS} WHERE vlan.id = %s", vlan_id)
    else:
        found = db.row(f"{VLANS} WHERE fabric.id = %s AND vlan.vid = %s", fabric, vid)
    return router.get_or_404(found, "VLAN")


def _rack(system_id):
    found = nodes.by_id(system_id, nodes.RACKS)
    if found is None:
        raise router.BadRequest({"primary_rack": [f"No RackController with id {system_id}"]})
    return found["id"]


def _update_vlan(request, vlan):
    changes = {}
    for name in ("primary_rack", "secondary_rack"):
        if (given := request.parameter(name)) is not None:
            changes[f"{name}_id"] = _rack(given) if given else None
    for name in ("name", "mtu"):
        if (given := request.parameter(name)) is not None:
            changes[name] = given
    if (given := request.parameter("dhcp_on")) is not None:
        changes["dhcp_on"] = given.lower() in ("true", "1", "on", "yes")
    if changes.get("dhcp_on"):
        if not (changes.get("primary_rack_id") or vlan["primary_rack_id"]):
            raise router.BadRequest({"dhcp_on": ["dhcp can only be turned on when a primary rack controller is set."]})
        dynamic = db.value(
            "SELECT 1 FROM maasserver_iprange iprange JOIN maasserver_subnet subnet ON subnet.id = iprange.subnet_id"
            " WHERE subnet.vlan_id = %s AND iprange.type = 'dynamic' LIMIT 1",
            vlan["id"],
        )
        if not dynamic:
            raise router.BadRequest({"dhcp_on": ["dhcp can only be turned on when a dynamic IP range is defined."]})
    for name, value in changes.items():
        db.execute(f"UPDATE maasserver_vlan SET {name} = %s, updated = now() WHERE id = %s", value, vlan["id"])
    request.after_commit = [lambda: workflows.configure_dhcp([vlan["id"]])]
    return vlan_to_dict(_vlan(vlan["id"]))


@route(r"fabrics/(\d+)/vlans/(\d+)/")
def vlan_of_fabric(request, fabric, vid):
    return vlan_to_dict(_vlan(fabric=fabric, vid=vid))


@route(r"fabrics/(\d+)/vlans/(\d+)/", "PUT", access="admin")
def update_vlan_of_fabric(request, fabric, vid):
    return _update_vlan(request, _vlan(fabric=fabric, vid=vid))


@route(r"vlans/(\d+)/")
def vlan_by_id(request, vlan_id):
    return vlan_to_dict(_vlan(vlan_id))


@route(r"vlans/(\d+)/", "PUT", access="admin")
def update_vlan(request, vlan_id):
    return _update_vlan(request, _vlan(vlan_id))


@route("subnets/")
def subnets(request):
    return [subnet_to_dict(subnet) for subnet in db.rows("SELECT * FROM maasserver_subnet ORDER BY id")]


@route("subnets/", "POST", access="admin")
def create_subnet(request):
    cidr = str(ipaddress.ip_network(request.mandatory("cidr"), strict=False))
    if db.value("SELECT 1 FROM maasserver_subnet WHERE cidr = %s", cidr):
        raise router.BadRequest({"cidr": ["Subnet with this Cidr already exists."]})
    vlan = request.parameter("vlan") or db.value("SELECT min(id) FROM maasserver_vlan")
    subnet = nodes.create_subnet(cidr, int(vlan), request.parameter("gateway_ip"), request.parameter("name"))
    return subnet_to_dict(db.row("SELECT * FROM maasserver_subnet WHERE id = %s", subnet))


@route(r"subnets/([^/]+(?:/\d+)?)/")
def subnet(request, specifier):
    return subnet_to_dict(_subnet(specifier))


@route(r"subnets/([^/]+(?:/\d+)?)/", "PUT", access="admin")
def update_subnet(request, specifier):
    found = _subnet(specifier)
    for name in ("name", "gateway_ip", "managed", "allow_dns", "allow_proxy"):
        if (given := request.parameter(name)) is not None:
            db.execute(f"UPDATE maasserver_subnet SET {name} = %s, updated = now() WHERE id = %s", given or None, found["id"])
    if given := request.parameter("vlan"):
        db.execute("UPDATE maasserver_subnet SET vlan_id = %s WHERE id = %s", int(given), found["id"])
    return subnet_to_dict(_subnet(found["id"]))


def _subnet(specifier):
    column = "id" if str(specifier).isdigit() else "text(cidr)"
    found = db.row(f"SELECT * FROM maasserver_subnet WHERE {column} = %s", str(specifier) if column != "id" else int(specifier))
    return router.get_or_404(found, "Subnet")


@route("ipranges/")
def ipranges(request):
    return [iprange_to_dict(one) for one in db.rows("SELECT * FROM maasserver_iprange ORDER BY id")]


@route("ipranges/", "POST", access="admin")
def create_iprange(request):
    start, end = (ipaddress.ip_address(request.mandatory(name)) for name in ("start_ip", "end_ip"))
    candidates = db.rows("SELECT * FROM maasserver_subnet WHERE cidr >> %s::inet AND cidr >> %s::inet", str(start), str(end))
    if not candidates:
        raise router.BadRequest({"subnet": ["The specified range does not belong to a subnet."]})
    found = db.value(
        "INSERT INTO maasserver_iprange (subnet_id, type, start_ip, end_ip, user_id, comment, created, updated)"
        " VALUES (%s, %s, %s, %s, %s, %s, now(), now()) RETURNING id",
        candidates[0]["id"],
        request.mandatory("type"),
        str(start),
        str(end),
        request.user["id"],
        request.parameter("comment"),
    )
    request.after_commit = [lambda: workflows.configure_dhcp([candidates[0]["vlan_id"]])]
    return iprange_to_dict(db.row("SELECT * FROM maasserver_iprange WHERE id = %s", found))


@route(r"ipranges/(\d+)/", "DELETE", access="admin")
def delete_iprange(request, iprange):
    router.get_or_404(db.execute("DELETE FROM maasserver_iprange WHERE id = %s", iprange) or None, "IPRange")
