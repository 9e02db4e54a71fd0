"""/usr/sbin/maas-apiserver: two Unix sockets (maasapiserver/main.py).

Without the certificates or the database at its start it ends with an error; once running it survives both.
"""

import json
import os
import signal
import sys

from maasdoubles import certificates, db, httpd, paths, speed
from maasdoubles.log import configure, log
from maasdoubles.region import dhcp

JSON = "application/json"
OPENAPI = {
    "openapi": "3.1.0",
    "info": {"title": "MAASAPIServer", "version": "0.1.0"},
    "paths": {"/MAAS/a/openapi.json": {}, "/MAAS/a/metrics": {}},
}
CONFIG = "/MAAS/a/v3internal/agents/"


def public(method, path, headers, body):
    name = path.split("?")[0]
    if name == "/MAAS/a/openapi.json":
        return 200, JSON, json.dumps(OPENAPI)
    if name == "/MAAS/a/metrics":
        return 200, "text/plain; version=0.0.4", "# TYPE maas_apiserver_up gauge\nmaas_apiserver_up 1\n"
    if name.startswith("/MAAS/a/v3/"):
        return 401, JSON, json.dumps({"kind": "Error", "code": 401, "message": "Unauthorized", "details": None})
    return 404, JSON, json.dumps({"detail": "Not Found"})


def internal(method, path, headers, body):
    """For agents: /agents/<system id>/services/dhcp/config and the leases they report."""
    try:
        if method == "GET" and path.startswith(CONFIG) and path.endswith("/services/dhcp/config"):
            system_id = path[len(CONFIG) :].split("/")[0]
            return 200, JSON, json.dumps(dhcp.configuration(system_id))
        if method == "POST" and path == "/MAAS/a/v3internal/leases":
            return 204, JSON, ""
        return 404, JSON, json.dumps({"detail": "Not Found"})
    except db.DatabaseError as error:
        log.error("500 @ %s: %s", path, str(error).strip())
        return 500, JSON, json.dumps({"kind": "Error", "code": 500, "message": "Internal server error", "details": None})
    finally:
        db.forget()


def main():
    configure("maas-apiserver")
    log.info("maas-apiserver is starting")
    speed.spend(3)
    try:
        db.wait_for_startup()
    except db.DatabaseError as error:
        sys.exit(f"maas-apiserver: database: {str(error).strip()}")
    if certificates.paths() is None:
        sys.exit("maas-apiserver: cannot unpack non-iterable NoneType object: no cluster certificates")
    tls = certificates.server_context()
    # The service layer finds users and sessions in the database before it serves anything.
    try:
        db.value("SELECT count(*) FROM auth_user")
    except db.DatabaseError as error:
        sys.exit(f"maas-apiserver: database: {str(error).strip()}")
    httpd.UnixServer(paths.apiserver_socket(), public, mode=0o666).start()
    httpd.UnixServer(paths.internalapiserver_socket(), internal, mode=0o666, tls=tls).start()
    db.IdleConnections(2, "maas-apiserver")
    log.info("maas-apiserver started")

    def stop(*_):
        speed.spend(0.3)
        os._exit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while True:
        signal.pause()
