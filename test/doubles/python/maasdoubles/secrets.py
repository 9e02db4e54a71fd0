"""Table maasserver_secret (maasserver/secrets.py, maasserver/security.py)."""

import os

from maasdoubles import db


def get(path):
    return db.value("SELECT value FROM maasserver_secret WHERE path = %s", f"global/{path}")


def put(path, value):
    db.execute(
        "INSERT INTO maasserver_secret (path, created, updated, value) VALUES (%s, now(), now(), %s)"
        " ON CONFLICT (path) DO UPDATE SET value = excluded.value, updated = now()",
        f"global/{path}",
        db.json(value),
    )


def shared_secret():
    """The hex text racks share; made here when nobody has seeded it."""
    with db.advisory_lock("security"):
        stored = get("rpc-shared")
        if stored is None:
            stored = {"secret": os.urandom(16).hex()}
            put("rpc-shared", stored)
        bytes.fromhex(stored["secret"])  # MAAS decodes it here: not hexadecimal means it cannot start
        return stored["secret"]
