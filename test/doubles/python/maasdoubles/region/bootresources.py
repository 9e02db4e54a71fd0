"""The import of boot resources (maasserver/bootresources.py): metadata here, files by the temporal-worker.

It runs under the advisory lock import_images; "is importing" means that lock, nothing else.
"""

import threading
import time

from maasdoubles import db, speed
from maasdoubles.bootresourcefile import LocalBootResourceFile
from maasdoubles.log import log, log_error, maaslog
from maasdoubles.region import bootsources, events, workflows
from maasdoubles.temporal.client import TemporalError, WorkflowFailed

SYNCED = 0
WORKFLOW = "sync-bootresources"
SPACE_FOR_BOOTLOADERS = 100 << 20


def import_resources():
    """Returns at once; the import runs in a thread of this worker."""
    threading.Thread(target=_import, daemon=True).start()


def _import():
    try:
        with db.advisory_lock("import_images", wait=False) as connection:
            connection.cursor().execute("LISTEN sys_stop_import")
            _import_with_lock(connection)
    except db.LockNotHeld:
        maaslog.info("Skipping import as another import is already running.")
    except db.DatabaseError as error:
        log.error("Importing boot resources failed. %s", str(error).strip())
    except Exception:
        log_error("Importing boot resources failed.")
    finally:
        db.forget()


def _import_with_lock(connection):
    bootsources.ensure_definition()
    bootsources.cache()
    sources = db.rows("SELECT * FROM maasserver_bootsource ORDER BY id")
    started = f"Started importing of boot images from {len(sources)} source(s)."
    events.record(events.IMPORT_INFO, started)
    maaslog.info(started)
    wanted = []
    for source in sources:
        base, found = bootsources.products(source)  # one that cannot be read ends the import
        selections = db.rows("SELECT * FROM maasserver_bootsourceselection WHERE boot_source_id = %s", source["id"])
        wanted += [(base, product) for product in found.values() if bootsources.is_selected(product, selections)]
    if not wanted:
        unable = "Unable to import boot images, no image descriptions avaliable."
        events.record(events.IMPORT_WARNING, unable)
        maaslog.warning(unable)
        return
    with db.transaction():
        keep, downloads = _store(wanted)
        _clean_resources(keep)
    # Only what is missing takes a workflow; sets are cleaned when none had to be fetched, too.
    if not downloads or _sync(connection, downloads):
        _clean_sets()
        maaslog.info("Finished importing of boot images from %d source(s).", len(sources))
    else:
        maaslog.warning("Importing of boot images from %d source(s) was cancelled.", len(sources))


def _store(wanted):
    """Rows for the newest version of every product; gives the resources to keep and the files to download."""
    keep, downloads = set(), {}
    regions = _regions()
    for base, product in wanted:
        if not product.get("versions"):
            continue
        version = max(product["versions"])
        keep.add(resource := _resource(product))
        one = _set(resource, version, product.get("label", "stable"))
        for name, item in product["versions"][version]["items"].items():
            file_id, filename_on_disk = _file(one, name, item)
            local = LocalBootResourceFile(item["sha256"], filename_on_disk, int(item["size"]))
            if local.is_complete() and _is_complete(file_id, regions):
                continue
            entry = downloads.setdefault(
                item["sha256"],
                {
                    "sha256": item["sha256"],
                    "filename_on_disk": filename_on_disk,
                    "size": int(item["size"]),
                    "rfile_ids": [],
                    "sources": [],
                    "http_proxy": bootsources.http_proxy(),
                },
            )
            entry["rfile_ids"].append(file_id)
            if not _has_copy(item["sha256"], int(item["size"])):
                entry["sources"].append(base + item["path"])
    return keep, list(downloads.values())


def _resource(product):
    bootloader = product.get("bootloader-type")
    name = f"{bootloader}/{product['os']}" if bootloader else f"{product['os']}/{product['release']}"
    architecture = f"{product['arch']}/{product.get('subarch') or 'generic'}"
    extra = {"subarches": product["subarches"]} if "subarches" in product else {}
    found = db.value(
        "SELECT id FROM maasserver_bootresource WHERE rtype = %s AND name = %s AND architecture = %s",
        SYNCED,
        name,
        architecture,
    )
    return found or db.value(
        "INSERT INTO maasserver_bootresource (created, updated, rtype, name, architecture, extra, kflavor, bootloader_type,"
        " rolling, base_image) VALUES (now(), now(), %s, %s, %s, %s, %s, %s, false, '') RETURNING id",
        SYNCED,
        name,
        architecture,
        db.json(extra),
        product.get("kflavor"),
        bootloader,
    )


def _set(resource, version, label):
    found = db.value(
        "SELECT id FROM maasserver_bootresourceset WHERE resource_id = %s AND version = %s", resource, version
    )
    return found or db.value(
        "INSERT INTO maasserver_bootresourceset (created, updated, version, label, resource_id)"
        " VALUES (now(), now(), %s, %s, %s) RETURNING id",
        version,
        label,
        resource,
    )


def _filename_on_disk(sha256):
    """The first 7 digits, more when another file begins with the same."""
    known = db.rows("SELECT DISTINCT sha256, filename_on_disk AS name FROM maasserver_bootresourcefile")
    for one in known:
        if one["sha256"] == sha256:
            return one["name"]
    for length in range(7, 65):
        if not any(one["name"].startswith(sha256[:length]) for one in known):
            return sha256[:length]
    raise AssertionError(sha256)


