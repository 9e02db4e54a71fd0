"""Tempita templates at the places where MAAS's packages have theirs: an image may replace one."""

import os

import tempita

BASE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def render(package, name, **values):
    path = os.path.join(BASE, package, "templates", name)
    return tempita.Template.from_filename(path, encoding="utf-8").substitute(values)
