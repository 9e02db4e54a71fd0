"""Signing of requests to the API, OAuth 1.0 PLAINTEXT (apiclient/maas_client.py)."""

import time
import urllib.parse
import uuid


def header(key):
    consumer, token, secret = key
    fields = {
        "realm": "OAuth",
        "oauth_version": "1.0",
        "oauth_signature_method": "PLAINTEXT",
        "oauth_nonce": uuid.uuid4().hex,
        "oauth_timestamp": str(int(time.time())),
        "oauth_consumer_key": consumer,
        "oauth_token": token,
        "oauth_signature": f"&{secret}",
    }
    return "OAuth " + ", ".join(f'{name}="{urllib.parse.quote(text, "")}"' for name, text in fields.items())
