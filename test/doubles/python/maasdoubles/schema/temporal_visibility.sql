CREATE EXTENSION IF NOT EXISTS btree_gin SCHEMA temporal_visibility;
CREATE TABLE temporal_visibility.executions_visibility (
  namespace_id char(64) NOT NULL, run_id char(64) NOT NULL, PRIMARY KEY (namespace_id, run_id));
CREATE TABLE temporal_visibility.schema_version (
  version_partition integer NOT NULL, db_name varchar(255) NOT NULL, creation_time timestamp, curr_version varchar(64),
  min_compatible_version varchar(64), PRIMARY KEY (version_partition, db_name));
CREATE TABLE temporal_visibility.schema_update_history (
  version_partition integer NOT NULL, year integer NOT NULL, month integer NOT NULL, update_time timestamp NOT NULL,
  description varchar(255), manifest_md5 varchar(64), new_version varchar(64), old_version varchar(64),
  PRIMARY KEY (version_partition, year, month, update_time));
