"""api/boot_resources.py, api/boot_sources.py, api/boot_source_selections.py, api/image_sync.py"""

import base64

from maasdoubles import db
from maasdoubles.region import bootresources, bootsources
from maasdoubles.region.api import router
from maasdoubles.region.api.router import Text, route

URI = "/MAAS/api/2.0"
TYPES = {0: "Synced", 2: "Uploaded"}
SELECTION = r"boot-sources/(\d+)/selections/"


def _progress(files):
    """Per cent over all regions: one region that lacks a file keeps it incomplete."""
    regions = db.value("SELECT count(*) FROM maasserver_node WHERE node_type IN (3, 4)") or 1
    total = sum(file["size"] for file in files) * regions
    synced = sum(file["synced"] for file in files)
    return 100.0 * synced / total if total else 0.0


def _file_to_dict(file):
    progress = _progress([file])
    found = {name: file[name] for name in ("filename", "filetype", "sha256", "filename_on_disk", "size")}
    found["complete"] = progress == 100.0
    if not found["complete"]:
        found["progress"] = progress
    return found


def _set_to_dict(one):
    files = db.rows(
        "SELECT file.*, coalesce((SELECT sum(size) FROM maasserver_bootresourcefilesync sync WHERE sync.file_id = file.id), 0)"
        " AS synced FROM maasserver_bootresourcefile file WHERE resource_set_id = %s ORDER BY id",
        one["id"],
    )
    for file in files:
        file["synced"] = int(file["synced"])
    progress = _progress(files)
    found = {
        "version": one["version"],
        "label": one["label"],
        "size": sum(file["size"] for file in files),
        "complete": progress == 100.0,
    }
    if not found["complete"]:
        found["progress"] = progress
    found["files"] = {file["filename"]: _file_to_dict(file) for file in files}
    return found


def _resource_to_dict(resource, with_sets=False):
    found = {
        "id": resource["id"],
        "type": TYPES[resource["rtype"]],
        "name": resource["name"],
        "architecture": resource["architecture"],
        "resource_uri": f"{URI}/boot-resources/{resource['id']}/",
        "last_deployed": resource["last_deployed"],
        **resource["extra"],
    }
    if with_sets:
        sets = db.rows("SELECT * FROM maasserver_bootresourceset WHERE resource_id = %s ORDER BY id DESC", resource["id"])
        found["sets"] = {one["version"]: _set_to_dict(one) for one in sets}
    return found


@route("boot-resources/")
def resources(request):
    found = db.rows("SELECT * FROM maasserver_bootresource ORDER BY rtype, name, architecture")
    wanted = request.parameter("type", "all")
    if wanted not in ("all", "synced", "uploaded"):
        raise router.BadRequest(f"'{wanted}' is not a valid boot resource type. Available types: ['synced', 'uploaded']")
    return [_resource_to_dict(one) for one in found if wanted == "all" or TYPES[one["rtype"]].lower() == wanted]


@route("boot-resources/", "POST", op="import", access="admin")
def import_resources(request):
    request.after_commit = [bootresources.import_resources]
    return Text("Import of boot resources started")


@route("boot-resources/", "POST", op="stop_import", access="admin")
def stop_import(request):
    request.after_commit = [bootresources.stop_import_resources]
    return Text("Import of boot resources is being stopped")


@route("boot-resources/", op="is_importing")
def is_importing(request):
    return db.is_locked("import_images")


@route(r"boot-resources/(\d+)/")
def resource(request, resource_id):
    found = db.row("SELECT * FROM maasserver_bootresource WHERE id = %s", resource_id)
    return _resource_to_dict(router.get_or_404(found, "BootResource"), with_sets=True)


@route(r"boot-resources/(\d+)/", "DELETE", access="admin")
def delete_resource(request, resource_id):
    router.get_or_404(db.row("SELECT 1 FROM maasserver_bootresource WHERE id = %s", resource_id), "BootResource")
    bootresources.delete_resource(int(resource_id))


def _source_to_dict(source):
    return {
        "id": source["id"],
        "url": source["url"],
        "keyring_filename": source["keyring_filename"],
        "keyring_data": base64.b64encode(bytes(source["keyring_data"])).decode(),
        "created": source["created"].isoformat(),
        "updated": source["updated"].isoformat(),
        "resource_uri": f"{URI}/boot-sources/{source['id']}/",
    }


def _source(source_id):
    return router.get_or_404(db.row("SELECT * FROM maasserver_bootsource WHERE id = %s", source_id), "BootSource")


def _check_source(url, filename, data):
    if not url:
        raise router.BadRequest({"url": ["This field is required."]})
    if not filename and not data:
        raise router.BadRequest({"__all__": ["Please specify either keyring_data or keyring_filename."]})
    if filename and data:
        raise router.BadRequest({"__all__": ["Please specify only one of keyring_data or keyring_filename."]})


@route("boot-sources/")
def sources(request):
    return [_source_to_dict(one) for one in db.rows("SELECT * FROM maasserver_bootsource ORDER BY id")]


@route("boot-sources/", "POST", access="admin")
def create_source(request):
    url, filename = request.parameter("url"), request.parameter("keyring_filename", "")
    data = request.files.get("keyring_data", b"")
    _check_source(url, filename, data)
    if db.value("SELECT 1 FROM maasserver_bootsource WHERE url = %s", url):
        raise router.BadRequest({"url": ["Boot source with this Url already exists."]})
    found = db.value(
        "INSERT INTO maasserver_bootsource (created, updated, url, keyring_filename, keyring_data)"
        " VALUES (now(), now(), %s, %s, %s) RETURNING id",
        url,
        filename,
        data,
    )
    request.after_commit = [bootsources.cache_in_background]
    return _source_to_dict(_source(found))