def _file(one, name, item):
    found = db.row(
        "SELECT id, filename_on_disk, sha256 FROM maasserver_bootresourcefile WHERE resource_set_id = %s AND filename = %s",
        one,
        name,
    )
    if found and found["sha256"] == item["sha256"]:
        return found["id"], found["filename_on_disk"]
    if found:
        db.execute("DELETE FROM maasserver_bootresourcefile WHERE id = %s", found["id"])
    filename = _filename_on_disk(item["sha256"])
    file_id = db.value(
        "INSERT INTO maasserver_bootresourcefile (created, updated, filename, filetype, extra, resource_set_id, sha256, size,"
        " filename_on_disk) VALUES (now(), now(), %s, %s, '{}', %s, %s, %s, %s) RETURNING id",
        name,
        item["ftype"],
        one,
        item["sha256"],
        int(item["size"]),
        filename,
    )
    return file_id, filename


def _has_copy(sha256, size):
    return db.value(
        "SELECT 1 FROM maasserver_bootresourcefilesync sync JOIN maasserver_bootresourcefile file ON file.id = sync.file_id"
        " WHERE file.sha256 = %s AND sync.size = %s LIMIT 1",
        sha256,
        size,
    )


def _sync(connection, downloads):
    """Start the workflow and wait for it; true unless it was stopped or failed. The lock is held until it has ended in Temporal."""
    required = SPACE_FOR_BOOTLOADERS + sum(one["size"] for one in downloads)
    client = workflows.client()
    task, stopping = None, False
    while task is None:
        if _stop_requested(connection):
            return False
        try:
            task = client.start(WORKFLOW, WORKFLOW, "region", {"resources": downloads, "required": required})
        except TemporalError as error:
            log.error("The workflow %s cannot be started: %s", WORKFLOW, error)
            speed.spend(3)
    while True:
        try:
            finished, _ = client.outcome(task)
            if finished:
                return True
            if _stop_requested(connection) and not stopping:
                client.cancel(WORKFLOW)
                stopping = True
        except WorkflowFailed as error:
            log.error("The workflow %s failed: %s", WORKFLOW, error)
            return False
        except TemporalError as error:
            log.error("The workflow %s cannot be followed: %s", WORKFLOW, error)
            time.sleep(1)
        time.sleep(0.3)


def _stop_requested(connection):
    connection.poll()
    stopped = bool(connection.notifies)
    connection.notifies.clear()
    return stopped


def _clean_resources(keep):
    """What the sources no longer have goes (resource_cleaner), unless it is selected and nothing else stands for it."""
    selections = db.rows("SELECT * FROM maasserver_bootsourceselection")
    synced = db.rows("SELECT id, name, architecture FROM maasserver_bootresource WHERE rtype = %s", SYNCED)

    def image(resource):
        return resource["name"], resource["architecture"].split("/")[0]

    offered = {image(resource) for resource in synced if resource["id"] in keep}
    for resource in synced:
        (name, arch), (system, release) = image(resource), resource["name"].split("/")
        subarch = resource["architecture"].split("/")[1]
        product = {"os": system, "release": release, "arch": arch, "subarch": subarch}
        if resource["id"] in keep or (bootsources.is_selected(product, selections) and (name, arch) not in offered):
            continue
        db.execute("DELETE FROM maasserver_bootresource WHERE id = %s", resource["id"])


def _clean_sets():
    """Incomplete sets, all but the newest complete one, and resources without a set go (resource_set_cleaner)."""
    regions = _regions()
    with db.transaction():
        for resource in db.rows("SELECT id FROM maasserver_bootresource WHERE rtype = %s", SYNCED):
            found_complete = False
            sets = db.rows("SELECT id FROM maasserver_bootresourceset WHERE resource_id = %s ORDER BY id DESC", resource["id"])
            for one in sets:
                if not found_complete and _is_whole(one["id"], regions):
                    found_complete = True
                else:
                    db.execute("DELETE FROM maasserver_bootresourceset WHERE id = %s", one["id"])
            if not found_complete:
                db.execute("DELETE FROM maasserver_bootresource WHERE id = %s", resource["id"])


def _regions():
    return db.value("SELECT count(*) FROM maasserver_node WHERE node_type IN (3, 4)")


def _is_complete(file_id, regions):
    """Every region has all of it."""
    return db.value(
        "SELECT coalesce((SELECT sum(sync.size) FROM maasserver_bootresourcefilesync sync WHERE sync.file_id = file.id), 0)"
        " = file.size * %s FROM maasserver_bootresourcefile file WHERE file.id = %s",
        regions,
        file_id,
    )


def _is_whole(set_id, regions):
    files = db.rows("SELECT id FROM maasserver_bootresourcefile WHERE resource_set_id = %s", set_id)
    return bool(files) and all(_is_complete(one["id"], regions) for one in files)


def delete_resource(resource_id):
    files = db.rows(
        "SELECT file.sha256, file.filename_on_disk FROM maasserver_bootresourcefile file JOIN maasserver_bootresourceset one"
        " ON one.id = file.resource_set_id WHERE one.resource_id = %s AND NOT EXISTS (SELECT 1 FROM"
        " maasserver_bootresourcefile other JOIN maasserver_bootresourceset its ON its.id = other.resource_set_id"
        " WHERE other.sha256 = file.sha256 AND its.resource_id <> one.resource_id)",
        resource_id,
    )
    db.execute("DELETE FROM maasserver_bootresource WHERE id = %s", resource_id)
    if files:
        workflows.client().start("delete-bootresource", f"bootresource-del:{resource_id}", "region", {"files": files})


def stop_import_resources():
    """Tells whoever imports, on whichever region."""
    connection = db.connect("maas-stop-import")
    connection.autocommit = True
    try:
        connection.cursor().execute("NOTIFY sys_stop_import")
    finally:
        connection.close()


