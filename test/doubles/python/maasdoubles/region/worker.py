"""One of regiond's workers: the web application, RPC, and in the first one the import of images."""

import os
import signal
import sys
import threading

from maasdoubles import db, httpd, paths, speed
from maasdoubles.env import MAAS_ID
from maasdoubles.log import configure, log
from maasdoubles.region import bootresources, ipc, settings, startup, webapp
from maasdoubles.region.api import controllers, images, maas, networks, users  # noqa: F401 they register their routes
from maasdoubles.region.rpc import RegionService

IMPORT = 3  # seconds; several at once share two cores
EMPTY_EVENTLOOPS = 1.5  # the web application answers before RPC is published
FIRST_IMPORT, IMPORT_INTERVAL = 12, 3600


def run():
    number = os.environ["MAAS_REGIOND_WORKER_ID"]
    configure(f"regiond-worker-{number}")
    several = int(os.environ["MAAS_REGIOND_WORKER_COUNT"]) > 1
    speed.spend(IMPORT * (2 if several else 1))
    connection = ipc.Worker()
    startup.start_up(master=False)
    httpd.UnixServer(paths.webapp_socket(number), webapp.respond, mode=0o666).start()
    speed.spend(EMPTY_EVENTLOOPS)
    service = RegionService()
    controllers.SHUTOFF.append(service.disable_and_shutoff)
    port = service.listen()
    connection.publish(port)
    log.info("worker of region %s listens for racks on port %d", MAAS_ID.get(), port)
    db.IdleConnections(2, "maas-regiond-worker")
    if "MAAS_REGIOND_RUN_IMPORTER_SERVICE" in os.environ:
        threading.Thread(target=import_for_ever, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    while True:
        signal.pause()


def import_for_ever():
    """Soon after the start (measured: 25 s after regiond's), then hourly."""
    os.makedirs(paths.image_storage(), exist_ok=True)
    os.makedirs(paths.LOCKS, exist_ok=True)
    speed.spend(FIRST_IMPORT)
    while True:
        try:
            if settings.get("boot_images_auto_import"):
                bootresources.import_resources()
            else:
                log.info("Skipping periodic import of boot resources; it has been disabled.")
        except db.DatabaseError as error:
            log.error("Failure importing boot resources. %s", str(error).strip())
        finally:
            db.forget()
        speed.spend(IMPORT_INTERVAL)
