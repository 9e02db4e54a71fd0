#!/bin/bash
# What the official postgres image promises: on an empty PGDATA a cluster, the role and database of POSTGRES_*, then
# /docker-entrypoint-initdb.d; in the end `postgres` with the given arguments. Runs as root (and steps down) or as any
# other user that owns PGDATA, without any capability. Arguments that begin with "-" are postgres's.
set -euo pipefail

# value_of NAME [DEFAULT]: from NAME or from the file that NAME_FILE names, not from both.
value_of() {
    local name=$1 file=${1}_FILE
    if [ -n "${!name:-}" ] && [ -n "${!file:-}" ]; then
        echo "error: both $name and $file are set (but are exclusive)" >&2
        exit 1
    fi
    if [ -n "${!file:-}" ]; then cat "${!file}"; else echo "${!name:-${2:-}}"; fi
}

as_server() { # psql on the server that runs while it is being set up
    PGHOST='' psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$user" --no-password "$@"
}

create() {
    user=$(value_of POSTGRES_USER postgres)
    password=$(value_of POSTGRES_PASSWORD)
    database=$(value_of POSTGRES_DB "$user")
    method=${POSTGRES_HOST_AUTH_METHOD:-}
    if [ -z "$password" ] && [ "$method" != trust ]; then
        echo 'Error: Database is uninitialized and superuser password is not specified.' \
            'Give POSTGRES_PASSWORD, or POSTGRES_HOST_AUTH_METHOD=trust.' >&2
        exit 1
    fi
    # shellcheck disable=SC2086  # POSTGRES_INITDB_ARGS is a list
    initdb --username="$user" --pwfile=<(printf '%s\n' "${password:-unused}") --auth-local=trust \
        ${POSTGRES_INITDB_ARGS:-} "$PGDATA" "$@"
    printf '\nhost all all all %s\n' "${method:-scram-sha-256}" >> "$PGDATA/pg_hba.conf"
    pg_ctl -D "$PGDATA" -o "-c listen_addresses='' -p 5432" -w start
    if [ "$database" != postgres ]; then
        as_server --dbname postgres --set db="$database" <<< 'CREATE DATABASE :"db";'
    fi
    for file in /docker-entrypoint-initdb.d/*; do
        case $file in
            *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
            *.sql) as_server --dbname "$database" -f "$file" ;;
            *.sql.gz) gunzip -c "$file" | as_server --dbname "$database" ;;
        esac
    done
    pg_ctl -D "$PGDATA" -m fast -w stop
    echo 'PostgreSQL init process complete; ready for start up.'
}

[ "${1:0:1}" != - ] || set -- postgres "$@"
if [ "$1" = postgres ]; then
    if [ "$(id -u)" = 0 ]; then
        mkdir -p "$PGDATA"
        chown -R postgres "$PGDATA" /var/run/postgresql
        exec setpriv --reuid=postgres --regid=postgres --clear-groups "$0" "$@"
    fi
    mkdir -p "$PGDATA"
    chmod 700 "$PGDATA" || true
    if [ ! -s "$PGDATA/PG_VERSION" ]; then
        create
        # listening on every address is the image's default, not PostgreSQL's
        printf "\nlisten_addresses = '*'\n" >> "$PGDATA/postgresql.conf"
    fi
fi
exec "$@"
