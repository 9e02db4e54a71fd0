-- MAAS makes an index with digest() here; what matters to a deployment is the trusted extension.
CREATE EXTENSION IF NOT EXISTS pgcrypto;
