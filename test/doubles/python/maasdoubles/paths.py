"""Paths and the environment variables that move them (provisioningserver/path.py, maascommon/path.py)."""

import os
import platform


def data(*parts):
    return os.path.join(os.environ.get("MAAS_DATA", "/var/lib/maas"), *parts)


def cache(*parts):
    return os.path.join(os.environ.get("MAAS_CACHE", "/var/cache/maas"), *parts)


def _directory(variable, default):
    return os.environ.get(variable) or default


def region_config():
    return _directory("MAAS_REGION_CONFIG", "/etc/maas/regiond.conf")


def cluster_config():
    return _directory("MAAS_CLUSTER_CONFIG", "/etc/maas/rackd.conf")


def agent_config():
    return _directory("MAAS_AGENT_CONFIG", "/etc/maas/agent.yaml")


def http(name):
    return os.path.join(_directory("MAAS_HTTP_CONFIG_DIR", data("http")), name)


def proxy_config():
    return os.path.join(_directory("MAAS_PROXY_CONFIG_DIR", data()), "maas-proxy.conf")


def syslog_config():
    return os.path.join(_directory("MAAS_SYSLOG_CONFIG_DIR", data()), "rsyslog.conf")


def syslog_socket():
    base = _directory("MAAS_SYSLOG_CONFIG_DIR", data())
    return os.path.join(base, "rsyslog", "log.sock")


def temporal_config():
    return _directory("MAAS_TEMPORAL_CONFIG_DIR", data("temporal"))


def dns_config(name=""):
    return os.path.join(_directory("MAAS_DNS_CONFIG_DIR", "/etc/bind/maas"), name)


def zone_files(name=""):
    return os.path.join(_directory("MAAS_ZONE_FILE_CONFIG_DIR", "/var/lib/bind/maas"), name)


def ipc_socket():
    return _directory("MAAS_IPC_SOCKET_PATH", data("maas-regiond.sock"))


def webapp_socket(worker_id):
    base = _directory("MAAS_HTTP_SOCKET_WORKER_BASE_PATH", data("maas-regiond-webapp.sock"))
    return f"{base}.{worker_id}"


def apiserver_socket():
    return _directory("MAAS_APISERVER_HTTP_SOCKET_PATH", data("apiserver-http.sock"))


def internalapiserver_socket():
    return _directory("MAAS_INTERNALAPISERVER_HTTP_SOCKET_PATH", data("internalapiserver-http.sock"))


def image_storage(*parts):
    return data("image-storage", *parts)


RUN = "/run/maas"  # no variable moves it outside the snap (provisioningserver/path.py)
LOCKS = "/run/lock"
SHARE = "/usr/share/maas"


def architecture():
    """Debian's name of this machine's architecture (provisioningserver/utils/arch.py)."""
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def machine_resources():
    return os.path.join(SHARE, "machine-resources", architecture())
