"""/usr/bin/maas (maascli), as far as a session needs it: login, logout, list, and calls such as `maas P version read`.

`createadmin` and `apikey` are handed to maas-region, as the genuine command does.
"""

import http.client
import json
import os
import sys
import urllib.parse

from maasdoubles import oauth

PROFILES = os.path.expanduser("~/.maascli.json")
ACTIONS = {"read": "GET", "create": "POST", "update": "PUT", "delete": "DELETE"}
POSTED = {"import": "import", "stop-import": "stop_import", "set-config": "set_config"}


def _profiles():
    if os.path.exists(PROFILES):
        with open(PROFILES) as stream:
            return json.load(stream)
    return {}


def _request(url, key, method, path, parameters):
    target = urllib.parse.urlsplit(url.rstrip("/") + "/api/2.0/" + path)
    connection = http.client.HTTPConnection(target.hostname, target.port or 80, timeout=60)
    body = urllib.parse.urlencode(parameters)
    query = f"?{target.query}" if target.query else ""
    if method == "GET" and body:
        query = f"{query}&{body}" if query else f"?{body}"
    headers = {"Authorization": oauth.header(key), "Content-Type": "application/x-www-form-urlencoded"}
    connection.request(method, target.path + query, None if method == "GET" else body, headers)
    response = connection.getresponse()
    return response.status, response.read().decode()


def login(name, url, text):
    text = sys.stdin.readline().strip() if text == "-" else text
    status, content = _request(url, text.split(":"), "GET", "users/?op=whoami", [])
    if status != 200:
        sys.exit(f"The MAAS server rejected your API key: {content}")
    profiles = _profiles()
    profiles[name] = {"url": url, "key": text}
    with open(PROFILES, "w") as stream:
        json.dump(profiles, stream)
    os.chmod(PROFILES, 0o600)


def call(profile, resource, action, arguments):
    """maas P boot-resource read 1, maas P maas set-config name=... value=..."""
    words = [argument for argument in arguments if "=" not in argument]
    parameters = [tuple(argument.split("=", 1)) for argument in arguments if "=" in argument]
    plural = f"{resource}/" if resource.endswith("s") else f"{resource}s/"
    path = "/".join([plural.rstrip("/"), *words]) + "/" if words else plural
    if resource == "maas":
        path = "maas/"
    method = ACTIONS.get(action) or ("POST" if action in POSTED else "GET")
    if action not in ACTIONS:
        path += f"?op={POSTED.get(action, action.replace('-', '_'))}"
    status, content = _request(profile["url"], profile["key"].split(":"), method, path, parameters)
    print(content)
    if status >= 400:
        sys.exit(2)


def main():
    arguments = sys.argv[1:]
    if not arguments:
        sys.exit("usage: maas login PROFILE URL KEY|- | logout PROFILE | list | createadmin ... | apikey ... | PROFILE RESOURCE ACTION ...")
    command, *rest = arguments
    if command in ("createadmin", "apikey", "init"):
        os.execv("/usr/sbin/maas-region", ["maas-region", "createadmin" if command == "init" else command, *rest])
    if command == "login":
        login(*[argument for argument in rest if not argument.startswith("-") or argument == "-"][:3])
    elif command == "logout":
        profiles = _profiles()
        profiles.pop(rest[0], None)
        with open(PROFILES, "w") as stream:
            json.dump(profiles, stream)
    elif command == "list":
        for name, profile in _profiles().items():
            print(name, profile["url"], profile["key"])
    else:
        profiles = _profiles()
        if command not in profiles:
            sys.exit(f"maas: error: argument COMMAND: invalid choice: {command!r}")
        call(profiles[command], rest[0], rest[1], rest[2:])
