"""Values kept in files of the data directory (provisioningserver/utils/env.py)."""

import os

from maasdoubles import paths
from maasdoubles.fs import atomic_write


class FileBackedValue:
    def __init__(self, name):
        self.name = name

    @property
    def path(self):
        return paths.data(self.name)

    def get(self):
        try:
            with open(self.path) as stream:
                return stream.read().strip() or None
        except FileNotFoundError:
            return None

    def set(self, value):
        if value is None:
            if os.path.exists(self.path):
                os.unlink(self.path)
        elif self.get() != value:
            atomic_write(value, self.path, mode=0o640)


MAAS_ID = FileBackedValue("maas_id")
MAAS_UUID = FileBackedValue("maas_uuid")
MAAS_SHARED_SECRET = FileBackedValue("secret")
