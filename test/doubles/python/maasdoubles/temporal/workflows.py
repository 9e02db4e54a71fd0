"""Workflows of the region (maastemporalworker/workflow/bootresource.py, configure.py, dhcp.py)."""

import json
import os
import random
import shutil
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

from maasdoubles import db, httpd, oauth, paths, speed
from maasdoubles.bootresourcefile import LocalBootResourceFile
from maasdoubles.log import log
from maasdoubles.region import nodes
from maasdoubles.region.oauth import maas_user_key
from maasdoubles.temporal.client import WorkflowFailed
from maasdoubles.temporal.poller import NonRetryable, check, current

DISK_TIMEOUT, DOWNLOAD_TIMEOUT = 15 * 60, 2 * 60 * 60


class RegionAPI:
    """MAAS's own API over regiond's socket, with the key of the user "MAAS" (maascommon/apiclient.py)."""

    def __init__(self):
        self.key = maas_user_key()

    def request(self, method, path, parameters=()):
        connection = httpd.UnixConnection(paths.webapp_socket(0))
        body = urllib.parse.urlencode(parameters)
        headers = {"Authorization": oauth.header(self.key), "Host": "localhost"}
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, f"/MAAS/api/2.0/{path}", body if method == "POST" else None, headers)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        if response.status >= 400:
            raise RuntimeError(f"{method} {path}: {response.status} {content[:200]!r}")
        return json.loads(content) if method == "GET" else None


