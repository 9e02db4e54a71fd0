-- No migration of MAAS: it stands for whatever the release after 3.7 changes (build --alembic-head 0027).
-- regiond of that release needs this column, so it cannot start on a schema that was not migrated.
ALTER TABLE maasserver_controllerinfo ADD COLUMN double_of_next_release boolean NOT NULL DEFAULT true;
