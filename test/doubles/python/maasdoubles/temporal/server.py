"""/usr/sbin/temporal-server -e production -r ROOT -c "" --allow-no-auth start"""

import argparse
import contextlib
import datetime
import json
import os
import select
import signal
import socket
import socketserver
import ssl
import sys
import threading
import uuid

import psycopg2
import yaml

from maasdoubles import httpd, speed
from maasdoubles.log import configure, log, log_error

HEARTBEAT, ALIVE, TASK_LOST = 10, 25, 30
WORKFLOW_TASK_TIMEOUT = 10
TASK = ("task_id", "workflow_id", "type", "payload", "attempt")
OPEN = ["scheduled", "running", "cancelling"]
ROLES = {"frontend": 1, "history": 2, "matching": 3, "worker": 4}


def read_configuration(root, directory, environment):
    path = os.path.join(root, directory, f"{environment}.yaml")
    if not os.path.exists(path):
        sys.exit(f"Unable to load configuration: config file not found: {path}")
    with open(path) as stream:
        return yaml.safe_load(stream)


class Store:
    """The SQL side. One short connection per call, beside the idle ones genuine Temporal keeps."""

    def __init__(self, configuration):
        sql = configuration["persistence"]["datastores"]["default"]["sql"]
        self.attributes = dict(sql["connectAttributes"])
        host, _, port = sql["connectAddr"].rpartition(":")
        self.parameters = {
            "host": self.attributes.get("host") if host == "@" else host,
            "port": port,
            "dbname": sql["databaseName"],
            "user": sql["user"],
            "password": sql["password"],
            "application_name": self.attributes.get("application_name"),
            "connect_timeout": 5,
        }
        self.idle = []

    @contextlib.contextmanager
    def cursor(self):
        connection = psycopg2.connect(**self.parameters)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute("SET search_path TO temporal")
                yield cursor
        finally:
            connection.close()

    def keep_idle(self, count):
        """Genuine Temporal holds 18 connections (maas-run.md 1); those that broke are made again."""
        while True:
            alive = []
            for connection in self.idle:
                try:
                    with connection.cursor() as cursor:
                        cursor.execute("SELECT 1")
                    alive.append(connection)
                except psycopg2.Error:
                    with contextlib.suppress(psycopg2.Error):
                        connection.close()
            self.idle = alive
            with contextlib.suppress(psycopg2.Error):
                while len(self.idle) < count:
                    connection = psycopg2.connect(**self.parameters)
                    connection.autocommit = True
                    self.idle.append(connection)
            threading.Event().wait(5)


