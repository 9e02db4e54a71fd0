"""/usr/sbin/rackd (provisioningserver/plugin.py)"""

import os
import signal
import threading

from maasdoubles import config, httpd, speed
from maasdoubles.beacons import observe_networks
from maasdoubles.env import MAAS_SHARED_SECRET
from maasdoubles.fs import atomic_write
from maasdoubles.log import configure, log
from maasdoubles.prometheus import clean_prometheus_dir
from maasdoubles.rack.clusterservice import ClusterClientService
from maasdoubles.rack.services import RackServices
from maasdoubles.rack.tftp import TFTPService

IMPORT = 1.8
SECRET_WAIT = 5 * 60
BOOT_TEMPLATE = "#!ipxe\n# MAAS chainloads from here.\nchain http://${next-server}:5248/ipxe.cfg-${mac:hexhyp} || exit 0\n"


def install_boot_method_templates(tftp_root):
    """Into a directory that must exist already."""
    atomic_write(BOOT_TEMPLATE, os.path.join(tftp_root, "ipxe.cfg"), mode=0o644)


def wait_for_secret():
    for _ in range(SECRET_WAIT):
        if secret := MAAS_SHARED_SECRET.get():
            return bytes.fromhex(secret)
        speed.spend(1)
    return None


def http(method, path, headers, body):
    """Port 5249: for its own nginx only."""
    name = path.split("?")[0]
    if name == "/metrics":
        return 200, "text/plain; version=0.0.4", "# TYPE maas_rack_up gauge\nmaas_rack_up 1\n"
    if name == "/log":
        log.info("%s requested by %s", headers.get("X-Original-URI"), headers.get("X-Original-Remote-IP"))
        return 200, "text/plain", ""
    if name.startswith("/boot"):
        root = os.path.realpath(config.cluster()["tftp_root"])
        wanted = os.path.realpath(os.path.join(root, name[len("/boot") :].lstrip("/")))
        if wanted.startswith(root + os.sep) and os.path.isfile(wanted):
            with open(wanted, "rb") as stream:
                return 200, "application/octet-stream", stream.read()
    return 404, "text/plain", "not found\n"


def main():
    configure("rackd")
    clean_prometheus_dir()
    speed.spend(IMPORT)
    conf = config.cluster()
    install_boot_method_templates(conf["tftp_root"])
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    secret = wait_for_secret()
    if secret is None:
        log.info("rackd has no shared secret and runs without any service")
    else:
        start(secret, conf)
    while True:
        signal.pause()


def start(secret, conf):
    log.info("rackd is starting")
    httpd.TCP6Server(5249, http).start()
    rpc = ClusterClientService(secret)
    rpc.start()
    services = RackServices(rpc)
    services.start()

    def stop(*_):
        services.stop()
        os._exit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    TFTPService(conf["tftp_root"], conf["tftp_port"], conf["tftp_max_blksize"]).start()
    threading.Thread(target=observe_networks, daemon=True).start()
