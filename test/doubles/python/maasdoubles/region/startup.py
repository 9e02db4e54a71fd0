"""What a region does once before its services start (maasserver/start_up.py, maasserver/bootresources.py)."""

import os
import shutil
from socket import gethostname

from maasdoubles import certificates, config, db, interfaces, paths, secrets, speed, version
from maasdoubles.env import MAAS_ID, MAAS_SHARED_SECRET, MAAS_UUID
from maasdoubles.log import log, log_error
from maasdoubles.region import clustercertificate, nodes, oauth, settings
from maasdoubles.version import RELEASE

PAUSE = 3
FIRST_START = 5  # loading the built-in scripts into an empty database


def start_up(master):
    """Again and again until it succeeds: a missing database, directory or dpkg entry only delays it."""
    while True:
        try:
            secret = secrets.shared_secret()
            with db.advisory_lock("startup"):
                node = inner_start_up(secret, master)
            return node
        except db.DatabaseError as error:
            log.error("Database error during start-up; pausing for 3 seconds. %s", str(error).strip())
        except Exception:
            log_error("Error during start-up; pausing for 3 seconds.")
        db.forget()
        speed.spend(PAUSE)


def inner_start_up(secret, master):
    if master and not db.value("SELECT 1 FROM maasserver_node WHERE node_type IN (3, 4) LIMIT 1"):
        speed.spend(FIRST_START)
    with db.transaction():
        node = running_controller()
        nodes.set_version(node["id"], version.versions_info())
        if RELEASE["alembic_head"] >= "0027":
            db.value("SELECT double_of_next_release FROM maasserver_controllerinfo LIMIT 1")
        uuid = settings.ensure_uuid()
        oauth.maas_user_key()
    MAAS_ID.set(node["system_id"])
    MAAS_UUID.set(uuid)
    MAAS_SHARED_SECRET.set(secret)
    if master:
        certificate = clustercertificate.get_or_create()
        if certificates.paths() is None:
            certificates.store(certificate)
        settings.put("maas_url", config.region()["maas_url"])
        if not db.value("SELECT 1 FROM maasserver_fabric LIMIT 1"):
            nodes.create_fabric()
        initialize_image_storage(node)
    return node


def running_controller():
    """By maas_id; else by host name or MAC address; else a new one."""
    maas_id = MAAS_ID.get()
    node = maas_id and db.row("SELECT * FROM maasserver_node WHERE system_id = %s", maas_id)
    if not node:
        node = nodes.find(gethostname(), interfaces.mac_addresses())
    if not node:
        return nodes.create(gethostname(), nodes.REGION)
    return nodes.become(node, nodes.REGION)


def initialize_image_storage(node):
    """Deletes what this region has not synced: a directory shared by regions would lose the others' files."""
    base = paths.image_storage()
    bootloaders = os.path.join(base, "bootloaders")
    if os.path.exists(bootloaders):
        shutil.rmtree(bootloaders)
    os.mkdir(bootloaders)
    expected = {bootloaders, config.cluster()["tftp_root"]}
    files = db.rows(
        "SELECT sync.id, file.filename_on_disk, file.size FROM maasserver_bootresourcefile file JOIN"
        " maasserver_bootresourcefilesync sync ON sync.file_id = file.id WHERE sync.region_id = %s",
        node["id"],
    )
    for found in files:
        path = os.path.join(base, found["filename_on_disk"])
        if os.path.exists(path) and os.path.getsize(path) == found["size"]:
            expected.add(path)
        else:
            db.execute("DELETE FROM maasserver_bootresourcefilesync WHERE id = %s", found["id"])
    for name in os.listdir(base):
        path = os.path.join(base, name)
        if name not in ("custom", "lost+found") and path not in expected:
            log.warning("removing unexpected %s file from the image storage", path)
            shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)
