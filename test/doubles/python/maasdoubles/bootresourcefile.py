"""A file of image-storage (maasserver/utils/bootresource.py)."""

import hashlib
import os
import time
import urllib.request

from maasdoubles import paths
from maasdoubles.fs import BootResourceLock

CHUNK, REPORT_EVERY = 1 << 20, 10


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while data := stream.read(CHUNK):
            digest.update(data)
    return digest.hexdigest()


class LocalBootResourceFile:
    def __init__(self, sha256, filename_on_disk, size):
        self.sha256, self.size = sha256, size
        self.path = paths.image_storage(filename_on_disk)
        self.partial = f"{self.path}.incomplete"
        self.lock = BootResourceLock(filename_on_disk)

    def is_complete(self):
        return os.path.exists(self.path) and os.path.getsize(self.path) == self.size

    def is_valid(self):
        return self.is_complete() and sha256_of(self.path) == self.sha256

    def store(self, url, http_proxy, report, check):
        """`report` gets the size so far now and then; `check` is called for each chunk and may raise."""
        proxies = {"http": http_proxy, "https": http_proxy} if http_proxy else {}
        opener = urllib.request.build_opener(urllib.request.ProxyHandler(proxies))
        reported, written = time.monotonic(), 0
        with opener.open(url, timeout=30) as response, open(self.partial, "wb") as stream:
            while data := response.read(CHUNK):
                check()
                stream.write(data)
                written += len(data)
                if time.monotonic() - reported > REPORT_EVERY:
                    report(written)
                    reported = time.monotonic()

    def commit(self):
        """The checksum decides."""
        if sha256_of(self.partial) != self.sha256:
            os.unlink(self.partial)
            return False
        os.replace(self.partial, self.path)
        return True

    def unlink(self):
        for path in (self.path, self.partial):
            if os.path.exists(path):
                os.unlink(path)
