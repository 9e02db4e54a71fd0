"""Beacons: udp 5240, and tcpdump on every monitored interface (provisioningserver/utils/services.py, beaconing.py).

What fails here is noise, in MAAS too.
"""

import socket
import subprocess
import threading

from maasdoubles import interfaces, speed
from maasdoubles.log import log

RESPAWN = 5


def observe_beacons():
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(("::", 5240))
    except OSError as error:
        log.error("beacons: %s", error)
    for name, interface in interfaces.definition().items():
        if interface["monitored"]:
            threading.Thread(target=_observe, args=(name,), daemon=True).start()
    while True:
        sock.recv(65535)


def _observe(interface):
    while True:
        try:
            result = subprocess.run(
                ["sudo", "-n", "/usr/lib/maas/beacon-monitor", interface],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            last = (result.stderr.strip().splitlines() or [""])[-1]
            log.error("observe-beacons on %s ended with %d: %s", interface, result.returncode, last)
        except OSError as error:
            log.error("observe-beacons on %s: %s", interface, error)
        speed.spend(RESPAWN)
