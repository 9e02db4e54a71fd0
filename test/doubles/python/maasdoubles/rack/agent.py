"""/usr/sbin/maas-agent (maasagent/cmd/maas-agent/main.go, internal/dhcp/service.go).

Uses the first controller only: its port 5271 for workflows, its port 5242 for the internal API. Ends when
agent.yaml, the certificates or Temporal are missing, or when its configuration fails within 120 s.
"""

import base64
import http.client
import json
import os
import random
import re
import signal
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
from urllib.parse import urlsplit

import yaml

from maasdoubles import certificates, httpd, paths, speed
from maasdoubles.log import configure, log, log_error
from maasdoubles.temporal.client import TemporalError, WorkflowFailed, connect_with_retries
from maasdoubles.temporal.poller import NonRetryable, Poller

INTERNAL_API, CLUSTER = 5242, 5280
CONFIGURE_TIMEOUT = 120
LOCAL_RETRIES = (1, 2, 4, 8, 16)
CONNECT_PAUSES = (1, 2, 3, 4, *[5] * 7)
SYSTEMCTL = "/bin/systemctl"


class DHCPService:
    def __init__(self, controller, system_id):
        self.controller, self.system_id = controller, system_id
        self.socket = None

    def start(self):
        """dhcpd's helper reports leases here."""
        path = paths.data("dhcpd.sock")
        if os.path.lexists(path):
            os.unlink(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        os.chmod(path, 0o666)
        threading.Thread(target=self._notifications, daemon=True).start()

    def _request(self, method, path, body=None):
        connection = httpd.MaasTLSConnection(
            self.controller, INTERNAL_API, certificates.client_context(), certificates.SERVER_NAME
        )
        try:
            connection.request(method, f"/MAAS/a/v3internal{path}", body, {"Host": self.controller})
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        if response.status >= 400:
            raise RuntimeError(f"{method} {path}: {response.status}")
        return content

    def _notifications(self):
        while True:
            notification = self.socket.recv(65535)
            try:
                self._request("POST", "/leases", json.dumps([json.loads(notification)]))
            except (OSError, RuntimeError, ValueError, http.client.HTTPException) as error:
                log.error("lease notification: %s", error)

    def configure(self, parameters=None):
        """Fetches the files, writes all four through maas-write-file, starts or stops the two daemons."""
        config = json.loads(self._request("GET", f"/agents/{self.system_id}/services/dhcp/config"))
        files = {
            "dhcpd.conf": config["dhcpd"],
            "dhcpd-interfaces": config["dhcpd_interfaces"],
            "dhcpd6.conf": config["dhcpd6"],
            "dhcpd6-interfaces": config["dhcpd6_interfaces"],
        }
        contents = {name: base64.b64decode(text) for name, text in files.items()}
        for name, content in contents.items():
            self._write(paths.data(name), content)
        for service, name in (("maas-dhcpd", "dhcpd"), ("maas-dhcpd6", "dhcpd6")):
            wanted = contents[f"{name}.conf"] and contents[f"{name}-interfaces"]
            self._control("restart" if wanted else "stop", service)
        return True

    @staticmethod
    def _write(path, content):
        if "SNAP" in os.environ:
            with open(path, "wb") as stream:
                stream.write(content)
            return
        subprocess.run(["sudo", "/usr/lib/maas/maas-write-file", path, "640"], input=content, check=True, capture_output=True)

    @staticmethod
    def _control(action, service):
        if "SNAP" in os.environ:
            _pebble(action, service.removeprefix("maas-"))
            return
        result = subprocess.run(["sudo", SYSTEMCTL, action, service], capture_output=True, text=True)
        if result.returncode:
            raise RuntimeError(f"failed to {action} {service}, out: {result.stdout}{result.stderr}")


def _pebble(action, service):
    """Only in the snap (maasagent/internal/servicecontroller/pebble.go)."""
    path = os.environ.get("PEBBLE_SOCKET") or os.path.join(os.environ.get("PEBBLE", ""), ".pebble.socket")
    connection = httpd.UnixConnection(path)
    body = json.dumps({"action": action, "services": [service]})
    connection.request("POST", "/v1/services", body, {"Content-Type": "application/json"})
    change = json.loads(connection.getresponse().read())["change"]
    connection.request("GET", f"/v1/changes/{change}/wait")
    result = json.loads(connection.getresponse().read())["result"]
    if result.get("err"):
        raise RuntimeError(f"failed to {action} {service}: {result['err']}")


def http_respond(method, path, headers, body):
    if path == "/metrics":
        return 200, "text/plain; version=0.0.4", "# TYPE maas_agent_up gauge\nmaas_agent_up 1\n"
    return 404, "text/plain", "404 page not found\n"


def reachable(endpoints):
    """Those that answer within half a second: the others are forgotten until the next configuration (internal/httpproxy/service.go).

    Where none does, the same are tried again for half a minute (internal/workflow/utils.go).
    """

    def answers(url):
        try:
            socket.create_connection((url.hostname, url.port), 0.5).close()
        except OSError:
            return False
        return True

    urls = [urlsplit(endpoint) for endpoint in endpoints]
    for pause in (*LOCAL_RETRIES, None):
        found = [url for url in urls if answers(url)]
        if found:
            return found
        if pause:
            speed.spend(pause)
    raise NonRetryable("targets cannot be empty")


def http_proxy(targets):
    """The caching proxy for images (internal/httpproxy/proxy.go): without a cache here, it fetches each time.

    From any of its targets; from the others in turn when that fails.
    """

    def respond(method, path, headers, body):
        path = re.sub(".*/images/(.*)", r"boot-resources/\1", path).lstrip("/")
        for target in random.sample(targets, len(targets)):
            connection = http.client.HTTPConnection(target.hostname, target.port, timeout=30)
            try:
                connection.request(method, target.path + path)
                response = connection.getresponse()
                return response.status, response.getheader("Content-Type", "text/plain"), response.read()
            except (OSError, http.client.HTTPException) as error:
                log.warning("Request to target failed: %s: %s", target.geturl(), error)
            finally:
                connection.close()
        return 503, "text/plain", "Service Unavailable\n"

    return respond


def listen_for_cluster(context, controller):
    """Port 5280, where agents of one MAAS find each other (internal/cluster, canonical/microcluster v2): it only answers TLS here.

    For ever on the address with which its folder was made, whatever the host has now; where it cannot, it waits in vain. While the folder
    is being made that starts the whole agent anew.
    """

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

        def finish_request(self, request, client_address):
            context.wrap_socket(request, server_side=True).close()

        def handle_error(self, request, client_address):
            """Nobody is expected."""

    state = paths.data("microcluster/daemon.yaml")
    known = os.path.exists(state)
    if known:
        with open(state) as stream:
            address = yaml.safe_load(stream)["address"]
    else:
        family, kind, _, _, region = socket.getaddrinfo(controller, CLUSTER, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind) as probe:
            probe.connect(region)
            address = probe.getsockname()[0]
    Server.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        server = Server((address, CLUSTER), None)
    except OSError as error:
        log.error("Failed to listen on https socket: %s", error)
        if not known:
            os.execv(sys.argv[0], sys.argv)
        speed.spend(60)
        raise NonRetryable("deadline exceeded") from error
    os.makedirs(os.path.dirname(state), exist_ok=True)
    with open(state, "w") as stream:
        yaml.safe_dump({"address": address}, stream)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def read_config():
    try:
        with open(paths.agent_config()) as stream:
            return yaml.safe_load(stream)
    except OSError as error:
        sys.exit(f"Failed starting MAAS Agent: configuration error: {error}")


def main():
    configure("maas-agent")
    conf = read_config()
    if not os.path.isdir(paths.RUN):
        os.mkdir(paths.RUN, 0o755)
    httpd.UnixServer(f"{paths.RUN}/agent-http.sock", http_respond, mode=0o660).start()
    if certificates.paths() is None:
        sys.exit("Cannot fetch cluster certificate")
    controller, system_id = conf["controllers"][0], conf["system_id"]
    identity = f"{system_id}@agent:{os.getpid()}"
    cache = conf["httpproxy"]["cache_dir"]
    if not os.path.isdir(os.path.dirname(cache)):
        sys.exit(f"HTTP Proxy cache initialisation error: no directory {os.path.dirname(cache)}")
    os.makedirs(cache, exist_ok=True)
    try:
        client = connect_with_retries(conf["secret"], identity, controller, CONNECT_PAUSES, log)
    except (OSError, ssl.SSLError) as error:
        sys.exit(f"Temporal client error: {error}")
    dhcp = DHCPService(controller, system_id)

    def configure_services(parameters):
        listen_for_cluster(certificates.server_context(), controller)
        targets = reachable(parameters["endpoints"])
        httpd.UnixServer(f"{paths.RUN}/httpproxy.sock", http_proxy(targets), mode=0o660).start()
        log.info("Started httpproxy-service, targets=%s", ",".join(target.geturl() for target in targets))
        if parameters["dhcp"]:
            dhcp.start()
            dhcp.configure()
        return True

    functions = {"configure-services": configure_services, "apply-dhcp-config-via-file": dhcp.configure}
    worker = connect_with_retries(conf["secret"], identity, controller, CONNECT_PAUSES)
    Poller(worker, f"{system_id}@agent:main", functions).start()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stopping.set())
    threading.Thread(target=configure_agent, args=(client, system_id), daemon=True).start()
    stopping.wait()
    os._exit(0)


def configure_agent(client, system_id):
    """Asks the region for its own configuration; failing that within the time, it ends."""
    workflow = ("configure-agent", f"configure-agent:{system_id}", "region", {"system_id": system_id})
    try:
        client.execute(*workflow, timeout=speed.scaled(CONFIGURE_TIMEOUT))
    except (TemporalError, WorkflowFailed) as error:
        log.error("Workflow configure-agent failed: %s", error)
        os._exit(1)
    except Exception:
        log_error("Workflow configure-agent failed")
        os._exit(1)
    log.info("Service MAAS Agent started")
