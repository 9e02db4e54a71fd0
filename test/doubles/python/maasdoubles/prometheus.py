"""Metrics files of processes (provisioningserver/prometheus/utils.py)."""

import glob
import os


def clean_prometheus_dir():
    """Metrics of dead processes. The variable may be unset, but not point at nothing."""
    directory = os.environ.get("prometheus_multiproc_dir")
    if directory:
        os.listdir(directory)
        for path in glob.glob(os.path.join(directory, "*.db")):
            os.unlink(path)
