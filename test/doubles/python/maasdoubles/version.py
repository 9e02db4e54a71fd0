"""The running version, from dpkg's database (provisioningserver/utils/deb.py, version.py)."""

import json
import os
import re

RELEASE = json.load(open(os.path.join(os.path.dirname(__file__), "release.json")))
PACKAGES = ("maas-region-api", "maas-rack-controller")


def deb_version(status="/var/lib/dpkg/status"):
    """The installed version of the first MAAS package found, or None."""
    try:
        paragraphs = open(status).read().split("\n\n")
    except OSError:
        return None
    versions = {}
    for paragraph in paragraphs:
        fields = dict(re.findall(r"^(Package|Status|Version): (.*)$", paragraph, re.MULTILINE))
        if fields.get("Status", "").endswith(" installed"):
            versions[fields.get("Package")] = fields.get("Version")
    return next((versions[name] for name in PACKAGES if name in versions), None)


def running_version():
    """As MAAS prints it: 3.7.3-17542-g.9122eee68. Without dpkg's entry, the Python package's own."""
    text = deb_version() or RELEASE["version"]
    parts = re.match(r"(?:\d+:)?(\d+\.\d+\.\d+(?:~[a-z]+\d+)?)(?:-(\d+))?(?:-(g\.?\w+))?", text)
    return "-".join(part for part in parts.groups() if part)


class VersionsInfo:
    """What set_versions_info reads; there is none without dpkg's entry."""

    install_type = "deb"

    def __init__(self, version):
        self.version = version


def versions_info():
    found = deb_version()
    return VersionsInfo(found) if found else None
