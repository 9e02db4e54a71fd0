"""regiond's web application on its worker's socket (maasserver/webapp.py, views/rpc.py, api/support.py)."""

import email.parser
import email.policy
import json
import urllib.parse

from maasdoubles import db
from maasdoubles.log import log, log_error
from maasdoubles.region import oauth
from maasdoubles.region.api import router

TEXT, JSON = "text/plain; charset=utf-8", "application/json; charset=utf-8"
SERVER_ERROR = "<!doctype html>\n<html lang=\"en\"><head><title>Error: MAAS</title></head><body><h1>Internal server error</h1></body></html>\n"
NOT_FOUND = "<!doctype html>\n<html lang=\"en\"><head><title>Not Found</title></head><body><h1>Not Found</h1></body></html>\n"


class Request:
    def __init__(self, method, path, headers, body):
        url = urllib.parse.urlsplit(path)
        self.method, self.headers = method, headers
        self.path = url.path
        self.query = urllib.parse.parse_qs(url.query, keep_blank_values=True)
        self.data, self.files = self._parse(headers.get("Content-Type", ""), body)
        self.user = None

    @staticmethod
    def _parse(content_type, body):
        if content_type.startswith("application/x-www-form-urlencoded"):
            return urllib.parse.parse_qs(body.decode(), keep_blank_values=True), {}
        if content_type.startswith("application/json") and body:
            document = json.loads(body)
            return {name: value if isinstance(value, list) else [value] for name, value in document.items()}, {}
        data, files = {}, {}
        if content_type.startswith("multipart/form-data"):
            head = f"Content-Type: {content_type}\r\n\r\n".encode()
            message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
            for part in message.iter_parts():
                name = part.get_param("name", header="content-disposition")
                content = part.get_payload(decode=True)
                if part.get_filename():
                    files[name] = content
                else:
                    data.setdefault(name, []).append(content.decode())
        return data, files

    def parameter(self, name, default=None):
        """From the body or the query, whichever has it."""
        found = self.data.get(name) or self.query.get(name)
        return found[0] if found else default

    def mandatory(self, name):
        found = self.parameter(name)
        if found is None:
            raise router.BadRequest(f"No provided {name}!")
        return found


def respond(method, path, headers, body):
    """Django's and Piston's manners: 401, 403, 404 and 400 as text, 500 as a page."""
    try:
        return _respond(Request(method, path, headers, body))
    except router.BadRequest as error:
        content = error.args[0]
        if isinstance(content, dict):
            return 400, JSON, json.dumps(content)
        return 400, TEXT, content
    except oauth.BadRequest as error:
        return 400, TEXT, str(error)
    except oauth.Unauthorized as error:
        return 401, TEXT, str(error), {"WWW-Authenticate": 'OAuth realm="MAAS API"'}
    except router.Forbidden as error:
        return 403, TEXT, str(error)
    except router.NotFound as error:
        return (404, TEXT, str(error)) if str(error) else (404, "text/html; charset=utf-8", NOT_FOUND)
    except db.DatabaseError as error:
        log.error("500 Internal Server Error @ %s: %s", path, str(error).strip())
        return 500, "text/html; charset=utf-8", SERVER_ERROR
    except Exception:
        log_error(f"500 Internal Server Error @ {path}")
        return 500, "text/html; charset=utf-8", SERVER_ERROR
    finally:
        db.forget()


def _respond(request):
    route, arguments = router.match(request)
    if route.access is not None:
        request.user = oauth.authenticate(request.headers.get("Authorization"))
        if request.user is None:
            return 401, TEXT, "Forbidden"
        if route.access == "admin" and not request.user["is_superuser"]:
            raise router.Forbidden("This method is reserved for admin users.")
    with db.transaction():
        result = route.function(request, *arguments)
    for action in request.__dict__.get("after_commit", ()):
        action()
    if result is None:
        return 204, TEXT, ""
    if isinstance(result, router.Text):
        return 200, TEXT, str(result)
    return 200, JSON, json.dumps(result, indent=4, default=str)
