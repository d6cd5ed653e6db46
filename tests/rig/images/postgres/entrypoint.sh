#!/bin/sh
# Initialise the data directory once, then become the server. Honours PGDATA, POSTGRES_USER, POSTGRES_DB,
# POSTGRES_PASSWORD, POSTGRES_PASSWORD_FILE and POSTGRES_INITDB_ARGS.
set -eu

fail() {
    echo "entrypoint.sh: $*" >&2
    exit 1
}

initialise() {
    user=${POSTGRES_USER:-postgres}
    database=${POSTGRES_DB:-$user}
    [ -z "${POSTGRES_PASSWORD_FILE:-}" ] || POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
    [ -n "${POSTGRES_PASSWORD:-}" ] || fail 'POSTGRES_PASSWORD is not set'
    pwfile=$(mktemp)
    printf '%s\n' "$POSTGRES_PASSWORD" >"$pwfile"
    # shellcheck disable=SC2086  # a list of words
    initdb --username="$user" --pwfile="$pwfile" --auth-local=trust --auth-host=scram-sha-256 \
        --set listen_addresses='*' ${POSTGRES_INITDB_ARGS:-}
    rm -f "$pwfile"
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
    [ "$database" = postgres ] || create_database "$user" "$database"
}

# On the socket alone, so that nobody takes this server for the real one.
create_database() {
    pg_ctl --wait --silent --options="-c listen_addresses=''" start
    echo 'CREATE DATABASE :"database"' |
        psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=database="$2" --username="$1" --dbname=postgres
    pg_ctl --wait --silent --mode=fast stop
}

if [ "${1:-}" = postgres ] && [ "$(id -u)" = 0 ]; then
    install -d -o postgres -g postgres -m 700 "$PGDATA"
    chown -R postgres:postgres "$PGDATA"
    exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi
if [ "${1:-}" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
    initialise
fi
unset POSTGRES_PASSWORD
exec "$@"
