"""/usr/sbin/maas-temporal-worker (maastemporalworker/temporal_script.py, worker.py).

Ends with an error when the database is missing at its start, and after 17 minutes without maas_id. That it has started it
says before it has asked anybody for anything: then its two workers connect, each by itself. When both are through, with or
without an error, it ends as if all were well. The secret is read once: after a rotation it fails with InvalidTag until it
is restarted.
"""

import functools
import os
import signal
import sys
import threading
import time

from maasdoubles import db, speed
from maasdoubles.env import MAAS_ID, MAAS_SHARED_SECRET
from maasdoubles.log import configure, log
from maasdoubles.temporal.client import Client, TemporalError, retried
from maasdoubles.temporal.poller import Poller
from maasdoubles.temporal.workflows import Workflows

ID_PAUSES = tuple(2**n for n in range(1, 10))


def read_maas_id():
    found = MAAS_ID.get()
    if found is None:
        raise FileNotFoundError(f"{MAAS_ID.path} not found. Please ensure that the regiond process is healthy.")
    return found


@functools.cache
def read_secret():
    found = MAAS_SHARED_SECRET.get()
    if found is None:
        raise FileNotFoundError(f"{MAAS_SHARED_SECRET.path} not found")
    return found


class Worker:
    """Of one task queue."""

    def __init__(self, connect, queue, functions):
        self.connect, self.queue, self.functions = connect, queue, functions
        self.polls, self.stopped = False, threading.Event()
        self.thread = threading.Thread(target=self._guarded, daemon=True)

    def _guarded(self):
        try:
            self.run()
        except (OSError, TemporalError) as error:
            log.error("Task exception was never retrieved: task queue %s: %s", self.queue, error)

    def run(self):
        client = retried(self.connect, log=log)
        retried(client.set_up_namespace, log=log)
        Poller(client, self.queue, self.functions).start()
        self.polls = True
        self.stopped.wait()
        # It says goodbye to Temporal, and goes on trying when that is gone already (temporalio 1.9, sdk-core/client/src/lib.rs: max_elapsed_time).
        deadline = time.monotonic() + speed.scaled(10)
        while time.monotonic() < deadline:
            try:
                self.connect()
                return
            except OSError:
                speed.spend(1)

    def stop(self):
        """Forgotten as long as it does not poll."""
        if self.polls:
            self.stopped.set()


def main():
    configure("maas-temporal-worker")
    log.info("starting region temporal-worker process")
    speed.spend(2.5)
    try:
        db.wait_for_startup()
        maas_id = retried(read_maas_id, ID_PAUSES)
        identity = f"{maas_id}@region:{os.getpid()}"

        def connect():
            return Client(read_secret(), identity).connect()

        workflows = Workflows(maas_id, lambda: retried(connect, log=log))
    except (db.DatabaseError, OSError) as error:
        sys.exit(f"maas-temporal-worker: {str(error).strip()}")
    db.IdleConnections(1, "maas-temporal-worker")
    workers = [
        Worker(connect, "region", workflows.of_any_region()),
        Worker(connect, f"region:{maas_id}", workflows.of_this_region()),
    ]
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: [worker.stop() for worker in workers])
    log.info("temporal-worker started")
    for worker in workers:
        worker.thread.start()
    for worker in workers:
        worker.thread.join()
    speed.spend(0.7)
    os._exit(0)
