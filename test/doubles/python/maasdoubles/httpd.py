"""Small HTTP servers on Unix sockets and TCP, and requests over Unix sockets."""

import contextlib
import http.client
import http.server
import os
import socket
import socketserver
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    """Subclasses have `respond(method, path, headers, body)` giving (status, content type, body, headers)."""

    protocol_version = "HTTP/1.1"
    respond = None

    def _answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        status, content_type, content, *rest = self.respond(self.command, self.path, self.headers, body)
        if isinstance(content, str):
            content = content.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        for name, value in (rest[0] if rest else {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _answer

    def log_message(self, format, *args):
        pass

    def address_string(self):
        return "unix" if isinstance(self.client_address, (str, bytes)) else self.client_address[0]


def handler(function):
    return type("FunctionHandler", (Handler,), {"respond": staticmethod(function)})


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address = True
    daemon_threads = True
    tls = None

    def finish_request(self, request, client_address):
        if self.tls:
            request = self.tls.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        """Broken connections are no event."""


class UnixServer(_Server):
    address_family = socket.AF_UNIX

    def __init__(self, path, function, mode=0o666, tls=None):
        self.tls = tls
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        super().__init__(path, handler(function))
        os.chmod(path, mode)

    def start(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self


class TCP6Server(_Server):
    """Dual-stack, as Twisted's TCP6ServerEndpoint: without IPv6 in the kernel it cannot listen."""

    address_family = socket.AF_INET6

    def __init__(self, port, function, address="::"):
        super().__init__((address, port), handler(function))

    def start(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self


class TCP4Server(TCP6Server):
    address_family = socket.AF_INET


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=30):
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class MaasTLSConnection(http.client.HTTPSConnection):
    """HTTPS that expects the name in the cluster certificate instead of the host dialled."""

    def __init__(self, host, port, context, server_name, timeout=30):
        super().__init__(host, port, context=context, timeout=timeout)
        self._server_name = server_name

    def connect(self):
        sock = socket.create_connection((self.host, self.port), self.timeout)
        self.sock = self._context.wrap_socket(sock, server_hostname=self._server_name)


def metrics(text):
    """An exporter's answer function."""

    def respond(method, path, headers, body):
        if path.split("?")[0].rstrip("/") == "/metrics":
            return 200, "text/plain; version=0.0.4; charset=utf-8", text
        return 404, "text/plain", "not found\n"

    return respond


