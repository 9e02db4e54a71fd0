"""A controller's refresh: runs machine-resources as downloaded from the region, posts the result to the metadata API.

provisioningserver/refresh, metadataserver/builtin_scripts (20-maas-03-machine-resources), utils/services.py.
"""

import os
import subprocess
import tempfile
import urllib.parse
import urllib.request

from maasdoubles import oauth, paths

SCRIPT = "20-maas-03-machine-resources"


def refresh(maas_url, system_id, key):
    base = maas_url.rstrip("/")
    with tempfile.TemporaryDirectory() as directory:
        program = os.path.join(directory, "machine-resources")
        subprocess.run(
            ["wget", "-q", "-T", "10", "-t", "1", f"{base}/machine-resources/{paths.architecture()}", "-O", program],
            check=True,
            capture_output=True,
        )
        os.chmod(program, 0o755)
        output = subprocess.run(
            ["sudo", "--preserve-env=MAAS_BASE_URL", program],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "MAAS_BASE_URL": base},
        ).stdout
    body = urllib.parse.urlencode({"op": "signal", "status": "WORKING", "system_id": system_id, "name": SCRIPT, "output": output})
    request = urllib.request.Request(f"{base}/metadata/2012-03-01/", body.encode(), {"Authorization": oauth.header(key)})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as response:
        response.read()
