"""Events of the running region (maasserver/models/event.py: create_region_event)."""

import logging

from maasdoubles import db
from maasdoubles.env import MAAS_ID

IMPORT_WARNING = ("REGION_IMPORT_WARNING", "Region import warning", logging.WARNING)
IMPORT_INFO = ("REGION_IMPORT_INFO", "Region import info", logging.DEBUG)


def record(kind, message):
    with db.transaction():
        db.execute(
            "INSERT INTO maasserver_eventtype (created, updated, name, description, level) VALUES (now(), now(), %s, %s, %s)"
            " ON CONFLICT (name) DO NOTHING",
            *kind,
        )
        db.execute(
            "INSERT INTO maasserver_event (created, updated, type_id, node_id, node_system_id, node_hostname, username,"
            " endpoint, user_agent, action, description) SELECT now(), now(), kind.id, node.id, node.system_id, node.hostname,"
            " '', 0, '', '', %s FROM maasserver_eventtype kind, maasserver_node node"
            " WHERE kind.name = %s AND node.system_id = %s",
            message,
            kind[0],
            MAAS_ID.get(),
        )
