"""Boot sources and their simplestreams (maasserver/bootsources.py, provisioningserver/import_images).

An index that ends in .sjson (the default) must be signed by the source's keyring; .json is taken unsigned.
"""

import json
import os
import re
import subprocess
import tempfile
import threading
import urllib.parse
import urllib.request

from maasdoubles import db
from maasdoubles.log import log_error, maaslog
from maasdoubles.region import settings

DEFAULT_URL = os.environ.get("MAAS_DEFAULT_IMAGES_URL", "http://images.maas.io/ephemeral-v3/stable/")
DEFAULT_KEYRING = os.environ.get(
    "MAAS_IMAGES_KEYRING_FILEPATH", "/usr/share/keyrings/ubuntu-cloudimage-keyring.gpg"
)


# maasserver/import_images/download_descriptions.py. The version is in the product's name and nowhere else.
UBUNTU = re.compile(r":v([23]|3\+platform):", re.I)
UBUNTU_CORE = re.compile(":v4:", re.I)
BOOT_LOADER = re.compile(":1:")
BOOT_LOADERS = {
    ("pxe", "pxelinux", "i386"),
    ("uefi", "grub-efi-signed", "amd64"),
    ("uefi", "grub-efi", "arm64"),
    ("open-firmware", "grub-ieee1275", "ppc64el"),
}


class SourceError(Exception):
    pass


def ensure_definition():
    """The default source and selection, when there is no source at all."""
    if db.value("SELECT 1 FROM maasserver_bootsource LIMIT 1"):
        return
    source = db.value(
        "INSERT INTO maasserver_bootsource (created, updated, url, keyring_filename, keyring_data)"
        " VALUES (now(), now(), %s, %s, '') RETURNING id",
        DEFAULT_URL,
        DEFAULT_KEYRING,
    )
    db.execute(
        "INSERT INTO maasserver_bootsourceselection (created, updated, os, release, arches, subarches, labels, boot_source_id)"
        " VALUES (now(), now(), 'ubuntu', %s, '{amd64}', '{*}', '{*}', %s)",
        settings.get("commissioning_distro_series"),
        source,
    )


def http_proxy():
    if settings.get("boot_images_no_proxy") or not settings.get("enable_http_proxy"):
        return None
    return settings.get("http_proxy") or None


def _get(url):
    proxy = http_proxy()
    handler = urllib.request.ProxyHandler({"http": proxy, "https": proxy} if proxy else {})
    with urllib.request.build_opener(handler).open(url, timeout=20) as response:
        return response.read()


def _verified(text, source, url):
    """The document inside a clear-signed one; SourceError unless gpgv accepts it."""
    if not url.endswith(".sjson"):
        return text
    with tempfile.TemporaryDirectory() as directory:
        keyring = source["keyring_filename"]
        if source["keyring_data"]:
            keyring = os.path.join(directory, "keyring.gpg")
            with open(keyring, "wb") as stream:
                stream.write(bytes(source["keyring_data"]))
        signed = os.path.join(directory, "document")
        with open(signed, "wb") as stream:
            stream.write(text)
        result = subprocess.run(["gpgv", "--keyring", keyring, signed], capture_output=True, text=True)
    if result.returncode:
        raise SourceError(f"{url}: the signature is not valid: {result.stderr.strip()}")
    return re.search(rb"\n\r?\n(.*?)-----BEGIN PGP SIGNATURE", text, re.S).group(1)


def _document(source, url):
    return json.loads(_verified(_get(url), source, url))


def is_supported(name, product):
    system, kind = product.get("os", ""), product.get("bootloader-type")
    if "ubuntu" in system.lower() and not UBUNTU.search(name) and not (system == "ubuntu-core" and UBUNTU_CORE.search(name)):
        return False
    return kind is None or bool(BOOT_LOADER.search(name)) and (kind, system, product.get("arch")) in BOOT_LOADERS


def products(source):
    """(base URL, products) of a source. Raises SourceError or OSError when it cannot be read."""
    url = source["url"]
    if url.endswith((".json", ".sjson")):
        base, index = url.split("/streams/")[0] + "/", url
    else:
        base = url.rstrip("/") + "/"
        index = urllib.parse.urljoin(base, "streams/v1/index.sjson")
    found = {}
    for entry in _document(source, index).get("index", {}).values():
        if entry.get("datatype", "image-downloads").startswith("image"):
            listed = _document(source, urllib.parse.urljoin(base, entry["path"]))
            listed["content_id"]  # simplestreams cannot do without it
            found.update(listed.get("products", {}))
    for name in [name for name, product in found.items() if not is_supported(name, product)]:
        maaslog.warning("Ignoring unsupported product %s", name)
        del found[name]
    return base, found


def cache():
    """What each source offers; the API checks selections against it (models/bootsourcecache.py)."""
    for source in db.rows("SELECT * FROM maasserver_bootsource ORDER BY id"):
        try:
            _, found = products(source)
        except (SourceError, OSError, ValueError) as error:
            maaslog.error("Failed to import images from %s: %s", source["url"], error)
            continue
        with db.transaction():
            db.execute("DELETE FROM maasserver_bootsourcecache WHERE boot_source_id = %s", source["id"])
            for product in found.values():
                if "release" in product:
                    db.execute(
                        "INSERT INTO maasserver_bootsourcecache (created, updated, os, arch, subarch, release, label,"
                        " boot_source_id, extra) VALUES (now(), now(), %s, %s, %s, %s, %s, %s, '{}')",
                        product["os"],
                        product["arch"],
                        product.get("subarch", "generic"),
                        product["release"],
                        product.get("label", "stable"),
                        source["id"],
                    )


def cache_in_background():
    def run():
        try:
            cache()
        except Exception:
            log_error("Failed to cache the boot sources")
        finally:
            db.forget()

    threading.Thread(target=run, daemon=True).start()


def is_selected(product, selections):
    if "bootloader-type" in product:
        return True
    return any(
        product["os"] == one["os"]
        and product["release"] == one["release"]
        and ("*" in one["arches"] or product["arch"] in one["arches"])
        and ("*" in one["subarches"] or product.get("subarch") in one["subarches"])
        and ("*" in one["labels"] or product.get("label", "stable") in one["labels"])
        for one in selections
    )
