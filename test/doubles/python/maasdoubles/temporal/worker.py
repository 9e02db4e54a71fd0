"""/usr/sbin/maas-temporal-worker (maastemporalworker/temporal_script.py).

Ends when the database, the certificates, maas_id or port 5271 are missing at its start. The secret is read once: after
a rotation it fails with InvalidTag until it is restarted.
"""

import os
import signal
import sys
import threading

from maasdoubles import db, speed
from maasdoubles.env import MAAS_ID, MAAS_SHARED_SECRET
from maasdoubles.log import configure, log
from maasdoubles.temporal.client import connect_with_retries
from maasdoubles.temporal.poller import Poller
from maasdoubles.temporal.workflows import Workflows


def read_maas_id(attempts=10):
    for _ in range(attempts):
        if found := MAAS_ID.get():
            return found
        speed.spend(1)
    sys.exit(f"{MAAS_ID.path} not found. Please ensure that the regiond process is healthy.")


def main():
    configure("maas-temporal-worker")
    log.info("starting region temporal-worker process")
    speed.spend(2.5)
    try:
        db.wait_for_startup()
    except db.DatabaseError as error:
        sys.exit(f"maas-temporal-worker: database: {str(error).strip()}")
    maas_id = read_maas_id()
    secret = MAAS_SHARED_SECRET.get()
    if secret is None:
        sys.exit(f"{MAAS_SHARED_SECRET.path} not found")
    identity = f"{maas_id}@region:{os.getpid()}"

    def connect():
        return connect_with_retries(secret, identity, log=log)

    try:
        workflows = Workflows(maas_id, connect)
        Poller(connect(), "region", workflows.of_any_region()).start()
        Poller(connect(), f"region:{maas_id}", workflows.of_this_region()).start()
    except (db.DatabaseError, OSError) as error:
        sys.exit(f"maas-temporal-worker: {str(error).strip()}")
    db.IdleConnections(1, "maas-temporal-worker")
    log.info("temporal-worker started")
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    stopping.wait()
    # It wants to say goodbye to Temporal and hangs when that is gone already (maas-run.md 3: killed at 5 s).
    while True:
        try:
            connect_with_retries(secret, identity, attempts=1)
            break
        except OSError:
            speed.spend(1)
    speed.spend(0.7)
    os._exit(0)
