"""TFTP on every address of the host (provisioningserver/rackdservices/tftp.py): read requests of files in tftp_root."""

import os
import socket
import struct
import threading

from maasdoubles import interfaces, speed
from maasdoubles.log import log, log_error

RRQ, DATA, ACK, ERROR, OACK = 1, 3, 4, 5, 6
REFRESH, TIMEOUT, ATTEMPTS = 45, 2, 5


class TFTPService:
    def __init__(self, root, port, max_block):
        self.root, self.port, self.max_block = os.path.realpath(root), port, max_block
        self.servers = {}

    def start(self):
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                self._refresh()
            except Exception:
                log_error("TFTP: addresses")
            speed.spend(REFRESH)

    def _refresh(self):
        wanted = set(interfaces.all_addresses())
        for address in set(self.servers) - wanted:
            self.servers.pop(address).close()
        for address in wanted - set(self.servers):
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            sock = socket.socket(family, socket.SOCK_DGRAM)
            try:
                sock.bind((address, self.port))
            except OSError as error:
                log.error("TFTP cannot listen on %s port %d: %s", address, self.port, error)
                sock.close()
                continue
            self.servers[address] = sock
            threading.Thread(target=self._listen, args=(sock, address, family), daemon=True).start()

    def _listen(self, sock, address, family):
        while True:
            try:
                packet, peer = sock.recvfrom(65535)
            except OSError:
                return
            threading.Thread(target=self._serve, args=(packet, peer, address, family), daemon=True).start()

    def _serve(self, packet, peer, address, family):
        """Each transfer from a port of its own, as the protocol wants."""
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.bind((address, 0))
            sock.settimeout(TIMEOUT)
            try:
                self._transfer(sock, packet, peer)
            except (OSError, ValueError, struct.error) as error:
                log.error("TFTP transfer to %s: %s", peer[0], error)

    def _transfer(self, sock, packet, peer):
        (operation,) = struct.unpack_from("!H", packet)
        if operation != RRQ:
            sock.sendto(struct.pack("!HH", ERROR, 2) + b"only read requests\0", peer)
            return
        name, mode, *rest = packet[2:].split(b"\0")
        options = dict(zip((key.lower() for key in rest[0::2]), rest[1::2]))
        log.info("%s requested by %s", name.decode(errors="replace"), peer[0])
        path = os.path.realpath(os.path.join(self.root, name.decode().lstrip("/")))
        if not path.startswith(self.root + os.sep) or not os.path.isfile(path):
            sock.sendto(struct.pack("!HH", ERROR, 1) + b"File not found\0", peer)
            return
        block_size, accepted = 512, b""
        if b"blksize" in options:
            block_size = min(int(options[b"blksize"]), self.max_block)
            accepted += b"blksize\0%d\0" % block_size
        if b"tsize" in options:
            accepted += b"tsize\0%d\0" % os.path.getsize(path)
        if accepted and not self._exchange(sock, struct.pack("!H", OACK) + accepted, 0, peer):
            return
        with open(path, "rb") as stream:
            number = 1
            while True:
                data = stream.read(block_size)
                if not self._exchange(sock, struct.pack("!HH", DATA, number & 0xFFFF) + data, number & 0xFFFF, peer):
                    return
                if len(data) < block_size:
                    return
                number += 1

    @staticmethod
    def _exchange(sock, packet, number, peer):
        for _ in range(ATTEMPTS):
            sock.sendto(packet, peer)
            try:
                answer, sender = sock.recvfrom(1024)
            except TimeoutError:
                continue
            operation, acknowledged = struct.unpack_from("!HH", answer)
            if sender[1] == peer[1] and operation == ERROR:
                return False
            if operation == ACK and acknowledged == number:
                return True
        return False
