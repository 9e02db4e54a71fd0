"""api/rackcontrollers.py, api/regioncontrollers.py"""

from maasdoubles import db
from maasdoubles.region import nodes
from maasdoubles.region.api import networks, router
from maasdoubles.region.api.router import route

SHUTOFF = []  # the worker puts its RPC service's function here


def to_dict(node, kind):
    info = db.row("SELECT version FROM maasserver_controllerinfo WHERE node_id = %s", node["id"])
    domain = db.row("SELECT id, name, authoritative, ttl FROM maasserver_domain WHERE id = %s", node["domain_id"])
    found = {
        "system_id": node["system_id"],
        "hostname": node["hostname"],
        "description": node["description"],
        "hardware_uuid": node["hardware_uuid"],
        "domain": domain,
        "fqdn": f"{node['hostname']}.{domain['name']}",
        "architecture": node["architecture"],
        "cpu_count": node["cpu_count"],
        "cpu_speed": node["cpu_speed"],
        "memory": node["memory"],
        "swap_size": node["swap_size"],
        "osystem": node["osystem"],
        "distro_series": node["distro_series"],
        "power_type": "",
        "power_state": node["power_state"],
        "ip_addresses": nodes.addresses_of(node["id"]),
        "interface_set": networks.interfaces_of(node["id"]),
        "zone": {"id": 1, "name": "default", "description": "", "resource_uri": "/MAAS/api/2.0/zones/default/"},
        "status_action": "",
        "node_type": node["node_type"],
        "node_type_name": nodes.TYPE_NAMES[node["node_type"]],
        "version": info["version"] if info else "",
        "commissioning_status": 2,
        "commissioning_status_name": "Passed",
        "testing_status": -1,
        "testing_status_name": "Unknown",
        "hardware_info": {},
        "tag_names": [],
        "resource_uri": f"/MAAS/api/2.0/{kind}controllers/{node['system_id']}/",
    }
    if kind == "rack":
        found["service_set"] = db.rows(
            "SELECT name, status, status_info FROM maasserver_service WHERE node_id = %s ORDER BY id", node["id"]
        )
    return found


def _list(types, kind):
    found = db.rows("SELECT * FROM maasserver_node WHERE node_type = ANY(%s) ORDER BY id", list(types))
    return [to_dict(node, kind) for node in found]


@route("rackcontrollers/")
def racks(request):
    return _list(nodes.RACKS, "rack")


@route("regioncontrollers/")
def regions(request):
    return _list(nodes.REGIONS, "region")


@route(r"rackcontrollers/(\w+)/")
def rack(request, system_id):
    return to_dict(router.get_or_404(nodes.by_id(system_id, nodes.RACKS), "RackController"), "rack")


@route(r"regioncontrollers/(\w+)/")
def region(request, system_id):
    return to_dict(router.get_or_404(nodes.by_id(system_id, nodes.REGIONS), "RegionController"), "region")


@route(r"rackcontrollers/(\w+)/", "DELETE", access="admin")
def delete_rack(request, system_id):
    node = router.get_or_404(nodes.by_id(system_id, nodes.RACKS), "RackController")
    primary = db.rows(
        "SELECT vlan.id, coalesce(fabric.name, '') || '.' || CASE vlan.vid WHEN 0 THEN 'untagged' ELSE vlan.vid::text END AS name"
        " FROM maasserver_vlan vlan JOIN maasserver_fabric fabric ON fabric.id = vlan.fabric_id WHERE dhcp_on"
        " AND primary_rack_id = %s AND secondary_rack_id IS NULL",
        node["id"],
    )
    force = request.parameter("force", "false").lower() in ("true", "1", "yes", "on")
    if primary and not force:
        names = ", ".join(vlan["name"] for vlan in primary)
        raise router.BadRequest(
            f"Unable to delete '{node['hostname']}'; it is currently set as a primary rack controller on VLANs {names}"
            " and no other rack controller can provide DHCP."
        )
    for vlan in primary:
        db.execute("UPDATE maasserver_vlan SET dhcp_on = false, primary_rack_id = NULL WHERE id = %s", vlan["id"])
    if node["node_type"] == nodes.REGION_AND_RACK:
        db.execute("UPDATE maasserver_node SET node_type = %s WHERE id = %s", nodes.REGION, node["id"])
        nodes.ensure_services(node["id"], nodes.REGION)
    else:
        db.execute("DELETE FROM maasserver_node WHERE id = %s", node["id"])
    request.after_commit = [lambda: shutoff(system_id) for shutoff in SHUTOFF]


@route(r"regioncontrollers/(\w+)/", "DELETE", access="admin")
def delete_region(request, system_id):
    node = router.get_or_404(nodes.by_id(system_id, nodes.REGIONS), "RegionController")
    if node["node_type"] == nodes.REGION_AND_RACK:
        db.execute("UPDATE maasserver_node SET node_type = %s WHERE id = %s", nodes.RACK, node["id"])
        nodes.ensure_services(node["id"], nodes.RACK)
    else:
        db.execute("DELETE FROM maasserver_node WHERE id = %s", node["id"])