class Membership:
    """Rows of cluster_membership, and whether the other members answer on their broadcast address.

    Shards belong to members in turn; a workflow whose shard's owner cannot be reached is unavailable.
    """

    def __init__(self, store, configuration, context):
        self.store, self.context = store, context
        self.address = configuration["global"]["membership"]["broadcastAddress"] or ""
        self.ports = {name: service["rpc"]["membershipPort"] for name, service in configuration["services"].items()}
        self.grpc = {name: service["rpc"]["grpcPort"] for name, service in configuration["services"].items()}
        self.shards = configuration["persistence"]["numHistoryShards"]
        self.started = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
        self.ids = {name: str(uuid.uuid4()) for name in self.ports}
        self.members, self.unreachable = [self.address], set()

    def beat(self):
        now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
        with self.store.cursor() as cursor:
            for name, port in self.ports.items():
                cursor.execute(
                    "INSERT INTO cluster_membership VALUES (0, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT"
                    " (membership_partition, host_id) DO UPDATE SET last_heartbeat = excluded.last_heartbeat,"
                    " record_expiry = excluded.record_expiry",
                    (self.ids[name], self.address, port, ROLES[name], self.started, now, now + datetime.timedelta(days=2)),
                )
            cursor.execute("DELETE FROM cluster_membership WHERE record_expiry < %s", (now,))
            cursor.execute(
                "SELECT DISTINCT rpc_address FROM cluster_membership WHERE last_heartbeat > %s ORDER BY 1",
                (now - datetime.timedelta(seconds=ALIVE),),
            )
            self.members = [address for (address,) in cursor.fetchall()]
        unreachable = {member for member in self.members if member != self.address and not self._answers(member)}
        for member in unreachable - self.unreachable:
            log.error("member %s does not answer on its ports %s", member, sorted(self.ports.values()))
        self.unreachable = unreachable

    def _answers(self, member):
        ports = [*self.ports.values(), *(port for name, port in self.grpc.items() if name != "frontend")]
        try:
            for port in ports:
                with socket.create_connection((member, port), 2) as sock:
                    with self.context.wrap_socket(sock, server_hostname="maas"):
                        pass
        except (OSError, ssl.SSLError):
            return False
        return True

    def leave(self):
        with contextlib.suppress(psycopg2.Error), self.store.cursor() as cursor:
            cursor.execute("DELETE FROM cluster_membership WHERE host_id = ANY(%s)", (list(self.ids.values()),))

    def check(self, workflow_id):
        shard = sum(workflow_id.encode()) % self.shards
        owner = self.members[shard % len(self.members)] if self.members else self.address
        if owner in self.unreachable:
            raise Unavailable(f"shard {shard} is owned by {owner}, which cannot be reached")

    def run(self):
        while True:
            try:
                self.beat()
            except psycopg2.Error as error:
                log.error("cluster membership: %s", str(error).strip())
            except Exception:
                log_error("cluster membership")
            speed.spend(HEARTBEAT)


class Unavailable(Exception):
    pass


OPERATIONS = ("start", "poll", "heartbeat", "report", "outcome", "cancel", "describe_namespace", "register_namespace")


