"""Files and file locks (provisioningserver/utils/fs.py)."""

import contextlib
import errno
import fcntl
import os
import subprocess
import tempfile


def atomic_write(content, path, mode=0o600):
    """Write beside `path`, give it the owner and group of what is there, then rename. A missing directory is an error, as in MAAS."""
    if isinstance(content, str):
        content = content.encode()
    handle, temporary = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=os.path.dirname(path))
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(temporary, mode)
        with contextlib.suppress(FileNotFoundError):
            before = os.stat(path)
            os.chown(temporary, before.st_uid, before.st_gid)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def sudo_write_file(path, content, mode=0o644):
    """Through sudo and maas-write-file, which keep a list of what may be written."""
    subprocess.run(
        ["sudo", "-n", "/usr/lib/maas/maas-write-file", path, f"{mode:o}"],
        input=content.encode(),
        check=True,
        capture_output=True,
    )


class NamedLock:
    """/run/lock/maas:<name>, a symlink whose target is the holder's PID.

    It counts as held while that number is a living process here, whichever process that is: a leftover of another
    PID namespace can hold it for ever (maas-run.md 6.1).
    """

    def __init__(self, name):
        self.path = f"/run/lock/maas:{name}"

    def acquire(self):
        for _ in range(3):
            try:
                os.symlink(str(os.getpid()), self.path)
                return True
            except FileExistsError:
                if self._holder_lives():
                    return False
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(self.path)
        return False

    def _holder_lives(self):
        try:
            os.kill(int(os.readlink(self.path)), 0)
        except (ProcessLookupError, FileNotFoundError, ValueError):
            return False
        except OSError as error:
            return error.errno != errno.ESRCH
        return True

    def release(self):
        with contextlib.suppress(FileNotFoundError):
            if os.readlink(self.path) == str(os.getpid()):
                os.unlink(self.path)


class BootResourceLock:
    """flock on /run/lock/maas:bootres_<name>.lock (maasserver/utils/bootresource.py)."""

    def __init__(self, filename_on_disk):
        self.path = f"/run/lock/maas:bootres_{filename_on_disk}.lock"
        self.handle = None

    def acquire(self):
        self.handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o640)
        try:
            fcntl.flock(self.handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            self.release()
            return False

    def release(self):
        if self.handle is not None:
            os.close(self.handle)
            self.handle = None
