"""regiond as a client of Temporal (maasserver/workflow/__init__.py)."""

import os
import threading

from maasdoubles import db
from maasdoubles.env import MAAS_ID, MAAS_SHARED_SECRET
from maasdoubles.log import log, log_error
from maasdoubles.temporal.client import TemporalError, WorkflowFailed, connect_with_retries


def client():
    """After its attempts a TemporalError; whoever asked waits for half a minute then."""
    identity = f"{MAAS_ID.get()}@region:{os.getpid()}"
    try:
        return connect_with_retries(MAAS_SHARED_SECRET.get(), identity, log=log)
    except OSError as error:
        raise TemporalError(str(error)) from error


def configure_dhcp(vlan_ids):
    """In the background: the API answers at once, racks follow."""

    def run():
        try:
            client().execute("configure-dhcp", "configure-dhcp", "region", {"vlan_ids": vlan_ids}, 120)
        except (TemporalError, WorkflowFailed) as error:
            log.error("configure-dhcp: %s", error)
        except Exception:
            log_error("configure-dhcp")
        finally:
            db.forget()

    threading.Thread(target=run, daemon=True).start()