class Frontend:
    """The operations of port 5271."""

    def __init__(self, store, membership):
        self.store, self.membership = store, membership

    def start(self, request):
        self.membership.check(request["workflow_id"])
        with self.store.cursor() as cursor:
            self._terminate(cursor, request["workflow_id"])
            parent = request.get("parent")
            if parent is not None:
                cursor.execute("SELECT 1 FROM tasks WHERE task_id = %s AND state = 'running' FOR SHARE", (parent,))
                if cursor.fetchone() is None:
                    raise Unavailable(f"task {parent}, whose child this is, is closed")
            cursor.execute(
                "INSERT INTO tasks (parent_id, workflow_id, task_queue, type, payload, state, attempt, not_before, deadline, created)"
                " VALUES (%s, %s, %s, %s, %s, 'scheduled', 0, now(), now() + %s * interval '1 second', now()) RETURNING task_id",
                (
                    parent,
                    request["workflow_id"],
                    request["queue"],
                    request["type"],
                    request["payload"],
                    request.get("timeout"),
                ),
            )
            return {"task_id": cursor.fetchone()[0]}

    def poll(self, request, gone):
        """A long poll: answers within 10 s, with a task or none. Nobody waits for it any more when gone()."""
        for _ in range(20):
            if gone():
                break
            with self.store.cursor() as cursor:
                cursor.execute("UPDATE tasks SET state = 'timed out' WHERE state = ANY(%s) AND deadline < now()", (OPEN,))
                found = self._cancelled(cursor, request["queue"])
                if found:
                    return {"task": found}
                cursor.execute(
                    "UPDATE tasks SET state = 'scheduled' WHERE state = 'running' AND heartbeat < now() - %s * interval '1 s'",
                    (TASK_LOST,),
                )
                cursor.execute(
                    "UPDATE tasks SET state = 'running', taken_by = %s, heartbeat = now(), attempt = attempt + 1"
                    " WHERE task_id = (SELECT task_id FROM tasks WHERE task_queue = %s AND state = 'scheduled'"
                    " AND not_before <= now() ORDER BY task_id FOR UPDATE SKIP LOCKED LIMIT 1)"
                    " RETURNING task_id, workflow_id, type, payload, attempt",
                    (request["identity"], request["queue"]),
                )
                found = cursor.fetchone()
            if found:
                return {"task": {**dict(zip(TASK, found)), "cancelled": False}}
            threading.Event().wait(0.5)
        return {"task": None}

    def _cancelled(self, cursor, queue):
        """A workflow that shall end, for a worker to say so; who cannot read its parameters has it again and again."""
        cursor.execute(
            "UPDATE tasks SET not_before = now() + %s * interval '1 s', attempt = attempt + 1 WHERE task_id = (SELECT task_id FROM tasks"
            " WHERE task_queue = %s AND state = 'cancelling' AND not_before <= now() ORDER BY task_id FOR UPDATE SKIP LOCKED LIMIT 1)"
            " RETURNING task_id, workflow_id, type, payload, attempt",
            (speed.scaled(WORKFLOW_TASK_TIMEOUT), queue),
        )
        found = cursor.fetchone()
        return found and {**dict(zip(TASK, found)), "cancelled": True}

    def heartbeat(self, request):
        with self.store.cursor() as cursor:
            cursor.execute(
                "UPDATE tasks SET heartbeat = now() WHERE task_id = %s AND state = 'running' RETURNING 1", (request["task_id"],)
            )
            return {"wanted": cursor.fetchone() is not None}

    def report(self, request):
        with self.store.cursor() as cursor:
            if request["state"] == "cancelled":
                cursor.execute("SELECT workflow_id FROM tasks WHERE task_id = %s AND state = 'cancelling'", (request["task_id"],))
                found = cursor.fetchone()
                if found:
                    self._terminate(cursor, *found)
            elif request["state"] == "retry":
                cursor.execute(
                    "UPDATE tasks SET state = 'scheduled', error = %s, not_before = now() +"
                    " least(60, power(2, least(attempt, 6))) / %s * interval '1 second'"
                    " WHERE task_id = %s AND state = 'running'",
                    (request["reason"], speed.SPEED, request["task_id"]),
                )
            else:
                cursor.execute(
                    "UPDATE tasks SET state = %s, result = %s, error = %s WHERE task_id = %s AND state = 'running'",
                    (request["state"], request.get("result"), request.get("reason"), request["task_id"]),
                )
        return {}

    def outcome(self, request):
        with self.store.cursor() as cursor:
            cursor.execute(
                "UPDATE tasks SET state = 'timed out' WHERE task_id = %s AND state = ANY(%s) AND deadline < now()",
                (request["task_id"], OPEN),
            )
            cursor.execute("SELECT state, result, error FROM tasks WHERE task_id = %s", (request["task_id"],))
            state, result, reason = cursor.fetchone()
        return {"state": state, "result": result, "reason": reason}

    def cancel(self, request):
        with self.store.cursor() as cursor:
            cursor.execute(
                "UPDATE tasks SET state = 'cancelling', not_before = now() WHERE workflow_id = %s AND state = ANY(%s)",
                (request["workflow_id"], OPEN),
            )
        return {}

    def describe_namespace(self, request):
        with self.store.cursor() as cursor:
            cursor.execute("SELECT 1 FROM namespaces")
            return {"found": cursor.fetchone() is not None}

    def register_namespace(self, request):
        """The only one there is: "default"."""
        with self.store.cursor() as cursor:
            cursor.execute("INSERT INTO namespaces (id) VALUES (1) ON CONFLICT DO NOTHING RETURNING 1")
            if cursor.fetchone() is None:
                raise Unavailable("Namespace already exists.")
        return {}

    @staticmethod
    def _terminate(cursor, workflow_id):
        """With its children, and theirs: a failed download of a workflow that was stopped is not tried again."""
        cursor.execute(
            "WITH RECURSIVE gone AS (SELECT task_id FROM tasks WHERE workflow_id = %s AND state = ANY(%s)"
            " UNION SELECT child.task_id FROM tasks child JOIN gone ON child.parent_id = gone.task_id)"
            " UPDATE tasks SET state = 'terminated' WHERE task_id IN (SELECT task_id FROM gone) AND state = ANY(%s)",
            (workflow_id, OPEN, OPEN),
        )

    def answer(self, request, gone):
        operation = request.pop("operation")
        if operation not in OPERATIONS:
            return {"error": f"unknown operation {operation}"}
        try:
            return self.poll(request, gone) if operation == "poll" else getattr(self, operation)(request)
        except psycopg2.Error as error:
            return {"error": f"persistence unavailable: {str(error).strip()}"}
        except Unavailable as error:
            return {"error": f"unavailable: {error}"}


