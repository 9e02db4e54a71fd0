"""/usr/sbin/maas-region (maasserver/region_script.py and management/commands)."""

import argparse
import getpass
import grp
import json
import os
import subprocess
import sys

import yaml

from maasdoubles import config, db, dns, schema, speed
from maasdoubles.config import REGION_DEFAULTS
from maasdoubles.region import oauth

START = 3.3  # seconds of Django before anything happens
MIGRATION = 1.2
TEMPORAL_SCHEMA = "/var/lib/temporal/schema"


class CommandError(Exception):
    pass


def become_maas():
    """Root only; group maas; nothing it writes is for others."""
    if os.getuid() != 0:
        sys.exit("This utility may only be run as root.")
    try:
        group = grp.getgrnam("maas")
    except KeyError:
        sys.exit("No such group: maas")
    os.setegid(group.gr_gid)
    os.umask(0o007)


def _option(name):
    return "--" + name.replace("_", "-")


def _temporal(schema_name, *arguments):
    conf = config.region()
    host, attributes = conf["database_host"], [f"search_path={schema_name}"]
    if host.startswith("/"):
        attributes.insert(0, f"host={host}")
        host = "@"
    command = ["/usr/bin/temporal-sql-tool", "--plugin", "postgres12", "--endpoint", host]
    command += ["--port", str(conf["database_port"]), "--database", conf["database_name"], "--ca", "&".join(attributes)]
    command += ["--user", conf["database_user"], "--password", conf["database_pass"], *arguments]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        print("Failed to apply Temporal migrations")
        print(result.stderr)
        sys.exit(result.returncode)


def dbupgrade(options):
    """Alembic, then Temporal's two schemas. Needs a role that owns the database; there is no way back."""
    schema.upgrade(lambda line: print(f"INFO  [alembic.runtime.migration] {line}", flush=True))
    # Alembic keeps its connection until the last migration.
    speed.spend(MIGRATION)
    db.forget()
    print("Running Temporal migrations:", flush=True)
    for name, directory in (("temporal", "temporal"), ("temporal_visibility", "visibility")):
        _temporal(name, "setup-schema", "-v", "0.0")
        _temporal(name, "update-schema", "-d", os.path.join(TEMPORAL_SCHEMA, directory, "versioned"))
    print("  Applied all migrations.", flush=True)


def _asked(prompt, read=input):
    """For ever at the end of the input (maascli/init.py: read_input)."""
    while True:
        try:
            return read(prompt)
        except EOFError:
            print()
        except KeyboardInterrupt:
            print()
            sys.exit(1)


def _ask_for_password():
    password = _asked("Password: ", getpass.getpass)
    if _asked("Again: ", getpass.getpass) != password:
        raise CommandError("Passwords do not match")
    if not password:
        raise CommandError("Passwords cannot be empty")
    return password


def createadmin(options):
    username, password, email, ssh_import = options.username, options.password, options.email, options.ssh_import
    asks = None in (username, password, email)
    if username is None:
        username = _asked("Username: ")
        if not username:
            raise CommandError("You must input a username or provide it with --username.")
    if password is None:
        password = _ask_for_password()
    if email is None:
        email = _asked("Email: ")
        if not email:
            raise CommandError("You must input an email or provide it with --email")
    if ssh_import is None and asks:
        ssh_import = _asked("Import SSH keys [] (lp:user-id or gh:user-id): ")
    with db.transaction():
        if db.value("SELECT 1 FROM auth_user WHERE username = %s OR email = %s", username, email):
            raise CommandError(f"maasserver.management.commands.createadmin.AlreadyExistingUser: A user with the email {email} already exists.")
        oauth.create_user(username, email, f"double${len(password)}", True)
        if ssh_import:
            raise CommandError("Importing SSH keys failed.\nThe stand-in knows no Launchpad and no GitHub.")


def _user(options):
    if options.username is None:
        raise CommandError("You must provide a username with --username.")
    found = db.value("SELECT id FROM auth_user WHERE username = %s", options.username)
    if found is None:
        raise CommandError("User does not exist.")
    return found


def _token_of(text):
    parts = text.split(":")
    if len(parts) != 3:
        raise CommandError("Malformed credentials string. Expected 3 colon-separated items, got %r." % text)
    return parts[1]


