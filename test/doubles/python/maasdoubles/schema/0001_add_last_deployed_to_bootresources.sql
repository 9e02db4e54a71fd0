ALTER TABLE maasserver_bootresource ADD COLUMN last_deployed timestamp;
