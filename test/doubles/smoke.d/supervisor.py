#!/usr/bin/python3
"""All processes of one pod in one container, behind Pebble's HTTP API: what MAAS's service monitor asks for.

For `smoke` only. The project has a real Pebble in a container per process; this shows that the doubles alone work.

usage: supervisor.py region|rack
"""

import http.server
import json
import os
import shlex
import signal
import socketserver
import subprocess
import sys
import threading
import time
import urllib.parse

SOCKET = "/run/pebble.socket"
DATA = "/var/lib/maas"
CERTIFICATES = [f"{DATA}/certificates/{name}" for name in ("cluster.key", "cluster.pem", "cacerts.pem")]
NGINX = (
    "nginx -e stderr -g 'daemon off; pid /run/nginx.pid; user root;' -c /smoke/nginx.conf"
)
NTP = "chronyd -x -d -u root -f /etc/chrony/chrony.conf"
SYSLOG = f"sh -c 'mkdir -p {DATA}/rsyslog; exec rsyslogd -n -f {DATA}/rsyslog.conf -i NONE'"
PROXY = (
    f"sh -c 'trap \"\" HUP; . /usr/share/maas/maas-proxy-common.sh; pre_start >/dev/null 2>&1;"
    f" exec squid -N -d 5 -f {DATA}/maas-proxy.conf'"
)

# name: (command, files to wait for, started at once)
PODS = {
    "region": {
        "regiond": ("/usr/sbin/regiond", ["/etc/maas/regiond.conf"], True),
        "apiserver": ("/usr/sbin/maas-apiserver", CERTIFICATES, True),
        "temporal": (
            f"/usr/sbin/temporal-server -e production -r {DATA}/temporal/ -c '' --allow-no-auth start",
            [f"{DATA}/temporal/production.yaml", *CERTIFICATES],
            True,
        ),
        "temporal-worker": ("/usr/sbin/maas-temporal-worker", [f"{DATA}/maas_id", f"{DATA}/secret", *CERTIFICATES], True),
        "http": (NGINX, [f"{DATA}/http/regiond.nginx.conf"], True),
        "bind9": ("named -g -c /etc/bind/named.conf", ["/etc/bind/maas/named.conf.maas"], True),
        "ntp": (NTP, [], False),
        "syslog": (SYSLOG, [f"{DATA}/rsyslog.conf"], False),
        "proxy": (PROXY, [f"{DATA}/maas-proxy.conf"], False),
    },
    "rack": {
        "rackd": ("/usr/sbin/rackd", ["/etc/maas/rackd.conf", f"{DATA}/secret"], True),
        "agent": ("/usr/sbin/maas-agent", ["/etc/maas/agent.yaml", *CERTIFICATES], True),
        "http": (NGINX, [f"{DATA}/http/rackd.nginx.conf"], True),
        "dhcpd": (
            f"sh -c 'touch {DATA}/dhcp/dhcpd.leases; exec dhcpd -f -4 -pf /run/dhcpd.pid -cf {DATA}/dhcpd.conf"
            f" -lf {DATA}/dhcp/dhcpd.leases $(cat {DATA}/dhcpd-interfaces)'",
            [f"{DATA}/dhcpd.conf", f"{DATA}/dhcpd-interfaces"],
            False,
        ),
        "dhcpd6": ("false", [], False),
        "ntp": (NTP, [], False),
        "syslog": (SYSLOG, [f"{DATA}/rsyslog.conf"], False),
        "proxy": (PROXY, [f"{DATA}/maas-proxy.conf"], False),
    },
}


class Service:
    def __init__(self, name, command, files, wanted):
        self.name, self.command, self.files, self.wanted = name, shlex.split(command), files, wanted
        self.process = None
        threading.Thread(target=self._keep, daemon=True).start()

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def _keep(self):
        while True:
            if self.wanted and not self.alive() and all(map(os.path.exists, self.files)):
                if self.process is not None:
                    print(f"supervisor: {self.name} ended with {self.process.returncode}, starting it again", flush=True)
                    time.sleep(1)
                environment = {**os.environ, "prometheus_multiproc_dir": f"/run/prometheus-{self.name}"}
                os.makedirs(environment["prometheus_multiproc_dir"], exist_ok=True)
                self.process = subprocess.Popen(self.command, env=environment)
            time.sleep(0.2)

    def act(self, action):
        if action in ("stop", "restart"):
            self.wanted = False
            if self.alive():
                self.process.terminate()
                try:
                    self.process.wait(10)
                except subprocess.TimeoutExpired:
                    self.process.kill()
                    self.process.wait()
            self.process = None
        if action in ("start", "restart"):
            self.wanted = True
            deadline = time.monotonic() + 3
            while not self.alive() and time.monotonic() < deadline:
                time.sleep(0.1)
            time.sleep(1)
            if not self.alive():
                return f"service {self.name} exited quickly or waits for a file"
        return ""


class API(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    services, changes = {}, {}

    def _answer(self, result, change=None):
        document = {"type": "async" if change else "sync", "status-code": 202 if change else 200, "result": result}
        if change:
            document["change"] = change
        body = json.dumps(document).encode()
        self.send_response(document["status-code"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/v1/services":
            names = urllib.parse.parse_qs(url.query).get("names", [""])[0].split(",")
            self._answer(
                [
                    {"name": name, "startup": "enabled", "current": "active" if service.alive() else "inactive"}
                    for name, service in self.services.items()
                    if names == [""] or name in names
                ]
            )
        else:
            self._answer(self.changes[url.path.split("/")[3]])

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        names = request["services"]
        if self.path == "/v1/signals":
            for name in names:
                if self.services[name].alive():
                    self.services[name].process.send_signal(signal.Signals[request["signal"]])
            self._answer(True)
            return
        change = str(len(self.changes) + 1)
        self.changes[change] = {"id": change, "status": "Doing", "ready": False}
        threading.Thread(target=self._run, args=(change, request["action"], names), daemon=True).start()
        self._answer(None, change)

    def _run(self, change, action, names):
        error = " ".join(filter(None, (self.services[name].act(action) for name in names)))
        self.changes[change] = {"id": change, "status": "Error" if error else "Done", "ready": True, "err": error}

    def log_message(self, format, *args):
        pass

    def address_string(self):
        return "unix"


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


def main():
    os.environ.update(PEBBLE="/run", PEBBLE_SOCKET=SOCKET, DJANGO_SETTINGS_MODULE="maasserver.djangosettings.settings")
    if os.path.exists(SOCKET):
        os.unlink(SOCKET)
    API.services = {name: Service(name, *entry) for name, entry in PODS[sys.argv[1]].items()}
    Server(SOCKET, API).serve_forever()


main()
