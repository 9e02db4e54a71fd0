"""OAuth 1.0 with PLAINTEXT signatures, users and keys (django-piston3, maasserver/api/auth.py, models/user.py)."""

import re
import secrets
import string
import time
import urllib.parse

from maasdoubles import db

ALPHABET = string.ascii_letters + string.digits
WORKER_USER = "MAAS"
INIT_NODE_USER = "maas-init-node"
SYSTEM_USERS = (WORKER_USER, INIT_NODE_USER)
TIMESTAMP_THRESHOLD = 300


class Unauthorized(Exception):
    pass


class BadRequest(Exception):
    pass


def _random(length):
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def create_user(username, email, password, superuser):
    user = db.value(
        "INSERT INTO auth_user (password, is_superuser, username, first_name, last_name, email, is_staff, is_active,"
        " date_joined) VALUES (%s, %s, %s, '', '', %s, %s, true, now()) RETURNING id",
        password,
        superuser,
        username,
        email,
        superuser,
    )
    db.execute(
        "INSERT INTO maasserver_userprofile (completed_intro, is_local, user_id) VALUES (false, true, %s)",
        user,
    )
    # System users get theirs when somebody needs it.
    if username not in SYSTEM_USERS:
        create_key(user)
    return user


def system_user(username):
    found = db.value("SELECT id FROM auth_user WHERE username = %s", username)
    return found or create_user(username, None, "!", username == WORKER_USER)


def create_key(user_id, name="MAAS consumer"):
    """(consumer key, token key, token secret). The consumer's secret is empty, as MAAS makes it."""
    consumer_key, token_key, token_secret = _random(18), _random(18), _random(32)
    consumer = db.value(
        "INSERT INTO piston3_consumer (name, description, key, secret, status, user_id)"
        " VALUES (%s, '', %s, '', 'accepted', %s) RETURNING id",
        name,
        consumer_key,
        user_id,
    )
    db.execute(
        'INSERT INTO piston3_token (key, secret, verifier, token_type, "timestamp", is_approved, callback_confirmed,'
        " consumer_id, user_id) VALUES (%s, %s, '', 2, %s, true, false, %s, %s)",
        token_key,
        token_secret,
        int(time.time()),
        consumer,
        user_id,
    )
    return consumer_key, token_key, token_secret


def keys_of(user_id):
    return [
        ((found["consumer"], found["token"], found["secret"]), found["name"])
        for found in db.rows(
            "SELECT consumer.key AS consumer, consumer.name, token.key AS token, token.secret FROM piston3_token token"
            " JOIN piston3_consumer consumer ON consumer.id = token.consumer_id WHERE token.user_id = %s"
            " AND token.token_type = 2 AND token.is_approved ORDER BY token.id",
            user_id,
        )
    ]


def maas_user_key():
    user = system_user(WORKER_USER)
    keys = keys_of(user)
    return keys[0][0] if keys else create_key(user)


def node_key():
    """Credentials with which a controller posts its own refresh."""
    return create_key(system_user(INIT_NODE_USER))


def authenticate(authorization):
    """The user a request is signed by; None when it is not signed at all."""
    if not authorization or not authorization.startswith("OAuth "):
        return None
    pairs = re.findall(r'(\w+)="?([^",]*)"?', authorization[6:])
    fields = {name: urllib.parse.unquote(text) for name, text in pairs}
    needed = ("oauth_consumer_key", "oauth_token", "oauth_signature", "oauth_signature_method", "oauth_timestamp", "oauth_nonce")
    missing = [name for name in needed if name not in fields]
    if missing:
        raise BadRequest("Bad Request: " + "".join(f"Missing required oauth parameter {name}. " for name in missing).strip())
    if fields["oauth_signature_method"] != "PLAINTEXT":
        raise Unauthorized("Authorization Error: 'Signature method not supported.'")
    consumer = db.row("SELECT * FROM piston3_consumer WHERE key = %s", fields["oauth_consumer_key"])
    if consumer is None:
        raise Unauthorized("Authorization Error: Invalid API key.")
    token = db.row(
        "SELECT * FROM piston3_token WHERE key = %s AND consumer_id = %s AND token_type = 2",
        fields["oauth_token"],
        consumer["id"],
    )
    if token is None:
        raise Unauthorized(f"Authorization Error: 'Invalid access token: {fields['oauth_token']}'")
    if abs(time.time() - int(fields["oauth_timestamp"])) > TIMESTAMP_THRESHOLD:
        raise Unauthorized("Authorization Error: 'Expired timestamp'")
    if fields["oauth_signature"] != f"{consumer['secret']}&{token['secret']}":
        raise Unauthorized("Authorization Error: 'Invalid signature.'")
    fresh = db.execute(
        "INSERT INTO piston3_nonce (token_key, consumer_key, key) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        token["key"],
        consumer["key"],
        fields["oauth_nonce"],
    )
    if not fresh:
        raise Unauthorized("Authorization Error: 'Nonce already used'")
    return db.row(
        "SELECT auth_user.*, profile.is_local FROM auth_user JOIN maasserver_userprofile profile"
        " ON profile.user_id = auth_user.id WHERE auth_user.id = %s AND is_active",
        token["user_id"],
    )
