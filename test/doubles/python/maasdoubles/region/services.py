"""What regiond's master does besides: configuration of its daemons and their supervision.

maasserver/service_monitor.py and regiondservices/{http,temporal,ntp,syslog,networks_monitoring}.py, proxyconfig.py,
dns/config.py, regiondservices/service_monitor_service.py.
"""

import os
import subprocess
import threading

from maasdoubles import certificates, config, db, dns, interfaces, ntp, paths, proxy, speed, syslog
from maasdoubles.beacons import observe_networks
from maasdoubles.env import MAAS_ID
from maasdoubles.fs import NamedLock, atomic_write
from maasdoubles.log import log, log_error, maaslog
from maasdoubles.refresh import refresh
from maasdoubles.region import nodes, oauth, settings
from maasdoubles.service_monitor import OFF, ON, Applied, Service, ServiceMonitor, every_interval
from maasdoubles.templates import render

DNS_RELOAD, CONFIG_POLL, CONFIG_INTERVAL, PROXY_RETRY = 60, 2, 30, 0.1
PROXY_SETTINGS = ("enable_http_proxy", "http_proxy", "use_peer_proxy", "maas_proxy_port", "prefer_v4_proxy")
DNS_SETTINGS = ("upstream_dns", "dnssec_validation")


def proxy_expected():
    """Off when disabled or when an external one is used; not without its file."""
    if not settings.get("enable_http_proxy"):
        return OFF, "proxy disabled."
    if settings.get("http_proxy") and not settings.get("use_peer_proxy"):
        return OFF, "disabled, alternate proxy is configured in settings."
    if not proxy.is_configured():
        return OFF, "no configuration file present."
    return ON, ""


MONITORED = (
    Service("bind9", "bind9", "bind9"),
    Service("ntp_region", "ntp", "chrony"),
    Service("syslog_region", "syslog", "maas-syslog"),
    Service("proxy", "proxy", "maas-proxy", proxy_expected),
    Service("reverse_proxy", "http", "maas-http"),
    Service("temporal", "temporal", "maas-temporal"),
    Service("temporal-worker", "temporal-worker", "maas-temporal-worker"),
)


def write_http(workers_count):
    """worker_socket_paths counts workers by number, whatever their ids are."""
    os.makedirs(os.path.dirname(paths.http("x")), exist_ok=True)
    content = render(
        "maasserver",
        "http/regiond.nginx.conf.template",
        http_port=5240,
        tls_enabled=False,
        worker_socket_paths=[paths.webapp_socket(number) for number in range(workers_count)],
        apiserver_socket_path=paths.apiserver_socket(),
        static_dir=paths.SHARE,
        boot_resources_dir=paths.image_storage(),
    )
    atomic_write(content, paths.http("regiond.nginx.conf"), mode=0o644)
    content = render(
        "maasserver",
        "http/regiond.nginx.stream.conf.template",
        http_port=5242,
        internalapiserver_socket_path=paths.internalapiserver_socket(),
    )
    atomic_write(content, paths.http("regiond.nginx.stream.conf"), mode=0o644)


def write_temporal():
    conf = config.region()
    host = conf["database_host"]
    attributes = {"application_name": f"maas-temporal-{MAAS_ID.get() or 'NO_ID'}"}
    if host.startswith("/"):
        attributes["host"], host = host, "@"
    broadcast = conf["broadcast_address"]
    if not broadcast:
        try:
            broadcast = interfaces.broadcast_address(conf["maas_url"])
        except Exception as error:
            maaslog.error("Failed to identify broadcast address due to: %s", error)
    directory = paths.temporal_config()
    os.makedirs(directory, exist_ok=True)
    certificate, key, authorities = certificates.paths()
    content = render(
        "maasserver",
        "temporal/production.yaml.template",
        database=conf["database_name"],
        user=conf["database_user"],
        password=conf["database_pass"],
        address=f"{host}:{conf['database_port']}",
        connect_attributes=attributes,
        broadcast_address=broadcast,
        config_dir=directory,
        cert_file=certificate,
        key_file=key,
        cacert_file=authorities,
    )
    atomic_write(content, os.path.join(directory, "production.yaml"), mode=0o600)
    content = render("maasserver", "temporal/production-dynamic.yaml.template")
    atomic_write(content, os.path.join(directory, "production-dynamic.yaml"), mode=0o600)


