"""Stand-ins for MAAS 3.7's processes. Nothing here is MAAS; see test/doubles/README.md."""
