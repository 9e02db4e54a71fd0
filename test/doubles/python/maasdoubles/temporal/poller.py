"""A worker: takes tasks of some queues and runs their functions (maastemporalworker/worker.py).

A task that fails is given back and tried again for ever, with pauses up to 60 s, unless it says NonRetryable.
"""

import json
import threading

from maasdoubles import speed
from maasdoubles.log import log, log_error
from maasdoubles.temporal.client import Client, TemporalError

HEARTBEAT = 5

# The task that a thread is at.
_at = threading.local()


def current():
    """The number of the task that this thread is at."""
    return _at.task_id


class NonRetryable(Exception):
    pass


class Cancelled(Exception):
    pass


def check():
    """Raises Cancelled when the task is no longer wanted; known from the last heartbeat, as with genuine activities."""
    if _at.cancelled.is_set():
        raise Cancelled


class Poller:
    def __init__(self, client, queue, functions):
        """`functions` by workflow type; each gets the parameters and gives a JSON value."""
        self.client, self.queue, self.functions = client, queue, functions

    def start(self):
        threading.Thread(target=self._poll, daemon=True).start()

    def _poll(self):
        while True:
            try:
                task = self.client.call("poll", queue=self.queue)["task"]
            except TemporalError as error:
                log.error("polling of task queue %s: %s", self.queue, error)
                speed.spend(2)
                continue
            if task:
                threading.Thread(target=self._run, args=(task,), daemon=True).start()

    def _run(self, task):
        client = Client.__new__(Client)
        client.__dict__.update(self.client.__dict__, _lock=threading.Lock(), _stream=None)
        done, cancelled = threading.Event(), threading.Event()
        _at.task_id, _at.cancelled = task["task_id"], cancelled
        threading.Thread(target=self._heartbeat, args=(client, task, done, cancelled), daemon=True).start()
        try:
            parameters = json.loads(client.codec.decode(task["payload"]))
            if task.get("cancelled"):
                raise Cancelled
            result = self.functions[task["type"]](parameters)
            answer = {"state": "completed", "result": client.codec.encode(json.dumps(result).encode())}
        except Cancelled:
            log.info("workflow %s was cancelled", task["workflow_id"])
            answer = {"state": "cancelled"}
        except NonRetryable as error:
            log.error("workflow %s failed: %s", task["workflow_id"], error)
            answer = {"state": "failed", "reason": str(error)}
        except Exception as error:
            log_error(f"workflow {task['workflow_id']} (attempt {task['attempt']}) failed, will be retried")
            answer = {"state": "retry", "reason": f"{type(error).__name__}: {error}"}
        done.set()
        while True:
            try:
                client.call("report", task_id=task["task_id"], **answer)
                return
            except TemporalError:
                speed.spend(2)

    def _heartbeat(self, client, task, done, cancelled):
        while not done.wait(HEARTBEAT):
            try:
                if not client.call("heartbeat", task_id=task["task_id"])["wanted"]:
                    cancelled.set()
            except TemporalError:
                pass
