"""Which function answers a path, a method and an `op` (maasserver/urls_api.py, api/support.py)."""

import re

BASE = "/MAAS/api/2.0/"


class BadRequest(Exception):
    pass


class Forbidden(Exception):
    pass


class NotFound(Exception):
    pass


class Text(str):
    """An answer that is plain text."""


class Route:
    def __init__(self, pattern, method, op, access, function):
        self.pattern = re.compile(pattern + "$")
        self.method, self.op, self.access, self.function = method, op, access, function


ROUTES = []


def route(pattern, method="GET", op=None, access="user", base=BASE):
    """`access`: None for anybody, "user" or "admin"."""

    def register(function):
        ROUTES.append(Route(base + pattern, method, op, access, function))
        return function

    return register


def match(request):
    """404 for an unknown path; 400 for a method and op that nobody there exports."""
    method = "GET" if request.method == "HEAD" else request.method
    op = request.parameter("op") if method in ("GET", "POST") else None
    candidates = [(one, found) for one in ROUTES if (found := one.pattern.match(request.path))]
    if not candidates:
        raise NotFound("")
    for one, found in candidates:
        if one.method == method and one.op == op:
            return one, found.groups()
    raise BadRequest(f"Unrecognised signature: method={method} op={op}")


def get_or_404(found, model):
    if found is None:
        raise NotFound(f"No {model} matches the given query.")
    return found
