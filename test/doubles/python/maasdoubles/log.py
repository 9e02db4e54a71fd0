"""Two loggers, as in MAAS.

`log` goes to stdout, one line per event. `maaslog` goes only to rsyslog's socket and queues without bound while that
is missing (provisioningserver/logger/_maaslog.py): without a syslog daemon its lines are never seen.
"""

import collections
import logging
import os
import socket
import sys
import threading
import traceback

from maasdoubles import paths


class OneLine(logging.Formatter):
    def format(self, record):
        return super().format(record).replace("\n", " | ")


def configure(program):
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        OneLine(
            f"%(asctime)s {program}: [%(levelname)s] %(message)s",
            "%Y-%m-%d %H:%M:%S",
        )
    )
    log.handlers[:] = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False
    threading.excepthook = lambda failure: _log_exception("Unhandled error", failure.exc_value)


log = logging.getLogger("maas.double")


def log_error(message):
    """Log `message` with the exception being handled."""
    _log_exception(message, sys.exc_info()[1])


def _log_exception(message, error):
    """What, where, and what a program said on stderr, on one line."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    said = getattr(error, "stderr", None) or b""
    said = said.decode() if isinstance(said, bytes) else said
    where = f"{os.path.basename(frame.filename)}:{frame.lineno}"
    log.error("%s | %s: %s (%s) %s", message, type(error).__name__, error, where, said.strip())


class MAASSysLog:
    """Sends datagrams to <data>/rsyslog/log.sock; keeps them while nobody listens."""

    def __init__(self):
        self._queue = collections.deque()
        self._lock = threading.Lock()

    def _send(self, line):
        with self._lock:
            self._queue.append(line)
            try:
                with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
                    sock.connect(paths.syslog_socket())
                    while self._queue:
                        sock.send(self._queue[0].encode())
                        self._queue.popleft()
            except OSError:
                pass

    def _emit(self, priority, level, message, args):
        text = (message % args if args else message).replace("\n", " | ")
        self._send(f"<{priority}>maas.double[{os.getpid()}]: [{level}] {text}")

    def info(self, message, *args):
        self._emit(30, "info", message, args)

    def warning(self, message, *args):
        self._emit(28, "warn", message, args)

    def error(self, message, *args):
        self._emit(27, "error", message, args)


maaslog = MAASSysLog()