@route(r"boot-sources/(\d+)/")
def source(request, source_id):
    return _source_to_dict(_source(source_id))


@route(r"boot-sources/(\d+)/", "PUT", access="admin")
def update_source(request, source_id):
    """What is not given stays, so a keyring file given before must be emptied to give keyring data."""
    before = _source(source_id)
    url = request.parameter("url", before["url"])
    filename = request.parameter("keyring_filename", before["keyring_filename"])
    data = request.files.get("keyring_data", bytes(before["keyring_data"]))
    _check_source(url, filename, data)
    db.execute(
        "UPDATE maasserver_bootsource SET url = %s, keyring_filename = %s, keyring_data = %s, updated = now() WHERE id = %s",
        url,
        filename,
        data,
        source_id,
    )
    request.after_commit = [bootsources.cache_in_background]
    return _source_to_dict(_source(source_id))


@route(r"boot-sources/(\d+)/", "DELETE", access="admin")
def delete_source(request, source_id):
    _source(source_id)
    db.execute("DELETE FROM maasserver_bootsource WHERE id = %s", source_id)


def _selection_to_dict(one):
    return {
        "os": one["os"],
        "release": one["release"],
        "arches": one["arches"],
        "subarches": one["subarches"],
        "labels": one["labels"],
        "id": one["id"],
        "boot_source_id": one["boot_source_id"],
        "resource_uri": f"{URI}/boot-sources/{one['boot_source_id']}/selections/{one['id']}/",
    }


def _selection(source_id, selection_id):
    found = db.row(
        "SELECT * FROM maasserver_bootsourceselection WHERE boot_source_id = %s AND id = %s", source_id, selection_id
    )
    return router.get_or_404(found, "BootSourceSelection")


@route(SELECTION)
def selections(request, source_id):
    _source(source_id)
    found = db.rows("SELECT * FROM maasserver_bootsourceselection WHERE boot_source_id = %s ORDER BY id", source_id)
    return [_selection_to_dict(one) for one in found]


@route(SELECTION, "POST", access="admin")
def create_selection(request, source_id):
    _source(source_id)
    osystem, release = request.mandatory("os"), request.mandatory("release")
    if db.value(
        "SELECT 1 FROM maasserver_bootsourceselection WHERE boot_source_id = %s AND os = %s AND release = %s",
        source_id,
        osystem,
        release,
    ):
        raise router.BadRequest({"__all__": ["Boot source selection with this Boot source, Os and Release already exists."]})
    known = db.rows(
        "SELECT arch FROM maasserver_bootsourcecache WHERE boot_source_id = %s AND os = %s AND release = %s",
        source_id,
        osystem,
        release,
    )
    if not known:
        raise router.BadRequest({"os": [f"OS {osystem} with release {release} has no available images for download"]})
    arches = request.data.get("arches") or ["*"]
    for arch in arches:
        if arch != "*" and arch not in {one["arch"] for one in known}:
            raise router.BadRequest({"arches": [f"No available images to download for {arch}"]})
    found = db.value(
        "INSERT INTO maasserver_bootsourceselection (created, updated, os, release, arches, subarches, labels, boot_source_id)"
        " VALUES (now(), now(), %s, %s, %s, %s, %s, %s) RETURNING id",
        osystem,
        release,
        arches,
        request.data.get("subarches") or ["*"],
        request.data.get("labels") or ["*"],
        source_id,
    )
    return _selection_to_dict(_selection(source_id, found))


@route(SELECTION + r"(\d+)/")
def selection(request, source_id, selection_id):
    return _selection_to_dict(_selection(source_id, selection_id))


@route(SELECTION + r"(\d+)/", "PUT", access="admin")
def update_selection(request, source_id, selection_id):
    _selection(source_id, selection_id)
    for name in ("arches", "subarches", "labels"):
        if given := request.data.get(name):
            db.execute(f"UPDATE maasserver_bootsourceselection SET {name} = %s, updated = now() WHERE id = %s", given, selection_id)
    return _selection_to_dict(_selection(source_id, selection_id))


@route(SELECTION + r"(\d+)/", "DELETE", access="admin")
def delete_selection(request, source_id, selection_id):
    _selection(source_id, selection_id)
    db.execute("DELETE FROM maasserver_bootsourceselection WHERE id = %s", selection_id)


@route("images-sync-progress/", access="admin")
def sync_progress(request):
    """Every file of which at least one region has a full copy."""
    found = db.rows(
        "SELECT file.id, file.sha256, file.filename_on_disk, file.size, array_agg(node.system_id) AS sources"
        " FROM maasserver_bootresourcefile file JOIN maasserver_bootresourcefilesync sync ON sync.file_id = file.id"
        " AND sync.size = file.size JOIN maasserver_node node ON node.id = sync.region_id GROUP BY file.id ORDER BY file.id"
    )
    return {str(one.pop("id")): one for one in found}


@route("images-sync-progress/", "POST", access="admin")
def report_progress(request):
    region = db.value("SELECT id FROM maasserver_node WHERE system_id = %s", request.mandatory("system_id"))
    router.get_or_404(region, "RegionController")
    for file_id in request.data.get("ids", []):
        db.execute(
            "INSERT INTO maasserver_bootresourcefilesync (created, updated, size, file_id, region_id) SELECT now(), now(), %s,"
            " id, %s FROM maasserver_bootresourcefile WHERE id = %s"
            " ON CONFLICT (file_id, region_id) DO UPDATE SET size = excluded.size, updated = now()",
            int(request.mandatory("size")),
            region,
            int(file_id),
        )
    return Text("OK")
