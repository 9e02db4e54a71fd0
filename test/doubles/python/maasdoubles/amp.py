"""AMP, the protocol between rack and region (as Twisted's amp.py writes it), on a socket and threads.

A box is key/value pairs, each with a two-byte length, ended by an empty key. Argument encodings are those of
provisioningserver/rpc/arguments.py.
"""

import itertools
import json
import struct
import threading
import zlib

from maasdoubles.log import log_error


class RemoteError(Exception):
    def __init__(self, code, description):
        super().__init__(f"{code}: {description}")
        self.code = code


class ConnectionClosed(Exception):
    pass


def encode_box(box):
    parts = []
    for key, value in box.items():
        parts += [struct.pack("!H", len(key)), key, struct.pack("!H", len(value)), value]
    return b"".join(parts) + b"\0\0"


def decode_boxes(data):
    """Boxes of an AmpList."""
    boxes, offset, box = [], 0, {}
    while offset < len(data):
        (length,) = struct.unpack_from("!H", data, offset)
        offset += 2
        if not length:
            boxes.append(box)
            box = {}
            continue
        key = data[offset : offset + length]
        offset += length
        (length,) = struct.unpack_from("!H", data, offset)
        offset += 2
        box[key] = data[offset : offset + length]
        offset += length
    return boxes


def boolean(value):
    return b"True" if value else b"False"


def structure(value):
    """StructureAsJSON"""
    return zlib.compress(json.dumps(value).encode("ascii"))


def from_structure(data):
    return json.loads(zlib.decompress(data))


def unicode_list(values):
    """ListOf(Unicode())"""
    encoded = [value.encode() for value in values]
    return b"".join(struct.pack("!H", len(value)) + value for value in encoded)


def from_unicode_list(data):
    values, offset = [], 0
    while offset < len(data):
        (length,) = struct.unpack_from("!H", data, offset)
        values.append(data[offset + 2 : offset + 2 + length].decode())
        offset += 2 + length
    return values


def amp_list(dictionaries):
    return b"".join(encode_box({k.encode(): v.encode() for k, v in one.items()}) for one in dictionaries)


def from_amp_list(data):
    return [{k.decode(): v.decode() for k, v in box.items()} for box in decode_boxes(data)]


class Protocol:
    """One connection. `responders` maps command names to functions from arguments (bytes) to answers (bytes)."""

    def __init__(self, sock, responders, on_close=None):
        self.sock = sock
        self.responders = responders
        self.on_close = on_close
        self.closed = threading.Event()
        self._asks = itertools.count(1)
        self._waiting = {}
        self._lock = threading.Lock()

    def start(self):
        threading.Thread(target=self._read, daemon=True).start()

    def close(self):
        if not self.closed.is_set():
            self.closed.set()
            try:
                self.sock.shutdown(2)
            except OSError:
                pass
            self.sock.close()
            for event in list(self._waiting.values()):
                event["done"].set()
            if self.on_close:
                self.on_close()

    def call(self, command, timeout=120, **arguments):
        ask = b"%x" % next(self._asks)
        entry = self._waiting[ask] = {"done": threading.Event(), "box": None}
        box = {b"_ask": ask, b"_command": command.encode()}
        box.update({name.encode(): value for name, value in arguments.items() if value is not None})
        try:
            self._send(box)
            if not entry["done"].wait(timeout):
                raise TimeoutError(f"{command} was not answered")
        finally:
            del self._waiting[ask]
        answer = entry["box"]
        if answer is None:
            raise ConnectionClosed(command)
        if b"_error" in answer:
            raise RemoteError(answer[b"_error_code"].decode(), answer[b"_error_description"].decode())
        return {key.decode(): value for key, value in answer.items() if not key.startswith(b"_")}

    def _send(self, box):
        try:
            with self._lock:
                self.sock.sendall(encode_box(box))
        except OSError as error:
            self.close()
            raise ConnectionClosed(str(error)) from error

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            chunk = self.sock.recv(count - len(data))
            if not chunk:
                raise ConnectionClosed("end of stream")
            data += chunk
        return data

    def _read(self):
        try:
            while True:
                box = {}
                while length := struct.unpack("!H", self._exactly(2))[0]:
                    key = self._exactly(length)
                    (size,) = struct.unpack("!H", self._exactly(2))
                    box[key] = self._exactly(size)
                self._received(box)
        except (ConnectionClosed, OSError):
            self.close()

    def _received(self, box):
        for kind in (b"_answer", b"_error"):
            if kind in box:
                entry = self._waiting.get(box[kind])
                if entry:
                    entry["box"] = box
                    entry["done"].set()
                return
        threading.Thread(target=self._respond, args=(box,), daemon=True).start()

    def _respond(self, box):
        command = box[b"_command"].decode()
        arguments = {key.decode(): value for key, value in box.items() if not key.startswith(b"_")}
        try:
            if command not in self.responders:
                raise RemoteError("UNHANDLED", f"Unhandled Command: {command!r}")
            answer = self.responders[command](arguments) or {}
            reply = {b"_answer": box.get(b"_ask", b"")}
            reply.update({key.encode(): value for key, value in answer.items() if value is not None})
        except RemoteError as error:
            reply = _error(box, error.code, str(error).split(": ", 1)[1])
        except ConnectionClosed:
            return
        except Exception:
            log_error(f"Unhandled failure dispatching AMP command {command}")
            reply = _error(box, "UNKNOWN", f"Unknown Error [cmd={command}]")
        if b"_ask" in box:
            try:
                self._send(reply)
            except ConnectionClosed:
                pass


def _error(box, code, description):
    return {
        b"_error": box.get(b"_ask", b""),
        b"_error_code": code.encode(),
        b"_error_description": description.encode(),
    }
