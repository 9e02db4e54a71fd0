"""regiond.conf and rackd.conf: YAML with defaults (maasserver/config.py, provisioningserver/config.py)."""

import os

import yaml

from maasdoubles import paths
from maasdoubles.fs import atomic_write

REGION_DEFAULTS = {
    "maas_url": "http://localhost:5240/MAAS",
    "broadcast_address": "",
    "database_host": "localhost",
    "database_port": 5432,
    "database_name": "maasdb",
    "database_user": "maas",
    "database_pass": "",
    "database_conn_max_age": 300,
    "database_keepalive": True,
    "database_keepalive_idle": 15,
    "database_keepalive_interval": 15,
    "database_keepalive_count": 2,
    "vault_url": "",
    "vault_approle_id": "",
    "vault_secret_id": "",
    "vault_secrets_path": "",
    "vault_secrets_mount": "secret",
    "num_workers": 4,
    "debug": False,
    "debug_queries": False,
    "debug_http": False,
}

CLUSTER_DEFAULTS = {
    "maas_url": ["http://localhost:5240/MAAS"],
    "max_idle_rpc_connections": 1,
    "max_rpc_connections": 4,
    "rpc_keepalive": 1000,
    "tftp_port": 69,
    "tftp_root": "/var/lib/maas/tftp_root",
    "tftp_max_blksize": 1428,
    "debug": False,
    "httpproxy_cache_size": 20_000_000_000,
}


class Configuration:
    """One file. Opening it makes it when it is missing, so a read-only directory needs it there beforehand."""

    def __init__(self, path, defaults):
        self.path = path
        self.defaults = defaults
        os.close(os.open(path, os.O_CREAT | os.O_APPEND, 0o640))
        with open(path) as stream:
            self.stored = yaml.safe_load(stream) or {}

    def __getitem__(self, name):
        return self.stored.get(name, self.defaults[name])

    def update(self, values):
        self.stored.update(values)
        self.save()

    def save(self):
        atomic_write(yaml.safe_dump(self.stored, default_flow_style=False), self.path, mode=0o640)


def region():
    return Configuration(paths.region_config(), REGION_DEFAULTS)


def cluster():
    return Configuration(paths.cluster_config(), CLUSTER_DEFAULTS)


def cluster_urls():
    urls = cluster()["maas_url"]
    return [urls] if isinstance(urls, str) else list(urls)