def apikey(options):
    if options.generate and (options.delete or options.update):
        raise CommandError("Specify one of --generate, --delete or --update.")
    if options.update and not options.name:
        raise CommandError("Should specify new name for the updated key .")
    user = _user(options)
    if options.generate:
        name = options.name or "MAAS consumer"
        keys = [(oauth.create_key(user, name), name)]
    elif options.delete:
        if not db.execute("DELETE FROM piston3_token WHERE key = %s AND user_id = %s", _token_of(options.delete), user):
            raise CommandError("No matching api key found.")
        return
    elif options.update:
        changed = db.execute(
            "UPDATE piston3_consumer SET name = %s WHERE id IN (SELECT consumer_id FROM piston3_token WHERE key = %s AND user_id = %s)",
            options.name,
            _token_of(options.update),
            user,
        )
        if not changed:
            raise CommandError("No matching api key found.")
        return
    else:
        keys = oauth.keys_of(user)
    for key, name in keys:
        print(":".join(key) + (f" {name}" if options.with_names else ""))


def local_config_set(options):
    given = {name: getattr(options, name) for name in REGION_DEFAULTS if getattr(options, name) is not None}
    for name, text in given.items():
        default = REGION_DEFAULTS[name]
        try:
            if isinstance(default, bool):
                given[name] = {"true": True, "false": False, "1": True, "0": False}[text.lower()]
            elif isinstance(default, int):
                given[name] = int(text)
        except (KeyError, ValueError) as error:
            raise CommandError(f"Failed to set {_option(name)}: {text!r}") from error
    config.region().update(given)


def local_config_get(options):
    conf = config.region()
    names = [name for name in REGION_DEFAULTS if getattr(options, name)] or list(REGION_DEFAULTS)
    found = {name: conf[name] for name in names}
    if options.format == "json":
        print(json.dumps(found))
    elif options.format == "plain":
        for name, value in found.items():
            print(value if len(found) == 1 else f"{name}: {value}")
    else:
        print(yaml.safe_dump(found, default_flow_style=False), end="")


def local_config_reset(options):
    conf = config.region()
    conf.stored = {name: value for name, value in conf.stored.items() if not getattr(options, name)}
    conf.save()


def edit_named_options(options):
    if not os.path.exists(options.config_path):
        raise CommandError(f"{options.config_path} does not exist")
    dns.edit_named_options(options.config_path)


def shell(options):
    """Seeding the secret this way fails in 3.7.3 (maas-run.md 2), and nothing else here needs it."""
    raise CommandError("the stand-in has no shell: use SQL")


def dbshell(options):
    conf = config.region()
    os.environ["PGPASSWORD"] = conf["database_pass"]
    os.execvp(
        "psql",
        ["psql", "-h", conf["database_host"], "-p", str(conf["database_port"]), "-U", conf["database_user"], conf["database_name"]],
    )


def parser():
    top = argparse.ArgumentParser(prog="maas-region")
    commands = top.add_subparsers(dest="command", required=True)

    def command(function, *arguments):
        one = commands.add_parser(function.__name__)
        one.set_defaults(function=function)
        for name, settings in arguments:
            one.add_argument(name, **settings)
        return one

    text = {"default": None}
    flag = {"action": "store_true"}
    command(dbupgrade, ("--database", {"default": "default"}))
    command(createadmin, *[(name, text) for name in ("--username", "--password", "--email", "--ssh-import")])
    command(
        apikey,
        ("--username", text),
        ("--generate", flag),
        ("--delete", text),
        ("--update", text),
        ("--name", text),
        ("--with-names", flag),
    )
    command(local_config_set, *[(_option(name), text) for name in REGION_DEFAULTS])
    getter = command(local_config_get, *[(_option(name), flag) for name in REGION_DEFAULTS])
    for name in ("json", "yaml", "plain"):
        getter.add_argument(f"--{name}", dest="format", action="store_const", const=name, default="yaml")
    command(local_config_reset, *[(_option(name), flag) for name in REGION_DEFAULTS])
    command(edit_named_options, ("--config-path", {"default": "/etc/bind/named.conf.options"}))
    command(shell)
    command(dbshell)
    return top


def main():
    become_maas()
    speed.spend(START)
    options = parser().parse_args()
    try:
        options.function(options)
    except CommandError as error:
        sys.exit(f"CommandError: {error}")
    except schema.UnknownRevision as error:
        sys.exit(f"alembic.util.exc.CommandError: {error}")
    except db.DatabaseError as error:
        sys.exit(f"django.db.utils.{type(error).__name__}: {str(error).strip()}")
