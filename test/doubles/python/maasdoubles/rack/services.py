"""Daemons of a rack: configuration and supervision.

provisioningserver/service_monitor.py, rackdservices/{external,http,service_monitor_service,networks_monitoring_service}.py.
"""

import os
import threading
from urllib.parse import urlparse

import yaml

from maasdoubles import amp, config, interfaces, ntp, paths, proxy, speed, syslog
from maasdoubles.env import MAAS_ID, MAAS_SHARED_SECRET, MAAS_UUID
from maasdoubles.fs import NamedLock, atomic_write
from maasdoubles.log import log, log_error, maaslog
from maasdoubles.refresh import refresh
from maasdoubles.service_monitor import ANY, OBSERVE, OFF, ON, Applied, Service, ServiceMonitor, every_interval
from maasdoubles.templates import render

INTERVAL_LOW, INTERVAL_HIGH = 5, 30


def monitored():
    return (
        Service("http", "http", "maas-http"),
        Service("dhcpd", "dhcpd", "maas-dhcpd", OBSERVE),
        Service("dhcpd6", "dhcpd6", "maas-dhcpd6", OBSERVE),
        Service("ntp_rack", "ntp", "chrony", ANY),
        Service("proxy_rack", "proxy", "maas-proxy", ANY),
        Service("syslog_rack", "syslog", "maas-syslog", ANY),
        Service("agent", "agent", "maas-agent"),
    )