class Workflows:
    def __init__(self, region_id, connect):
        self.region_id, self.connect = region_id, connect
        self.api = RegionAPI()

    def of_any_region(self):
        return {
            "sync-bootresources": self.sync,
            "download-bootresource": self.download,
            "delete-bootresource": self.delete,
            "configure-agent": self.configure_agent,
            "configure-dhcp": self.configure_dhcp,
            "configure-dhcp-for-agent": self.configure_dhcp_for_agent,
        }

    def of_this_region(self):
        return {
            "check-bootresources-storage": self.check_disk_space,
            "download-bootresource": self.download,
            "delete-bootresourcefile": self.delete_file,
        }

    def _execute_all(self, jobs):
        """Child workflows side by side: (type, id, queue, parameters, timeout)."""
        parent = current()

        def one(job):
            try:
                return self.connect().execute(*job, parent=parent)
            except WorkflowFailed as error:
                raise NonRetryable(f"child workflow {job[1]}: {error}") from error

        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(one, jobs))

    def _endpoints(self):
        """Where each region serves its images. A region without an address stops everything until it has one."""
        found = {}
        for region in self.api.request("GET", "regioncontrollers/"):
            addresses = region["ip_addresses"]
            if not addresses:
                raise RuntimeError(f"Could not retrieve the IP addresses of the region controller '{region['system_id']}'")
            hosts = [f"[{address}]" if ":" in address else address for address in addresses]
            found[region["system_id"]] = [f"http://{host}:5240/MAAS/boot-resources/" for host in hosts]
        return found

    def sync(self, request):
        endpoints = self._endpoints()
        regions = set(endpoints)
        space = self._execute_all(
            [
                (
                    "check-bootresources-storage",
                    f"check-bootresources-storage:{region}",
                    f"region:{region}",
                    {"required": request["required"]},
                    DISK_TIMEOUT,
                )
                for region in sorted(regions)
            ]
        )
        if not all(space):
            raise NonRetryable("some region controllers don't have enough disk space")
        upstream = [resource for resource in request["resources"] if resource["sources"]]
        if upstream:
            log.info("Syncing %d resources from upstream", len(upstream))
            if not all(self._execute_all([self._download_job(resource) for resource in upstream])):
                raise NonRetryable("some files could not be downloaded, aborting")
        if len(regions) > 1:
            self._distribute(request["resources"], endpoints)
        log.info("Sync complete")
        return True

    def _distribute(self, resources, endpoints):
        status = self.api.request("GET", "images-sync-progress/?sources=True")
        jobs = []
        for resource in resources:
            having = set.intersection(*(set(status.get(str(i), {}).get("sources", [])) for i in resource["rfile_ids"]))
            if not having:
                log.error("File %s has no complete copy available, skipping", resource["sha256"])
                continue
            sources = [f"{base}{resource['filename_on_disk']}/" for region in having for base in endpoints.get(region, [])]
            random.shuffle(sources)
            jobs += [self._download_job({**resource, "sources": sources}, region) for region in set(endpoints) - having]
        if jobs and not all(self._execute_all(jobs)):
            raise NonRetryable("some files could not be synced, aborting")

    @staticmethod
    def _download_job(resource, region=None):
        return (
            "download-bootresource",
            f"download-bootresource:{region or 'upstream'}:{resource['sha256'][:12]}",
            f"region:{region}" if region else "region",
            resource,
            DOWNLOAD_TIMEOUT,
        )

    def check_disk_space(self, parameters):
        base = paths.image_storage()
        free = shutil.disk_usage(base).free
        free += sum(os.path.getsize(os.path.join(base, name)) for name in os.listdir(base))
        if free <= parameters["required"]:
            log.error("Not enough disk space at controller '%s'", self.region_id)
            return False
        return True

    def _progress(self, resource, size):
        ids = [("ids", one) for one in resource["rfile_ids"]]
        self.api.request("POST", "images-sync-progress/", [("system_id", self.region_id), ("size", size), *ids])

    def download(self, resource):
        local = LocalBootResourceFile(resource["sha256"], resource["filename_on_disk"], resource["size"])
        while not local.lock.acquire():
            check()
            speed.spend(5)
        try:
            if not local.is_valid():
                source = random.choice(resource["sources"])
                local.store(source, resource.get("http_proxy"), lambda size: self._progress(resource, size), check)
                check()
                if not local.commit():
                    self._progress(resource, 0)
                    raise RuntimeError(f"Invalid checksum of {source}")
            self._progress(resource, resource["size"])
            return True
        finally:
            local.lock.release()

    def delete(self, parameters):
        self._execute_all(
            [
                ("delete-bootresourcefile", f"bootresource-del:{region}:{os.getpid()}", f"region:{region}", parameters, DISK_TIMEOUT)
                for region in self._endpoints()
            ]
        )
        return True

    def delete_file(self, parameters):
        for entry in parameters["files"]:
            local = LocalBootResourceFile(entry["sha256"], entry["filename_on_disk"], 0)
            while not local.lock.acquire():
                speed.spend(5)
            try:
                local.unlink()
            finally:
                local.lock.release()
        return True

    def configure_agent(self, parameters):
        """Turns the agent's services on; DHCP then asks for its configuration.

        The agent is told all addresses of all regions as they are at that moment, and never again.
        """
        regions = db.rows("SELECT id FROM maasserver_node WHERE node_type = ANY(%s)", list(nodes.REGIONS))
        addresses = [ip for region in regions for ip in nodes.addresses_of(region["id"])]
        endpoints = [f"http://{f'[{ip}]' if ':' in ip else ip}:5240/MAAS/" for ip in addresses]
        return self._on_agent(parameters["system_id"], "configure-services", {"dhcp": True, "endpoints": endpoints})

    def configure_dhcp(self, parameters):
        """Every rack of the VLANs given."""
        racks = db.rows(
            "SELECT DISTINCT node.system_id FROM maasserver_vlan vlan JOIN maasserver_interface interface"
            " ON interface.vlan_id = vlan.id JOIN maasserver_nodeconfig config ON config.id = interface.node_config_id"
            " JOIN maasserver_node node ON node.id = config.node_id WHERE node.node_type IN (2, 4) AND vlan.id = ANY(%s)",
            parameters["vlan_ids"],
        )
        self._execute_all(
            [
                ("configure-dhcp-for-agent", f"configure-dhcp:{rack['system_id']}", "region", {"system_id": rack["system_id"]}, 120)
                for rack in racks
            ]
        )
        return True

    def configure_dhcp_for_agent(self, parameters):
        return self._on_agent(parameters["system_id"], "apply-dhcp-config-via-file", {})

    def _on_agent(self, system_id, workflow, parameters):
        job = (workflow, f"{workflow}:{system_id}", f"{system_id}@agent:main", parameters, 120)
        return self._execute_all([job])[0]
