"""/usr/bin/temporal-sql-tool, as far as `maas-region dbupgrade` calls it: setup-schema and update-schema."""

import argparse
import os
import sys

from maasdoubles import schema


def main():
    parser = argparse.ArgumentParser(prog="temporal-sql-tool")
    for option in ("--plugin", "--endpoint", "--port", "--database", "--ca", "--user", "--password"):
        parser.add_argument(option)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("setup-schema").add_argument("-v", "--version")
    commands.add_parser("update-schema").add_argument("-d", "--schema-dir")
    options = parser.parse_args()
    attributes = dict(part.split("=", 1) for part in options.ca.split("&"))
    if options.command == "update-schema":
        if not os.path.isdir(options.schema_dir):
            sys.exit(f"error: no such directory {options.schema_dir}")
        return
    schema.setup_temporal(attributes["search_path"])
