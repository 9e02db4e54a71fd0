"""Keeps daemons in their state through Pebble or systemd (provisioningserver/utils/service_monitor.py)."""

import collections
import json
import os
import subprocess
import threading
import time
import urllib.parse

from maasdoubles import speed
from maasdoubles.httpd import UnixConnection
from maasdoubles.log import maaslog

ON, OFF, DEAD, UNKNOWN, ANY, OBSERVE = "on", "off", "dead", "unknown", "any", "observe"

PEBBLE_STATES = {"active": ON, "inactive": OFF, "backoff": DEAD, "error": DEAD}
SYSTEMD_STATES = {
    "active": ON,
    "reloading": DEAD,
    "inactive": OFF,
    "failed": DEAD,
    "activating": DEAD,
    "deactivating": OFF,
}
CHANGE_TIMEOUT = 10  # of Pebble, not of MAAS's pace: never scaled


def under_pebble():
    """The switch is PEBBLE alone; SNAP plays no part."""
    return "PEBBLE" in os.environ


class ServiceActionError(Exception):
    pass


class Service:
    """A monitored daemon; `expected` is a state or a function giving (state, reason)."""

    def __init__(self, name, pebble_name, systemd_name, expected=ON):
        self.name, self.pebble_name, self.systemd_name = name, pebble_name, systemd_name
        self._expected = expected

    def expected(self):
        if callable(self._expected):
            return self._expected()
        return self._expected, ""

    def set(self, state):
        self._expected = state


class PebbleSupervisor:
    def __init__(self):
        self.socket = os.environ.get("PEBBLE_SOCKET") or os.path.join(os.environ["PEBBLE"], ".pebble.socket")

    def _request(self, method, path, payload=None):
        connection = UnixConnection(self.socket)
        try:
            body = json.dumps(payload) if payload else None
            headers = {"Content-Type": "application/json"} if payload else {}
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        if not 200 <= response.status <= 299:
            raise ServiceActionError(f"Unexpected pebble response code: {response.status}")
        return json.loads(content)

    def state(self, service):
        query = urllib.parse.urlencode({"names": service.pebble_name})
        result = self._request("GET", f"/v1/services?{query}").get("result")
        if not result:
            raise ServiceActionError("Expected at least one result in services request response")
        if result[0]["name"] != service.pebble_name:
            raise ServiceActionError(f"Pebble returned status for '{result[0]['name']}'")
        if result[0]["current"] not in PEBBLE_STATES:
            raise ServiceActionError(f"Pebble returned status as '{result[0]['current']}'")
        return PEBBLE_STATES[result[0]["current"]]

    def act(self, service, action):
        if action == "reload":
            self._request("POST", "/v1/signals", {"signal": "SIGHUP", "services": [service.pebble_name]})
            return
        action = "stop" if action == "kill" else action
        response = self._request("POST", "/v1/services", {"action": action, "services": [service.pebble_name]})
        if response.get("type") == "async":
            self._wait(response["change"])

    def _wait(self, change):
        deadline = time.monotonic() + CHANGE_TIMEOUT
        while True:
            result = self._request("GET", f"/v1/changes/{change}").get("result", {})
            if result.get("ready"):
                if result.get("status") in ("Error", "Hold", "Undone") or result.get("err"):
                    raise ServiceActionError(f"Pebble change {change}: {result.get('status')} {result.get('err', '')}")
                return
            if time.monotonic() > deadline:
                raise ServiceActionError(f"Pebble change {change} was not ready within {CHANGE_TIMEOUT} s")
            time.sleep(1)