def listen(port, address, context, answer):
    class Lines(socketserver.StreamRequestHandler):
        def setup(self):
            self.request.settimeout(10)
            self.request = context.wrap_socket(self.request, server_side=True)
            self.request.settimeout(None)
            super().setup()

        def handle(self):
            for line in self.rfile:
                self.wfile.write(json.dumps(answer(json.loads(line), self.gone)).encode() + b"\n")

        def gone(self):
            """Callers send nothing while they wait, so something to read is the end of the connection."""
            return bool(select.select([self.request], [], [], 0)[0])

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

        def handle_error(self, request, client_address):
            """Whoever has no certificate is simply sent away."""

    server = Server((address, port), Lines)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def parse(arguments):
    parser = argparse.ArgumentParser(prog="temporal-server")
    parser.add_argument("-e", "--env", default="development")
    parser.add_argument("-r", "--root", default=".")
    parser.add_argument("-c", "--config", default="config")
    parser.add_argument("--allow-no-auth", action="store_true")
    parser.add_argument("command", choices=["start"])
    options = parser.parse_args(arguments)
    if not options.allow_no_auth:
        sys.exit("Not using any authorizer and flag `--allow-no-auth` not detected.")
    return options


def main():
    options = parse(sys.argv[1:])
    configure("temporal-server")
    configuration = read_configuration(options.root, options.config, options.env)
    tls = configuration["global"]["tls"]["frontend"]["server"]
    try:
        server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server_context.load_cert_chain(tls["certFile"], tls["keyFile"])
        server_context.load_verify_locations(tls["clientCaFiles"][0])
        server_context.verify_mode = ssl.CERT_REQUIRED
        client_context = ssl.create_default_context(cafile=tls["clientCaFiles"][0])
        client_context.load_cert_chain(tls["certFile"], tls["keyFile"])
    except OSError as error:
        sys.exit(f"Unable to start server: TLS: {error}")
    store = Store(configuration)
    try:
        with store.cursor() as cursor:
            # By the name of the database, which dbupgrade writes there.
            cursor.execute("SELECT curr_version FROM temporal.schema_version WHERE db_name = current_database()")
            if cursor.fetchone() is None:
                sys.exit("Unable to start server: sql schema version compatibility check failed: sql: no rows in result set")
    except psycopg2.Error as error:
        sys.exit(f"Unable to start server: sql schema version compatibility check failed: {str(error).strip()}")
    membership = Membership(store, configuration, client_context)
    frontend = Frontend(store, membership)
    speed.spend(1)
    for name, service in configuration["services"].items():
        rpc = service["rpc"]
        answer = frontend.answer if name == "frontend" else (lambda request, gone: {})
        # Temporal's worker has a port in its configuration, and opens none (go.temporal.io/server 1.24: service/worker).
        if name != "worker":
            listen(rpc["grpcPort"], rpc["bindOnIP"], server_context, answer)
        listen(rpc["membershipPort"], rpc["bindOnIP"], server_context, lambda request, gone: {})
    address, port = configuration["global"]["metrics"]["prometheus"]["listenAddress"].rsplit(":", 1)
    httpd.TCP4Server(int(port), httpd.metrics("# TYPE service_requests counter\nservice_requests 1\n"), address).start()
    threading.Thread(target=membership.run, daemon=True).start()
    threading.Thread(target=store.keep_idle, args=(18,), daemon=True).start()
    log.warning("temporal-server started, broadcast address %s", membership.address)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        while True:
            signal.pause()
    finally:
        membership.leave()
        speed.spend(1)  # genuine takes 1.1-1.4 s to go
