"""The cluster's CA and its one certificate, SAN DNS:maas, kept in the database (maasserver/start_up.py)."""

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from maasdoubles import secrets
from maasdoubles.certificates import SERVER_NAME

DAYS = 3650


def _pem_key(key):
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def _certificate(common_name, key, issuer, issuer_key, authority):
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=DAYS))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if not authority:
        names = x509.SubjectAlternativeName([x509.DNSName(SERVER_NAME)])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def get_or_create():
    """From the database, made there once: so every region has the same. Call under the startup lock."""
    authority = secrets.get("maas-ca-certificate")
    if authority is None:
        key = rsa.generate_private_key(65537, 2048)
        authority = {"key": _pem_key(key), "cert": _pem(_certificate("maas-ca", key, None, key, True))}
        secrets.put("maas-ca-certificate", authority)
    cluster = secrets.get("cluster-certificate")
    if cluster is None:
        ca_key = serialization.load_pem_private_key(authority["key"].encode(), None)
        ca = x509.load_pem_x509_certificate(authority["cert"].encode())
        key = rsa.generate_private_key(65537, 2048)
        certificate = _certificate("maas-cluster", key, ca.subject, ca_key, False)
        cluster = {"key": _pem_key(key), "cert": _pem(certificate), "cacerts": authority["cert"]}
        secrets.put("cluster-certificate", cluster)
    return cluster
