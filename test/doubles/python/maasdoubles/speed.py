"""Artificial durations: what genuine MAAS was measured to take (maas-run.md), waited out.

MAAS_DOUBLE_SPEED=10 makes every such wait ten times shorter. Intervals that are part of MAAS's behaviour
(30 s service monitor, 5 min for the secret, ...) go through here too, so a fast run stays proportionate.
"""

import os
import time

SPEED = float(os.environ.get("MAAS_DOUBLE_SPEED", "1"))


def scaled(seconds):
    return seconds / SPEED


def spend(seconds):
    time.sleep(scaled(seconds))
