"""api/version.py, api/maas.py, views/rpc.py, metadataserver/api.py: what belongs to the installation as a whole."""

import json

from maasdoubles import db, version
from maasdoubles.region import nodes, settings
from maasdoubles.region.api import router
from maasdoubles.region.api.router import Text, route

CAPABILITIES = [
    "networks-management",
    "static-ipaddresses",
    "ipv6-deployment-ubuntu",
    "devices-management",
    "storage-deployment-ubuntu",
    "network-deployment-ubuntu",
    "bridging-interface-ubuntu",
    "bridging-automatic-ubuntu",
    "authenticate-api",
]


@route("version/", access=None)
def read_version(request):
    return {"capabilities": CAPABILITIES, "version": version.running_version(), "subversion": ""}


@route("rpc/?", access=None, base="/MAAS/")
def rpc_info(request):
    """Where event loops listen. An address that two regions advertise is nobody's."""
    found = db.rows(
        "SELECT node.hostname, process.pid, process.region_id, host(endpoint.address) AS address, endpoint.port"
        " FROM maasserver_regioncontrollerprocessendpoint endpoint JOIN maasserver_regioncontrollerprocess process"
        " ON process.id = endpoint.process_id JOIN maasserver_node node ON node.id = process.region_id ORDER BY endpoint.id"
    )
    owners = {}
    for endpoint in found:
        owners.setdefault(endpoint["address"], set()).add(endpoint["region_id"])
    eventloops = {}
    for endpoint in found:
        if len(owners[endpoint["address"]]) == 1:
            name = f"{endpoint['hostname']}:pid={endpoint['pid']}"
            eventloops.setdefault(name, []).append([endpoint["address"], endpoint["port"]])
    return {"eventloops": eventloops}


@route("metrics", access=None, base="/MAAS/")
def metrics(request):
    if not settings.get("prometheus_enabled"):
        raise router.NotFound("")
    return Text("# TYPE maas_nodes gauge\nmaas_nodes 0\n")


def _known(name):
    if name not in settings.DEFAULTS:
        valid = ", ".join(sorted(settings.DEFAULTS))
        raise router.BadRequest({name: [f"{name} is not a valid config setting (valid settings are: {valid})."]})


@route("maas/", op="get_config")
def get_config(request):
    name = request.mandatory("name")
    _known(name)
    return settings.get(name)


@route("maas/", "POST", op="set_config", access="admin")
def set_config(request):
    name, value = request.mandatory("name"), request.mandatory("value")
    _known(name)
    try:
        settings.put(name, settings.convert(name, value))
    except ValueError as error:
        raise router.BadRequest({name: [str(error)]}) from error
    return Text("OK")


@route("metadata/2012-03-01/", "POST", op="signal", base="/MAAS/")
def signal(request):
    """A controller's refresh (metadataserver/api.py signal): interfaces come from machine-resources' answer, unfiltered."""
    if request.parameter("name") == "20-maas-03-machine-resources":
        node = router.get_or_404(nodes.by_id(request.mandatory("system_id"), (2, 3, 4)), "Node")
        report = json.loads(request.mandatory("output"))
        nodes.update_interfaces(node, report["networks"])
        resources = report["resources"]
        db.execute(
            "UPDATE maasserver_node SET cpu_count = %s, memory = %s WHERE id = %s",
            resources["cpu"]["total"],
            resources["memory"]["total"] >> 20,
            node["id"],
        )
        nodes.set_hardware_uuid(node["id"], resources["system"].get("uuid", ""))
    return Text("OK")