class RackServices:
    def __init__(self, rpc):
        self.rpc = rpc
        self.monitor = ServiceMonitor(*monitored())
        self._apply = Applied()
        self._lock, self._responsible = NamedLock("networks-monitoring"), False

    def start(self):
        threading.Thread(target=every_interval, args=(self.supervise,), daemon=True).start()
        self._for_ever(self.http, lambda: self.rpc.connections)
        self._for_ever(self.external, lambda: self.rpc.connections)
        self._for_ever(self.networks, lambda: True)

    @staticmethod
    def _for_ever(function, settled):
        def loop():
            while True:
                try:
                    function()
                except LookupError:
                    pass  # no region yet
                except Exception:
                    log_error(f"Failed to update {function.__name__} configuration.")
                speed.spend(INTERVAL_HIGH if settled() else INTERVAL_LOW)

        threading.Thread(target=loop, daemon=True).start()

    def supervise(self):
        if not self._wait_for_connection():
            maaslog.error("Can't update service statuses, no RPC connection to region.")
            return
        states = self.monitor.ensure_all()
        services = [{"name": "tftp", "status": "running", "status_info": ""}]
        for name, state in states.items():
            status, info = self.monitor.status_info(name, state)
            services.append({"name": name, "status": status, "status_info": info})
        try:
            self.rpc.call("UpdateServices", system_id=MAAS_ID.get().encode(), services=amp.amp_list(services))
        except (LookupError, amp.RemoteError, amp.ConnectionClosed, TimeoutError) as error:
            log.error("Failed to monitor services and update region: %s", error)

    def _wait_for_connection(self):
        for _ in range(30):
            if self.rpc.connections:
                return True
            speed.spend(1)
        return False

    def http(self):
        upstream = [address for _, address in self.rpc.region_ips()]

        def apply():
            os.makedirs(os.path.dirname(paths.http("x")), exist_ok=True)
            content = render(
                "provisioningserver",
                "http/rackd.nginx.conf.template",
                upstream_http=upstream,
                machine_resources=paths.SHARE,
                boot_resources_dir=paths.image_storage(),
                maas_agent_httpproxy_socket_path=os.environ.get(
                    "MAAS_AGENT_HTTPPROXY_SOCKET_PATH", f"{paths.RUN}/httpproxy.sock"
                ),
                maas_agent_http_socket_path=f"{paths.RUN}/agent-http.sock",
            )
            atomic_write(content, paths.http("rackd.nginx.conf"), mode=0o644)
            self.monitor.reload("http")

        self._apply("http", upstream, apply)

    def external(self):
        """ntp, proxy and syslog are the rack's only where no region runs on the same host; the agent always is."""
        system_id = (MAAS_ID.get() or "").encode()
        kind = self.rpc.call("GetControllerType", system_id=system_id)
        rack_only = kind["is_rack"] == b"True" and kind["is_region"] != b"True"
        time = self.rpc.call("GetTimeConfiguration", system_id=system_id)
        web = self.rpc.call("GetProxyConfiguration", system_id=system_id)
        logs = self.rpc.call("GetSyslogConfiguration", system_id=system_id)
        regions = self.rpc.region_ips()
        jobs = [
            ("ntp", (rack_only, time), lambda: self._ntp(rack_only, time)),
            ("proxy", (rack_only, web, regions), lambda: self._proxy(rack_only, web, regions)),
            ("syslog", (rack_only, logs, regions), lambda: self._syslog(rack_only, logs, regions)),
            ("agent", self._agent_configuration(), self._agent),
        ]
        threads = [threading.Thread(target=self._one, args=job, daemon=True) for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _one(self, name, wanted, function):
        try:
            self._apply(name, wanted, function)
        except Exception:
            log_error(f"Failed to update {name} configuration.")

    def _ntp(self, rack_only, time):
        self.monitor.services["ntp_rack"].set(ON if rack_only else ANY)
        if rack_only:
            ntp.configure(amp.from_unicode_list(time["servers"]), amp.from_unicode_list(time["peers"]), stratum=1)
            self.monitor.restart("ntp_rack")

    def _proxy(self, rack_only, web, regions):
        service = self.monitor.services["proxy_rack"]
        if not rack_only:
            service.set(ANY)
        elif web["enabled"] != b"True":
            service.set(OFF)
            self.monitor.ensure("proxy_rack")
        else:
            port = int(web["port"])
            peers = [(address, port) for _, address in regions]
            proxy.write(amp.from_unicode_list(web["allowed_cidrs"]), port, peers, web["prefer_v4_proxy"] == b"True")
            service.set(ON)
            self.monitor.reload("proxy_rack")

    def _syslog(self, rack_only, logs, regions):
        self.monitor.services["syslog_rack"].set(ON if rack_only else ANY)
        if rack_only:
            syslog.write(False, int(logs["port"]), regions, int(logs.get("promtail_port", 0)))
            self.monitor.restart("syslog_rack")

    @staticmethod
    def _agent_configuration():
        conf = config.cluster()
        return {
            "maas_uuid": MAAS_UUID.get(),
            "system_id": MAAS_ID.get(),
            "secret": MAAS_SHARED_SECRET.get(),
            "controllers": [urlparse(url).hostname for url in config.cluster_urls()],
            "log_level": "debug" if conf["debug"] else "info",
            "httpproxy": {"cache_size": conf["httpproxy_cache_size"], "cache_dir": paths.cache("httpproxy")},
        }

    def _agent(self):
        content = "# WARNING: MAAS will overwrite any changes made here.\n\n" + yaml.safe_dump(self._agent_configuration())
        atomic_write(content, paths.agent_config(), mode=0o600)
        self.monitor.restart("agent")

    def stop(self):
        """The named lock is held until the service stops (utils/services.py SingleInstanceService); SIGKILL leaves it behind."""
        if self._responsible:
            self._lock.release()

    _networks_seen = None

    def networks(self):
        """A refresh when interfaces change, with credentials the region gives for it."""
        if not self.rpc.connections:
            return
        if not self._responsible:
            self._responsible = self._lock.acquire()
        if not self._responsible:
            log.info("Networks monitoring is done by another process: %s is held.", self._lock.path)
            return
        found = interfaces.definition()
        if found != self._networks_seen:
            system_id = MAAS_ID.get()
            answer = self.rpc.call("RequestRackRefresh", system_id=system_id.encode())
            key = tuple(answer[name].decode() for name in ("consumer_key", "token_key", "token_secret"))
            refresh(self.rpc.maas_url, system_id, key)
            self._networks_seen = found
            log.info("interfaces recorded: %s", ", ".join(sorted(found)) or "none")
