"""/usr/sbin/regiond: a master and its workers (maasserver/server.py, eventloop.py, workers.py)."""

import argparse
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time

from maasdoubles import config, db, httpd, speed
from maasdoubles.log import configure, log
from maasdoubles.prometheus import clean_prometheus_dir
from maasdoubles.region import ipc, services, startup

MASTER_IMPORT = 3.5  # seconds of Python imports, from which the measured start of 12-17 s is made
PR_SET_PDEATHSIG = 1


def parse():
    parser = argparse.ArgumentParser(description="MAAS region controller process")
    parser.add_argument("-d", "--debug", action="store_true")
    parser.add_argument("-w", "--workers", metavar="N", type=int)
    return parser.parse_args()


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Workers:
    """Keeps `count` children; the first one missing an importer gets that role."""

    def __init__(self, count):
        self.count = count
        self.children = {}
        self.stopping = False

    def run(self):
        while not self.stopping:
            for number in range(self.count):
                child = self.children.get(number)
                if child is None or child.poll() is not None:
                    if child is not None:
                        log.error("Worker pid:%d died, spawning another.", child.pid)
                    self.children[number] = self._spawn(number)
            time.sleep(0.5)

    def _spawn(self, number):
        environment = {
            **os.environ,
            "MAAS_REGIOND_PROCESS_MODE": "worker",
            "MAAS_REGIOND_WORKER_ID": str(number),
            "MAAS_REGIOND_WORKER_COUNT": str(self.count),
        }
        if number == 0:
            environment["MAAS_REGIOND_RUN_IMPORTER_SERVICE"] = "true"
        return subprocess.Popen([sys.argv[0]], env=environment, preexec_fn=die_with_parent)

    def stop(self):
        self.stopping = True
        for child in self.children.values():
            child.kill()


def run_master(workers_count):
    configure("regiond")
    clean_prometheus_dir()
    log.info("regiond is starting with %d workers", workers_count)
    speed.spend(MASTER_IMPORT)
    node = startup.start_up(master=True)
    log.info("region controller %s (%s) started up", node["system_id"], node["hostname"])
    while True:
        try:
            master = ipc.Master(node)
            break
        except db.DatabaseError:
            speed.spend(1)
    master.start()
    workers = Workers(workers_count)
    monitored = services.start_all(node, workers_count)
    httpd.TCP6Server(5239, httpd.metrics("# TYPE maas_region_up gauge\nmaas_region_up 1\n")).start()
    db.IdleConnections(3, "maas-regiond")
    threading.Thread(target=workers.run, daemon=True).start()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    stopping.wait()
    log.info("regiond is stopping")
    workers.stop()
    monitored.stop()
    master.stop()
    speed.spend(1.2)
    os._exit(0)


def run():
    if os.environ.get("MAAS_REGIOND_PROCESS_MODE") == "worker":
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        from maasdoubles.region import worker

        worker.run()
        return
    options = parse()
    count = 1 if options.debug else options.workers
    if not count:
        try:
            count = config.region()["num_workers"]
        except OSError:
            count = 4
    if not 0 < count <= 10:
        sys.exit("Number of workers must be greater than zero and, with ten RPC ports, not above ten.")
    run_master(count)
