"""Metrics files of processes (provisioningserver/prometheus/utils.py)."""

import glob
import os
import re


def _runs(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def clean_prometheus_dir():
    """Files of processes that run no more; a number that lives here again keeps those of another container (maas-run.md 6.10)."""
    directory = os.environ.get("prometheus_multiproc_dir")
    if not directory or not os.path.isdir(directory):
        return
    for path in glob.glob(os.path.join(directory, "*.db")):
        found = re.match(r".*_([0-9]+)\.db", path)
        if found and not _runs(int(found[1])):
            os.unlink(path)
