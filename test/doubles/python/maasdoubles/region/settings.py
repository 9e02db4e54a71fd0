"""MAAS's settings in table maasserver_config, with the defaults of those the doubles know (models/config.py)."""

import uuid

from maasdoubles import db

DEFAULTS = {
    "active_discovery_interval": 10800,
    "boot_images_auto_import": True,
    "boot_images_no_proxy": False,
    "commissioning_distro_series": "noble",
    "completed_intro": False,
    "default_distro_series": "noble",
    "default_dns_ttl": 30,
    "default_osystem": "ubuntu",
    "dnssec_validation": "auto",
    "dns_trusted_acl": "",
    "enable_analytics": True,
    "enable_http_proxy": True,
    "http_proxy": "",
    "kernel_opts": "",
    "maas_name": "maas",
    "maas_proxy_port": 8000,
    "maas_syslog_port": 5247,
    "network_discovery": "enabled",
    "ntp_external_only": False,
    "ntp_servers": "ntp.ubuntu.com",
    "prefer_v4_proxy": False,
    "prometheus_enabled": False,
    "promtail_enabled": False,
    "promtail_port": 5238,
    "release_notifications": True,
    "remote_syslog": "",
    "tls_port": None,
    "upstream_dns": "",
    "use_peer_proxy": False,
    "use_rack_proxy": True,
}
INTERNAL = {"maas_url": "http://localhost:5240/MAAS", "uuid": None}


def get(name):
    found = db.row("SELECT value FROM maasserver_config WHERE name = %s", name)
    return found["value"] if found else {**DEFAULTS, **INTERNAL}[name]


def put(name, value):
    db.execute(
        "INSERT INTO maasserver_config (name, value) VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        name,
        db.json(value),
    )


def convert(name, text):
    """From the API's text to the setting's type; ValueError when it does not fit."""
    default = DEFAULTS[name]
    if isinstance(default, bool):
        if text.lower() not in ("true", "false", "1", "0", "on", "off"):
            raise ValueError("Enter a valid boolean.")
        return text.lower() in ("true", "1", "on")
    if isinstance(default, int):
        return int(text)
    return text


def ensure_uuid():
    found = get("uuid")
    if found is None:
        found = str(uuid.uuid4())
        put("uuid", found)
    return found
