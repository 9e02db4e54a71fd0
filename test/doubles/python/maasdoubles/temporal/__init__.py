"""A stand-in for Temporal: same ports, TLS, start conditions and membership, its own small protocol.

Workflows are rows of temporal.tasks; workers and clients speak JSON lines over mutual TLS with port 5271. Payloads
are encrypted by the callers with the shared secret, as MAAS's codec does.
"""

FRONTEND, MATCHING, HISTORY, WORKER = 5271, 5272, 5273, 5274
