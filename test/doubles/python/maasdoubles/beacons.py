"""What MAAS sees of its networks: udp 5240, and helpers that it starts again every minute (provisioningserver/utils/services.py).

What fails in them is noise, in MAAS too.
"""

import socket
import subprocess
import sys
import threading

from maasdoubles import interfaces, speed
from maasdoubles.log import log

RESPAWN = 60


def observe_networks():
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(("::", 5240))
    except OSError as error:
        log.error("beacons: %s", error)
    for name, interface in interfaces.definition().items():
        if interface["monitored"]:
            _keep("observe-beacons", name)
            _keep("observe-arp", name)
    _keep("observe-mdns")
    while True:
        sock.recv(65535)


def _keep(*observer):
    threading.Thread(target=_observe, args=(observer,), daemon=True).start()


def _observe(observer):
    what = " on ".join(observer)
    while True:
        try:
            process = subprocess.Popen(
                ["/usr/lib/maas/maas-common", *observer],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            # Until whoever it has started itself has ended, too: they have its output.
            said = process.communicate()[1]
            log.error("%s ended with %d: %s", what, process.returncode, said.strip())
        except OSError as error:
            log.error("%s: %s", what, error)
        speed.spend(RESPAWN)


def netmon():
    """/usr/sbin/maas-netmon INTERFACE: looks at ARP packets (maasagent/cmd/maas-netmon/main.go)."""
    arp = 0x0806
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(arp))
    sock.bind((sys.argv[1], arp))
    while True:
        sock.recv(65535)
