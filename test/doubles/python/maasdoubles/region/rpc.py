"""The region's end of RPC, one per worker on the first free port of 5250-5259 (maasserver/rpc/regionservice.py)."""

import json
import os
import socket
import threading
import time

from maasdoubles import amp, db, secrets, speed, version
from maasdoubles.env import MAAS_UUID
from maasdoubles.log import log, log_error
from maasdoubles.region import ipc, nodes, oauth, settings
from maasdoubles.security import calculate_digest, fernet_encrypt

PORTS = range(5250, 5260)
OPEN = {"Authenticate", "Identify", "Ping"}


class Connection:
    """A rack's connection. Until the rack has shown that it knows the secret, only OPEN commands are served."""

    def __init__(self, service, sock):
        self.service = service
        self.authenticated = False
        self.rack = None
        self.local = sock.getsockname()
        self.peer = f"{sock.getpeername()[0]}:{sock.getpeername()[1]}"
        commands = {
            "Authenticate": self.authenticate,
            "Identify": self.identify,
            "Ping": lambda arguments: {},
            "RegisterRackController": self.register,
            "UpdateServices": self.update_services,
            "RequestRackRefresh": self.request_rack_refresh,
            "GetControllerType": self.get_controller_type,
            "GetTimeConfiguration": self.get_time_configuration,
            "GetDNSConfiguration": lambda arguments: {"trusted_networks": amp.unicode_list([])},
            "GetProxyConfiguration": self.get_proxy_configuration,
            "GetSyslogConfiguration": self.get_syslog_configuration,
            "GetDiscoveryState": lambda arguments: {"interfaces": amp.structure({})},
            "UpdateControllerState": lambda arguments: {},
        }
        responders = {name: self._guard(name, function) for name, function in commands.items()}
        self.protocol = amp.Protocol(sock, responders, self.lost)
        self.protocol.start()
        threading.Thread(target=self._handshake, daemon=True).start()

    def _guard(self, name, function):
        def respond(arguments):
            if name not in OPEN and not self._trusted():
                raise amp.RemoteError("ERROR", f"The command {name} requires an authenticated connection")
            try:
                return function(arguments)
            finally:
                db.forget()

        return respond

    def _trusted(self):
        """The rack may be quicker than our half of the handshake: some patience."""
        for retry in range(5):
            if self.authenticated:
                return True
            time.sleep(((2**retry) - 1) / 2)
        return self.authenticated

    def _handshake(self):
        try:
            message = os.urandom(16)
            answer = self.protocol.call("Authenticate", message=message)
            secret = bytes.fromhex(secrets.shared_secret())
            self.authenticated = answer["digest"] == calculate_digest(secret, message, answer["salt"])
        except amp.ConnectionClosed:
            return
        except Exception:
            log_error(
                f"Rack controller from '{self.peer}' could not be authenticated; dropping connection. Check that"
                " /var/lib/maas/secret on the controller contains the correct shared key."
            )
            self.protocol.close()
            return
        finally:
            db.forget()
        if self.authenticated:
            log.info("Rack controller authenticated from '%s'.", self.peer)
        else:
            log.info("Rack controller FAILED authentication from '%s'; dropping connection.", self.peer)
            self.protocol.close()

    def authenticate(self, arguments):
        salt = os.urandom(16)
        secret = bytes.fromhex(secrets.shared_secret())
        return {"digest": calculate_digest(secret, arguments["message"], salt), "salt": salt}

    def identify(self, arguments):
        return {"ident": f"{socket.gethostname()}:pid={os.getpid()}".encode()}

    def register(self, arguments):
        hostname = arguments["hostname"].decode()
        try:
            # maasserver/rpc/rackcontrollers.py: one at a time, or each event loop would make a node of its own.
            with db.advisory_lock("startup"), db.transaction():
                self.rack = nodes.register_rack(
                    arguments.get("system_id", b"").decode(),
                    hostname,
                    amp.from_structure(arguments["interfaces"]),
                    arguments.get("url", b"").decode(),
                    arguments.get("version", b"").decode(),
                )
                self._connected()
            certificate = secrets.get("cluster-certificate")
            secret = bytes.fromhex(secrets.shared_secret())
        except Exception as error:
            log_error(f"Failed to register rack controller '{hostname}' with the master. Connection will be dropped.")
            raise amp.RemoteError("CannotRegisterRackController", "Failed to register rack controller") from error
        answer = {
            "system_id": self.rack["system_id"].encode(),
            "uuid": (MAAS_UUID.get() or "").encode(),
            "encrypted_cluster_certificate": fernet_encrypt(secret, json.dumps(certificate)).encode(),
        }
        if arguments.get("beacon_support") == b"True":
            answer["beacon_support"] = b"True"
        if arguments.get("version"):
            answer["version"] = version.running_version().encode()
        self.service.connections.add(self)
        return answer

    def _connected(self):
        address = self.local[0].removeprefix("::ffff:")
        db.execute(
            "INSERT INTO maasserver_regionrackrpcconnection (created, updated, endpoint_id, rack_controller_id)"
            " SELECT now(), now(), endpoint.id, %s FROM maasserver_regioncontrollerprocessendpoint endpoint"
            " JOIN maasserver_regioncontrollerprocess process ON process.id = endpoint.process_id"
            " WHERE process.region_id = %s AND process.pid = %s AND host(endpoint.address) = %s"
            " ON CONFLICT (endpoint_id, rack_controller_id) DO NOTHING",
            self.rack["id"],
            ipc.region_id(),
            os.getpid(),
            address,
        )
        nodes.update_rackd_status(self.rack["id"])

    def lost(self):
        self.service.connections.discard(self)
        if self.rack is None:
            return
        log.info("Rack controller '%s' disconnected.", self.rack["system_id"])
        if any(other.rack and other.rack["id"] == self.rack["id"] for other in self.service.connections):
            return
        try:
            with db.transaction():
                db.execute(
                    "DELETE FROM maasserver_regionrackrpcconnection connection USING maasserver_regioncontrollerprocessendpoint"
                    " endpoint, maasserver_regioncontrollerprocess process WHERE connection.endpoint_id = endpoint.id"
                    " AND endpoint.process_id = process.id AND process.region_id = %s AND process.pid = %s"
                    " AND connection.rack_controller_id = %s",
                    ipc.region_id(),
                    os.getpid(),
                    self.rack["id"],
                )
                if db.value("SELECT 1 FROM maasserver_node WHERE id = %s", self.rack["id"]):
                    nodes.update_rackd_status(self.rack["id"])
        except db.DatabaseError as error:
            log.error("Failed to unregister the connection with the master. %s", str(error).strip())
        finally:
            db.forget()

    def update_services(self, arguments):
        system_id = arguments["system_id"].decode()
        if nodes.by_id(system_id, nodes.RACKS) is None:
            raise amp.RemoteError("NoSuchCluster", f"Rack controller {system_id} does not exist")
        for service in amp.from_amp_list(arguments["services"]):
            nodes.update_service(system_id, service["name"], service["status"], service["status_info"])
        nodes.update_rackd_status(self.rack["id"])
        return {}

    def request_rack_refresh(self, arguments):
        consumer, token, secret = oauth.node_key()
        return {"consumer_key": consumer.encode(), "token_key": token.encode(), "token_secret": secret.encode()}

    def get_controller_type(self, arguments):
        system_id = arguments["system_id"].decode()
        node = nodes.by_id(system_id, (nodes.RACK, *nodes.REGIONS))
        if node is None:
            raise amp.RemoteError("NoSuchNode", f"Node with system_id={system_id} could not be found.")
        return {
            "is_region": amp.boolean(node["node_type"] in nodes.REGIONS),
            "is_rack": amp.boolean(node["node_type"] in nodes.RACKS),
        }

    def get_time_configuration(self, arguments):
        """Racks take the time from the regions, unless only external servers shall be used."""
        if settings.get("ntp_external_only"):
            servers = settings.get("ntp_servers").split()
        else:
            regions = db.rows("SELECT id FROM maasserver_node WHERE node_type IN (3, 4)")
            servers = [address for region in regions for address in nodes.addresses_of(region["id"])]
        return {"servers": amp.unicode_list(servers), "peers": amp.unicode_list([])}

    def get_proxy_configuration(self, arguments):
        cidrs = [found["cidr"] for found in db.rows("SELECT text(cidr) AS cidr FROM maasserver_subnet WHERE allow_proxy")]
        return {
            "enabled": amp.boolean(settings.get("enable_http_proxy")),
            "port": str(settings.get("maas_proxy_port")).encode(),
            "allowed_cidrs": amp.unicode_list(cidrs),
            "prefer_v4_proxy": amp.boolean(settings.get("prefer_v4_proxy")),
        }

    def get_syslog_configuration(self, arguments):
        answer = {"port": str(settings.get("maas_syslog_port")).encode()}
        if settings.get("promtail_enabled"):
            answer["promtail_port"] = str(settings.get("promtail_port")).encode()
        return answer


class RegionService:
    def __init__(self):
        self.connections = set()

    def listen(self):
        """Bind the first free port; racks are told of it only afterwards."""
        for port in PORTS:
            listener = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("::", port))
                listener.listen(50)
            except OSError:
                listener.close()
                continue
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
            return port
        raise OSError("RegionServer endpoint failed to listen: no free port of 5250-5259")

    def _accept(self, listener):
        while True:
            sock, _ = listener.accept()
            Connection(self, sock)

    def disable_and_shutoff(self, system_id):
        """Tell a rack that is being deleted to forget the secret and restart."""
        for connection in list(self.connections):
            if connection.rack["system_id"] == system_id:
                try:
                    connection.protocol.call("DisableAndShutoffRackd", timeout=speed.scaled(30))
                except amp.ConnectionClosed:
                    pass  # it restarts before it can answer
                except Exception:
                    log_error(f"could not shut off rack controller {system_id}")
                return
