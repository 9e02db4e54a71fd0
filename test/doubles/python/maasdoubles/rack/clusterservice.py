"""The rack's end of RPC (provisioningserver/rpc/clusterservice.py).

Asks every maas_url for the event loops, connects to each of them by the addresses given there, proves that it knows
the secret, has the region prove the same, registers.
"""

import ipaddress
import json
import os
import ssl
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from socket import gethostname

from maasdoubles import amp, certificates, config, interfaces, paths, speed, version
from maasdoubles.env import MAAS_ID, MAAS_SHARED_SECRET, MAAS_UUID
from maasdoubles.log import log, log_error
from maasdoubles.security import calculate_digest, fernet_decrypt

INTERVAL_LOW, INTERVAL_MID, INTERVAL_HIGH = 1, 5, 30


class HandshakeFailed(Exception):
    pass


class Connection:
    def __init__(self, service, eventloop, address):
        self.service, self.eventloop, self.address = service, eventloop, address
        sock = socket.create_connection(address, 5)
        sock.settimeout(None)
        responders = {
            "Authenticate": self.authenticate,
            "Identify": lambda arguments: {"ident": (MAAS_ID.get() or "").encode()},
            "Ping": lambda arguments: {},
            "DisableAndShutoffRackd": self.disable_and_shutoff,
        }
        self.protocol = amp.Protocol(sock, responders, self.lost)
        self.protocol.start()
        try:
            self.handshake()
        except BaseException:
            self.protocol.close()
            raise

    def authenticate(self, arguments):
        salt = os.urandom(16)
        return {"digest": calculate_digest(self.service.secret, arguments["message"], salt), "salt": salt}

    def handshake(self):
        message = os.urandom(16)
        answer = self.protocol.call("Authenticate", message=message, timeout=30)
        if answer["digest"] != calculate_digest(self.service.secret, message, answer["salt"]):
            raise HandshakeFailed(f"Event-loop '{self.eventloop}' FAILED authentication; dropping connection.")
        log.info("Event-loop '%s' authenticated.", self.eventloop)
        try:
            answer = self.protocol.call(
                "RegisterRackController",
                system_id=(MAAS_ID.get() or "").encode(),
                hostname=gethostname().encode(),
                interfaces=amp.structure(interfaces.definition()),
                url=self.service.maas_url.encode(),
                beacon_support=b"True",
                version=version.running_version().encode(),
            )
        except amp.RemoteError as error:
            raise HandshakeFailed(f"Rack controller REJECTED by the region (via {self.eventloop}): {error}") from error
        system_id = answer["system_id"].decode()
        MAAS_ID.set(system_id)
        MAAS_UUID.set(answer["uuid"].decode())
        log.info(
            "Rack controller '%s' registered (via %s) with MAAS version %s.",
            system_id,
            self.eventloop,
            answer.get("version", b"").decode(),
        )
        if certificates.paths() is None:
            token = answer["encrypted_cluster_certificate"].decode()
            certificates.store(json.loads(fernet_decrypt(self.service.secret, token)))

    def disable_and_shutoff(self, arguments):
        """The region deletes this rack: without its secret it shall not come back by itself."""
        log.info("Attempting to disable the rackd service.")
        self.service.secret = b""
        MAAS_SHARED_SECRET.set(None)
        try:
            subprocess.run(["sudo", "systemctl", "restart", "maas-rackd"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise amp.RemoteError("CannotDisableAndShutoffRackd", str(error)) from error
        return {}

    def lost(self):
        self.service.forget(self)


class ClusterClientService:
    def __init__(self, secret):
        self.secret = secret
        self.maas_url = None
        self.connections = {}
        self._lock = threading.Lock()
        self._complete = False
        self._saved = None
        self._started = time.monotonic()

    def start(self):
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            eventloops = None
            try:
                eventloops = self.update()
            except (urllib.error.URLError, OSError) as error:
                urls = ", ".join(config.cluster_urls())
                log.info("Region not available: %s (While requesting RPC info at %s).", error, urls)
            except Exception:
                log_error("Cluster client update failed.")
            speed.spend(self._interval(eventloops))

    def _interval(self, eventloops):
        if time.monotonic() - self._started < INTERVAL_HIGH or not eventloops or not self.connections:
            return INTERVAL_LOW
        return INTERVAL_MID if len(self.connections) < len(eventloops) else INTERVAL_HIGH

    def update(self):
        eventloops, url = self._rpc_info()
        if not eventloops:
            self.maas_url = None
            urls = ", ".join(config.cluster_urls())
            log.info("Region is not advertising RPC endpoints. (While requesting RPC info at %s)", urls)
            return eventloops
        self.maas_url = url
        wanted = {
            name: [(f"::ffff:{host}" if ipaddress.ip_address(host).version == 4 else host, port) for host, port in addresses]
            for name, addresses in eventloops.items()
        }
        for name, connection in list(self.connections.items()):
            if connection.address not in wanted.get(name, []):
                log.info("Dropping connections to event-loops: %s", name)
                connection.protocol.close()
        missing = [name for name in wanted if name not in self.connections]
        if missing:
            self._complete = False
            log.info("Making connections to event-loops: %s", ", ".join(missing))
            threads = [threading.Thread(target=self._connect, args=(name, wanted[name]), daemon=True) for name in missing]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        elif not self._complete:
            self._complete = True
            regions = sorted({name.split(":")[0] for name in wanted})
            log.info(
                "Fully connected to all %d event-loops on all %d region controllers (%s).",
                len(wanted),
                len(regions),
                ", ".join(regions),
            )
        self._save()
        return eventloops

    def _connect(self, name, addresses):
        for address in addresses:
            try:
                connection = Connection(self, name, address)
            except HandshakeFailed as error:
                log.info("%s", error)
            except (OSError, amp.ConnectionClosed, TimeoutError) as error:
                log.info("Unable to connect to event-loop '%s' at %s:%d: %s", name, *address, error)
            except Exception:
                log_error(f"Event-loop '{name}' handshake failed; dropping connection.")
            else:
                with self._lock:
                    self.connections[name] = connection
                return

    def forget(self, connection):
        with self._lock:
            if self.connections.get(connection.eventloop) is connection:
                del self.connections[connection.eventloop]
                log.info("Connection to event-loop '%s' lost.", connection.eventloop)

    def _rpc_info(self):
        """The answer with the most event loops, of rackd.conf's URLs or else of those saved."""
        errors = []
        for urls in (config.cluster_urls(), self._saved_urls()):
            best = None
            for url in urls:
                try:
                    found = self._fetch(url)
                except (OSError, ValueError, ssl.SSLError) as error:
                    errors.append(error)
                    continue
                if found and (best is None or len(found) > len(best[0])):
                    best = (found, url)
            if best:
                return best
        if errors:
            raise errors[0]
        return None, None

    @staticmethod
    def _fetch(url):
        request = urllib.request.Request(url.rstrip("/") + "/rpc/", headers={"User-Agent": "ClusterClientService"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=5) as response:
                return json.load(response).get("eventloops")
        except urllib.error.HTTPError as error:
            if error.code in (502, 503):
                return None
            raise

    @staticmethod
    def _saved_urls():
        try:
            with open(paths.data("rpc.state")) as stream:
                return stream.read().split()
        except OSError:
            return []

    def _save(self):
        hosts = sorted({connection.address[0].removeprefix("::ffff:") for connection in self.connections.values()})
        if hosts != self._saved:
            with open(paths.data("rpc.state"), "w") as stream:
                for host in hosts:
                    stream.write(f"http://{f'[{host}]' if ':' in host else host}:5240/MAAS\n")
            self._saved = hosts

    def call(self, command, **arguments):
        """On any connection; LookupError when there is none."""
        connections = list(self.connections.values())
        if not connections:
            raise LookupError("no RPC connection to a region")
        return connections[0].protocol.call(command, **arguments)

    def region_ips(self):
        """(region, address) pairs: per region the first address connected to."""
        found = {}
        for name, connection in sorted(self.connections.items()):
            address = connection.address[0].removeprefix("::ffff:")
            region = name.split(":")[0]
            found[region] = min(found.get(region, address), address)
        return sorted((region, f"[{address}]" if ":" in address else address) for region, address in found.items())
