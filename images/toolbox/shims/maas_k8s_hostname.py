"""The host name that MAAS_HOSTNAME gives, for whatever asks Python.

A rack on the host's network has the node's name, but MAAS tells racks apart by name, and two pools may share a node
(provisioningserver/rpc/clusterservice.py and rpc/common.py: gethostname; maasserver/rpc/rackcontrollers.py looks racks up
by it). Imported by maas_k8s_hostname.pth, and only where MAAS_HOSTNAME is set.
"""

import os

# The extension module below `socket`, which takes its functions from there when it is imported.
import _socket


def override(name):
    uname = os.uname

    def uname_with_name():
        actual = uname()
        return os.uname_result((actual.sysname, name, *actual[2:]))

    _socket.gethostname = lambda: name
    # platform.node() asks this.
    os.uname = uname_with_name


if os.environ.get("MAAS_HOSTNAME"):
    override(os.environ["MAAS_HOSTNAME"])
