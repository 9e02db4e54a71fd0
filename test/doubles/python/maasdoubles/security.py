"""Digest, Fernet and payload encryption with the shared secret.

provisioningserver/security.py, maastemporalworker/encryptor.py.
"""

import base64
import functools
import hashlib
import hmac
import os

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC


def calculate_digest(secret, message, salt):
    return hmac.new(secret, message + salt, hashlib.sha256).digest()


@functools.lru_cache(maxsize=2)
def _fernet(secret):
    derivation = PBKDF2HMAC(hashes.SHA256(), length=32, salt=b"", iterations=100_000)
    return Fernet(base64.urlsafe_b64encode(derivation.derive(secret)))


def fernet_encrypt(secret, text):
    return _fernet(secret).encrypt(text.encode()).decode()


def fernet_decrypt(secret, token):
    return _fernet(secret).decrypt(token.encode()).decode()


class EncryptionCodec:
    """AES-GCM over Temporal's payloads. The key is the secret's hexadecimal text itself, so 32 characters."""

    def __init__(self, secret_text):
        self._cipher = AESGCM(secret_text.encode())

    def encode(self, data):
        nonce = os.urandom(12)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, data, None)).decode()

    def decode(self, text):
        raw = base64.b64decode(text)
        return self._cipher.decrypt(raw[:12], raw[12:], None)