class SystemdSupervisor:
    def _systemctl(self, action, service, options=()):
        command = ["sudo", "--non-interactive", "systemctl", action, *options, service.systemd_name]
        environment = {**os.environ, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
        return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)

    def state(self, service):
        output = self._systemctl("status", service).stdout
        for line in map(str.strip, output.splitlines()):
            if line.startswith("Loaded") and line.split()[1] != "loaded":
                raise ServiceActionError(f"'{service.systemd_name}' is unknown to systemd.")
            if line.startswith("Active"):
                return SYSTEMD_STATES[line.split()[1]]
        raise ServiceActionError(f"Unable to parse the output from systemd for service '{service.systemd_name}'.")

    def act(self, service, action):
        options = ("-s", "SIGKILL") if action == "kill" and service.name == "bind9" else ()
        result = self._systemctl(action, service, options)
        if result.returncode:
            raise ServiceActionError(result.stderr.strip())


class ServiceMonitor:
    def __init__(self, *services):
        self.services = {service.name: service for service in services}
        self._states = collections.defaultdict(lambda: UNKNOWN)
        self._locks = collections.defaultdict(threading.Lock)
        self._supervisor = PebbleSupervisor() if under_pebble() else SystemdSupervisor()

    def _act(self, service, action):
        with self._locks[service.name]:
            try:
                self._supervisor.act(service, action)
            except Exception as error:
                text = f"Service '{service.name}' failed to {action}: {error}"
                maaslog.error(text)
                raise ServiceActionError(text) from error

    def _load(self, service):
        state = self._states[service.name] = self._supervisor.state(service)
        return state

    def ensure(self, name):
        service = self.services[name]
        expected, _ = service.expected()
        if expected == OBSERVE:
            return self._load(service)
        if expected == ANY:
            return UNKNOWN
        state = self._load(service)
        if state == expected or (expected == OFF and state == DEAD):
            return state
        action = "start" if expected == ON else "stop"
        self._act(service, action)
        state = self._load(service)
        if state != expected:
            text = f"Service '{name}' failed to {action}. Its current state is '{state}'."
            maaslog.error(text)
            raise ServiceActionError(text)
        maaslog.info("Service '%s' has been %s.", name, "started" if expected == ON else "stopped")
        return state

    def ensure_all(self):
        """Every service at once, as Deferreds are; a failure is logged and the last known state stands."""

        def one(name):
            try:
                return self.ensure(name)
            except Exception as error:
                maaslog.error("While monitoring service '%s' an error was encountered: %s", name, error)
                return self._states[name]

        results = {}
        threads = [
            threading.Thread(target=lambda n=name: results.__setitem__(n, one(n)), daemon=True) for name in self.services
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return {name: results.get(name, UNKNOWN) for name in self.services}

    def restart(self, name):
        service = self.services[name]
        if service.expected()[0] != ON:
            raise ServiceActionError(f"Service '{name}' is not expected to be on, unable to restart.")
        self._act(service, "restart")
        if self._load(service) != ON:
            raise ServiceActionError(f"Service '{name}' failed to restart.")

    def reload(self, name, if_on=False):
        service = self.services[name]
        if service.expected()[0] != ON:
            if if_on:
                return
            raise ServiceActionError(f"Service '{name}' is not expected to be on, unable to reload.")
        if self.ensure(name) != ON:
            raise ServiceActionError(f"Service '{name}' is not running and could not be started.")
        self._act(service, "reload")

    def status_info(self, name, state):
        """(status, status_info) as the API shows them."""
        service = self.services[name]
        expected, reason = service.expected()
        if state == UNKNOWN:
            return "unknown", reason
        if state == ON:
            return "running", reason
        if expected == ON:
            if state == OFF:
                return "dead", f"{service.systemd_name} is currently stopped."
            return "dead", f"{service.systemd_name} failed to start, process result: (Result: exit-code)"
        return "off", reason


class Applied:
    """Configurations by their name: one is applied only when it differs from the last; a failure is tried again next time."""

    def __init__(self):
        self._last = {}

    def __call__(self, name, wanted, function):
        if self._last.get(name) != wanted:
            function()
            self._last[name] = wanted


INTERVAL = 30


def every_interval(function):
    """Call `function` now and every 30 s, for ever."""
    while True:
        function()
        speed.spend(INTERVAL)
