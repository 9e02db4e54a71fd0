"""PostgreSQL: one connection per thread, advisory locks (maasserver/utils/dblocks.py, maasserver/locks.py)."""

import contextlib
import threading

import psycopg2
import psycopg2.extras

from maasdoubles import config, speed
from maasdoubles.log import log

LOCK_CLASS = 20120116
LOCKS = {"startup": 1, "security": 2, "eventloop": 3, "import_images": 4, "dns": 6}

DatabaseError = psycopg2.Error
_local = threading.local()


def connect(name="maas"):
    conf = config.region()
    connection = psycopg2.connect(
        host=conf["database_host"],
        port=conf["database_port"],
        dbname=conf["database_name"],
        user=conf["database_user"],
        password=conf["database_pass"],
        connect_timeout=5,
        application_name=name,
        keepalives=1 if conf["database_keepalive"] else 0,
        keepalives_idle=conf["database_keepalive_idle"],
        keepalives_interval=conf["database_keepalive_interval"],
        keepalives_count=conf["database_keepalive_count"],
    )
    return connection


def _connection():
    connection = getattr(_local, "connection", None)
    if connection is None or connection.closed:
        connection = _local.connection = connect()
    return connection


def forget():
    """Close this thread's connection."""
    connection = getattr(_local, "connection", None)
    _local.connection = None
    if connection is not None:
        with contextlib.suppress(psycopg2.Error):
            connection.close()


@contextlib.contextmanager
def transaction():
    """A cursor whose rows are dictionaries; commits at the end. Nested use joins the outer transaction."""
    depth = getattr(_local, "depth", 0)
    connection = _connection()
    _local.depth = depth + 1
    try:
        with connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
            yield cursor
        if depth == 0:
            connection.commit()
    except psycopg2.InterfaceError as error:
        forget()
        raise psycopg2.OperationalError(str(error)) from error
    except psycopg2.OperationalError:
        forget()
        raise
    except BaseException:
        if depth == 0 and not connection.closed:
            connection.rollback()
        raise
    finally:
        _local.depth = depth


def rows(sql, *args):
    with transaction() as cursor:
        cursor.execute(sql, args)
        return [dict(row) for row in cursor.fetchall()] if cursor.description else []


def row(sql, *args):
    found = rows(sql, *args)
    return found[0] if found else None


def value(sql, *args):
    found = row(sql, *args)
    return next(iter(found.values())) if found else None


def execute(sql, *args):
    with transaction() as cursor:
        cursor.execute(sql, args)
        return cursor.rowcount


def json(document):
    return psycopg2.extras.Json(document)


class LockNotHeld(Exception):
    pass


@contextlib.contextmanager
def advisory_lock(name, wait=True):
    """A session lock on a connection of its own, which LISTEN can share."""
    connection = connect(f"maas-lock-{name}")
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            function = "pg_advisory_lock" if wait else "pg_try_advisory_lock"
            cursor.execute(f"SELECT {function}(%s, %s)", (LOCK_CLASS, LOCKS[name]))
            if cursor.fetchone()[0] is False:
                raise LockNotHeld(name)
        yield connection
    finally:
        with contextlib.suppress(psycopg2.Error):
            connection.close()


def is_locked(name):
    return bool(
        value(
            "SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database"
            " WHERE locktype = 'advisory' AND classid = %s AND objid = %s AND objsubid = 2 AND granted"
            " AND datname = current_database()",
            LOCK_CLASS,
            LOCKS[name],
        )
    )


def wait_for_startup():
    """apiserver and temporal-worker wait while a region starts (maasservicelayer/db/locks.py)."""
    while is_locked("startup"):
        speed.spend(1)


class IdleConnections:
    """As many connections as the genuine process keeps (maas-run.md 1), so that budgets are put to the test."""

    def __init__(self, count, name):
        self.count, self.name, self.held = count, name, []
        threading.Thread(target=self._keep, daemon=True).start()

    def _keep(self):
        while True:
            alive = []
            for connection in self.held:
                try:
                    with connection.cursor() as cursor:
                        cursor.execute("SELECT 1")
                    alive.append(connection)
                except psycopg2.Error:
                    with contextlib.suppress(psycopg2.Error):
                        connection.close()
            self.held = alive
            try:
                while len(self.held) < self.count:
                    connection = connect(self.name)
                    connection.autocommit = True
                    self.held.append(connection)
            except psycopg2.Error as error:
                log.error("no further database connection: %s", str(error).strip())
            threading.Event().wait(5)