class Services:
    def __init__(self, node, workers_count):
        self.node, self.workers_count = node, workers_count
        self.monitor = ServiceMonitor(*MONITORED)
        self._dns_written = None
        self._apply = Applied()
        self._proxy_wanted = threading.Event()
        self._lock, self._responsible = NamedLock("networks-monitoring"), False

    def start(self):
        self._soon(self.temporal)
        self._soon(self.http)
        self._for_ever(self.follow_settings, CONFIG_POLL)
        self._for_ever(self.proxy, PROXY_RETRY)
        self._for_ever(self.ntp, CONFIG_INTERVAL)
        self._for_ever(self.syslog, CONFIG_INTERVAL)
        self._for_ever(self.dns, DNS_RELOAD)
        self._for_ever(self.networks, 30)
        threading.Thread(target=every_interval, args=(self.supervise,), daemon=True).start()
        threading.Thread(target=observe_networks, daemon=True).start()

    def _soon(self, function):
        threading.Thread(target=self._guarded, args=(function,), daemon=True).start()

    def _for_ever(self, function, interval):
        def loop():
            while True:
                self._guarded(function)
                speed.spend(interval)

        threading.Thread(target=loop, daemon=True).start()

    @staticmethod
    def _guarded(function):
        try:
            function()
        except db.DatabaseError as error:
            log.error("%s: %s", function.__name__, str(error).strip())
        except Exception:
            log_error(f"Failed: {function.__name__}")

    def temporal(self):
        write_temporal()

    def http(self):
        write_http(self.workers_count)
        self.monitor.reload("reverse_proxy")

    _proxy_seen = _dns_seen = None

    def follow_settings(self):
        """MAAS hears of changes by NOTIFY; looking every 2 s comes to the same."""
        found = [settings.get(name) for name in PROXY_SETTINGS]
        cidrs = [one["cidr"] for one in db.rows("SELECT text(cidr) AS cidr FROM maasserver_subnet WHERE allow_proxy ORDER BY 1")]
        if (found, cidrs) != self._proxy_seen:
            self._proxy_seen = (found, cidrs)
            self._proxy_wanted.set()
        found = [settings.get(name) for name in DNS_SETTINGS]
        if found != self._dns_seen:
            first = self._dns_seen is None
            self._dns_seen = found
            if not first:
                self._soon(self.dns)

    def proxy(self):
        """At once when it is wanted, and after a failure ten times a second until it has worked (maasserver/region_controller.py)."""
        self._proxy_wanted.wait()
        self._proxy_wanted.clear()
        try:
            self._configure_proxy()
        except Exception:
            self._proxy_wanted.set()
            raise

    def _configure_proxy(self):
        port, prefer_v4 = settings.get("maas_proxy_port"), settings.get("prefer_v4_proxy")
        upstream = settings.get("http_proxy") if settings.get("use_peer_proxy") else ""
        peers = []
        if upstream:
            host, _, peer_port = upstream.removeprefix("http://").rstrip("/").partition(":")
            peers = [(host, peer_port or 80)]
        proxy.write(self._proxy_seen[1], port, peers, prefer_v4)
        self.monitor.reload("proxy", if_on=True)

    def ntp(self):
        servers = settings.get("ntp_servers").replace(",", " ").split()
        others = db.rows("SELECT id FROM maasserver_node WHERE node_type IN (3, 4) AND id <> %s ORDER BY id", self.node["id"])
        peers = [] if settings.get("ntp_external_only") else [a for one in others for a in nodes.addresses_of(one["id"])[:1]]

        def apply():
            ntp.configure(servers, peers, stratum=0)
            self.monitor.restart("ntp_region")

        self._apply("ntp", (servers, peers), apply)

    def syslog(self):
        port = settings.get("maas_syslog_port")
        promtail = settings.get("promtail_port") if settings.get("promtail_enabled") else 0

        def apply():
            syslog.write(write_local=True, port=port, promtail_port=promtail)
            self.monitor.restart("syslog_region")

        self._apply("syslog", (port, promtail), apply)

    def dns(self):
        """The zone of the default domain with every controller in it; rewritten when its records change."""
        records = []
        for node in db.rows("SELECT id, hostname, node_type FROM maasserver_node WHERE domain_id = 0 ORDER BY id"):
            for address in nodes.addresses_of(node["id"]):
                records.append((node["hostname"], address))
                if node["node_type"] in nodes.REGIONS:
                    records.append(("@", address))
        if not any(host == "@" for host, _ in records):
            records.append(("@", "127.0.0.1"))
        wanted = (records, settings.get("upstream_dns"), settings.get("dnssec_validation"))
        if wanted == self._dns_written:
            return
        with db.advisory_lock("dns"):
            serial = db.value(
                "INSERT INTO maasserver_dnspublication (serial, created, source, update)"
                " VALUES ((SELECT max(serial) + 1 FROM maasserver_dnspublication), now(), 'controllers', '') RETURNING serial"
            )
            dns.write_zone("maas", serial, records)
            # Later looks compare with the zone alone: what fails from here on is not tried again (regiondservices/dns.py).
            self._dns_written = wanted
            dns.write_options(upstream_dns=wanted[1].split(), dnssec_validation=wanted[2])
            dns.write_named_conf(zones=["maas"])
        try:
            dns.rndc("reload", attempts=30)
        except subprocess.CalledProcessError as error:
            self._dns_written = None
            log.error("rndc reload failed: %s", (error.stderr or "").strip())

    def stop(self):
        """The named lock is held until the service stops (utils/services.py SingleInstanceService); SIGKILL leaves it behind."""
        if self._responsible:
            self._lock.release()

    _networks_seen = None

    def networks(self):
        """Interfaces, by whichever process of this host holds the lock (utils/services.py NetworksMonitoringService)."""
        if not self._responsible:
            self._responsible = self._lock.acquire()
        if not self._responsible:
            log.info("Networks monitoring is done by another process: %s is held.", self._lock.path)
            return
        found = interfaces.definition()
        if found != self._networks_seen:
            refresh(config.region()["maas_url"], self.node["system_id"], oauth.node_key())
            self._networks_seen = found
            log.info("interfaces recorded: %s", ", ".join(sorted(found)) or "none")

    def supervise(self):
        """Ensure every daemon, then tell the API's readers. Rows first hold what was known before."""
        try:
            states = self.monitor.ensure_all()
            nodes.update_service(self.node["system_id"], "regiond", "running")
            for name, state in states.items():
                nodes.update_service(self.node["system_id"], name, *self.monitor.status_info(name, state))
        except db.DatabaseError as error:
            log.error("Failed to monitor services and update the database: %s", str(error).strip())
        except Exception:
            log_error("Failed to monitor services and update the database")


def start_all(node, workers_count):
    services = Services(node, workers_count)
    services.start()
    return services
