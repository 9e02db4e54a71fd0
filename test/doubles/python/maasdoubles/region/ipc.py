"""The socket between regiond's master and its workers (maasserver/ipc.py).

A worker says its PID and then its RPC port; as long as it is connected, its rows exist. JSON lines here, AMP in MAAS.
"""

import contextlib
import json
import os
import signal
import socket
import threading

from maasdoubles import db, interfaces, paths, speed
from maasdoubles.env import MAAS_ID
from maasdoubles.log import log, log_error

UPDATE_INTERVAL = 60


class Master:
    def __init__(self, node):
        self.node = node
        self.ports = {}
        self._addresses = []
        db.execute("DELETE FROM maasserver_regioncontrollerprocess WHERE region_id = %s", node["id"])

    def start(self):
        path = paths.ipc_socket()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(path)
        listener.listen(16)
        os.chmod(path, 0o666)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        threading.Thread(target=self._update_for_ever, daemon=True).start()

    def _accept(self, listener):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        stream = connection.makefile("r")
        pid = json.loads(stream.readline())["pid"]
        log.info("Worker pid:%d IPC connected.", pid)
        self._when_database_is_there(self._create, pid)
        for line in stream:
            self.ports[pid] = json.loads(line)["port"]
            try:
                self._when_database_is_there(self._publish, pid)
            except Exception:
                log_error(f"Failed to publish the RPC port of worker pid:{pid}")
        self.ports.pop(pid, None)
        log.info("Worker pid:%d IPC disconnected.", pid)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        # The connection of this thread may be one that an outage has broken; then the next one is new.
        for _ in range(2):
            try:
                db.execute("DELETE FROM maasserver_regioncontrollerprocess WHERE region_id = %s AND pid = %s", self.node["id"], pid)
                break
            except db.DatabaseError as error:
                log.error("Failed to remove the endpoints of worker pid:%d: %s", pid, str(error).strip())
        db.forget()

    @staticmethod
    def _when_database_is_there(function, *arguments):
        while True:
            try:
                return function(*arguments)
            except db.DatabaseError:
                speed.spend(1)

    def _create(self, pid):
        return db.value(
            "INSERT INTO maasserver_regioncontrollerprocess (created, updated, pid, region_id) VALUES (now(), now(), %s, %s)"
            " ON CONFLICT (region_id, pid) DO UPDATE SET updated = now() RETURNING id",
            pid,
            self.node["id"],
        )

    def _publish(self, pid):
        """Rows for every address this host would use; what is no longer true goes."""
        with db.transaction() as cursor:
            process = self._create(pid)
            addresses = interfaces.source_addresses()
            for address in addresses:
                cursor.execute(
                    "INSERT INTO maasserver_regioncontrollerprocessendpoint (created, updated, address, port, process_id)"
                    " VALUES (now(), now(), %s, %s, %s) ON CONFLICT (process_id, address, port) DO NOTHING",
                    (address, self.ports[pid], process),
                )
            cursor.execute(
                "DELETE FROM maasserver_regioncontrollerprocessendpoint WHERE process_id = %s AND host(address) <> ALL(%s)",
                (process, addresses),
            )

    def _update_for_ever(self):
        """Each minute: refresh our rows and drop those of regions that stopped doing so."""
        while True:
            speed.spend(UPDATE_INTERVAL)
            try:
                for pid in list(self.ports):
                    self._publish(pid)
                db.execute(
                    "DELETE FROM maasserver_regioncontrollerprocess WHERE updated < now() - %s * interval '1 second'",
                    speed.scaled(UPDATE_INTERVAL) * 1.5 + 1,
                )
            except db.DatabaseError as error:
                log.error("Failure updating the endpoints: %s", str(error).strip())
            except Exception:
                log_error("Failure updating the endpoints")

    def stop(self):
        with contextlib.suppress(db.DatabaseError):
            db.execute("DELETE FROM maasserver_regioncontrollerprocess WHERE region_id = %s", self.node["id"])


class Worker:
    def __init__(self):
        self.connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.connection.connect(paths.ipc_socket())
        self._say(pid=os.getpid())

    def publish(self, port):
        self._say(port=port)

    def _say(self, **values):
        self.connection.sendall(json.dumps(values).encode() + b"\n")


def region_id():
    return db.value("SELECT id FROM maasserver_node WHERE system_id = %s", MAAS_ID.get())
