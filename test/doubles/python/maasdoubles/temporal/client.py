"""Client of the stand-in (maastemporalworker/worker.py: host, TLS name, codec, retries)."""

import json
import socket
import ssl
import threading

from maasdoubles import certificates, speed
from maasdoubles.security import EncryptionCodec
from maasdoubles.temporal import FRONTEND

HOST = "localhost"  # hard-coded in MAAS's region processes
PAUSES = (2, 4, 8, 16)  # maastemporalworker/workflow/utils.py: async_retry, five attempts


class TemporalError(Exception):
    pass


class WorkflowFailed(Exception):
    pass


class Client:
    def __init__(self, secret_text, identity, host=HOST):
        self.codec = EncryptionCodec(secret_text)
        self.identity = identity
        self.host = host
        self._lock = threading.Lock()
        self._stream = None

    def connect(self):
        sock = socket.create_connection((self.host, FRONTEND), 5)
        sock.settimeout(60)
        try:
            tls = certificates.client_context().wrap_socket(sock, server_hostname=certificates.SERVER_NAME)
        except BaseException:
            sock.close()
            raise
        self._stream = tls.makefile("rwb")
        return self

    def call(self, operation, **arguments):
        with self._lock:
            try:
                if self._stream is None:
                    self.connect()
                request = {"operation": operation, "identity": self.identity, **arguments}
                self._stream.write(json.dumps(request).encode() + b"\n")
                self._stream.flush()
                line = self._stream.readline()
            except (OSError, ssl.SSLError, ValueError) as error:
                self._stream = None
                raise TemporalError(f"{self.host}:{FRONTEND}: {error}") from error
            if not line:
                self._stream = None
                raise TemporalError(f"{self.host}:{FRONTEND} closed the connection")
        answer = json.loads(line)
        if "error" in answer:
            raise TemporalError(answer["error"])
        return answer

    def start(self, workflow, workflow_id, queue, parameters, timeout=None, parent=None):
        """Start a workflow; one of the same id that still runs is terminated. It ends with `parent`, a task."""
        payload = self.codec.encode(json.dumps(parameters).encode())
        return self.call(
            "start", type=workflow, workflow_id=workflow_id, queue=queue, payload=payload, timeout=timeout, parent=parent
        )["task_id"]

    def outcome(self, task_id):
        """(finished, result); raises WorkflowFailed."""
        answer = self.call("outcome", task_id=task_id)
        if answer["state"] == "completed":
            return True, json.loads(self.codec.decode(answer["result"]))
        if answer["state"] in ("failed", "terminated", "timed out"):
            raise WorkflowFailed(f"{answer['state']}: {answer.get('reason') or ''}")
        return False, None

    def execute(self, workflow, workflow_id, queue, parameters, timeout=None, parent=None):
        """Start and wait; Temporal being away for a while only delays the result."""
        task_id = self.start(workflow, workflow_id, queue, parameters, timeout, parent)
        while True:
            try:
                finished, result = self.outcome(task_id)
                if finished:
                    return result
            except TemporalError:
                pass
            speed.spend(0.5)

    def cancel(self, workflow_id):
        """Only asks for it: the workflow ends when a worker that can read its parameters has heard of it."""
        self.call("cancel", workflow_id=workflow_id)

    def set_up_namespace(self):
        """Whoever comes second while there is none yet is refused."""
        if not self.call("describe_namespace")["found"]:
            self.call("register_namespace")


def retried(function, pauses=PAUSES, log=None):
    """One attempt, and one after each pause; then the error goes up."""
    for attempt, pause in enumerate((*pauses, None), 1):
        try:
            return function()
        except (OSError, TemporalError) as error:
            if pause is None:
                raise
            if log:
                log.warning("%s (attempt %d)", error, attempt)
            speed.spend(pause)


def connect_with_retries(secret_text, identity, host=HOST, pauses=PAUSES, log=None):
    return retried(lambda: Client(secret_text, identity, host).connect(), pauses, log)
