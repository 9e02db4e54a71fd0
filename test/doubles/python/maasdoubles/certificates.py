"""The cluster's certificate on disk and TLS with it (provisioningserver/certificates.py)."""

import os
import ssl

from maasdoubles.fs import atomic_write

SERVER_NAME = "maas"


def directory():
    """Not MAAS_DATA: genuine uses MAAS_ROOT here, with another default than anywhere else."""
    return os.path.join(os.environ.get("MAAS_ROOT", "/var/lib/maas"), "certificates")


def paths():
    """(certificate, key, authorities), or None unless all three exist."""
    names = [os.path.join(directory(), name) for name in ("cluster.pem", "cluster.key", "cacerts.pem")]
    return tuple(names) if all(map(os.path.exists, names)) else None


def store(certificate):
    atomic_write(certificate["key"], os.path.join(directory(), "cluster.key"), mode=0o600)
    atomic_write(certificate["cert"], os.path.join(directory(), "cluster.pem"), mode=0o644)
    atomic_write(certificate["cacerts"], os.path.join(directory(), "cacerts.pem"), mode=0o644)


def _context(purpose):
    found = paths()
    if found is None:
        raise FileNotFoundError(f"no cluster certificate in {directory()}")
    certificate, key, authorities = found
    context = ssl.SSLContext(purpose)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(authorities)
    return context


def server_context():
    """Mutual TLS: whoever calls must show a certificate of the same authority."""
    context = _context(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context():
    """To be used with server_hostname=SERVER_NAME, whatever address is dialled."""
    return _context(ssl.PROTOCOL_TLS_CLIENT)
