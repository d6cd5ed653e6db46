#!/bin/sh
# Take a dump of a database, read it back in full, and keep it only once it is proven.
#
#   backup.sh --environment NAME --directory DIR --keep N --database NAME --user NAME
#             [--lock FILE] [--verbose] -- WORDS...
#
# WORDS go before each PostgreSQL program, so that it runs beside the database at its version:
# docker compose ... exec -T db, or env PGHOST=... on this machine. Needs a POSIX shell and awk.
# Writes DIR/NAME_TIME_REVISION.dump and, last, the manifest beside it: without it, it is no backup.
# Exit codes: 0 proven, 1 failed, 3 another environment's database, 4 usage, 75 somebody holds the lock.
set -eu
umask 077

fail() {
    code=$1
    printf 'error: %s\nwhere: %s\nwhy:   %s\nnext:  %s\n' "$2" "$3" "$4" "$5" >&2
    exit "$code"
}

environment='' directory='' keep=7 database='' user='' lock='' verbose=''
while [ $# -gt 0 ]; do
    case $1 in
    --environment) environment=$2 ;;
    --directory) directory=$2 ;;
    --keep) keep=$2 ;;
    --database) database=$2 ;;
    --user) user=$2 ;;
    --lock) lock=$2 ;;
    --verbose) verbose=--verbose && shift && continue ;;
    --) shift && break ;;
    *) fail 4 "unknown option $1" "$0" "it takes the options its head lists" "read the head of $0" ;;
    esac
    shift 2
done
for each in "$environment" "$directory" "$database" "$user" "$*"; do
    [ -n "$each" ] || fail 4 "an option is missing" "$0" "every one but --lock is needed" "read the head of $0"
done
# Fewer than two proven backups would make the newest one the only one.
[ "$keep" -ge 2 ] || keep=2
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
again="take the backup again once that is corrected"

if [ -n "$lock" ] && command -v flock >/dev/null; then
    mkdir -p -- "$(dirname -- "$lock")"
    exec 9>>"$lock"
    # A look at the lock holds it for a moment, too.
    flock -w 3 9 || fail 75 "another command is changing $environment" "$lock" "$(cat "$lock")" "wait for it, then $again"
    printf '{"verb":"backup","who":"%s","since":"%s"}\n' "$(id -un)" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >"$lock"
fi

mkdir -p -- "$directory"
chmod 700 "$directory"
# The directory may be a link to another disk, which find follows with -H alone.
# Another environment's name may begin with this one's; no name holds a T or a Z.
own="${environment}_????????T??????Z_*"
find -H "$directory" -maxdepth 1 -name ".${environment}_????????T??????Z.*" -type f -mmin +1440 -exec rm -f {} +

ask() {
    ask_sql=$1
    shift
    "$@" psql --no-psqlrc --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 \
        --username="$user" --dbname="$database" --command="SET statement_timeout = 0" --command="$ask_sql" </dev/null
}

facts=$(ask "SELECT current_setting('server_version_num') || ' ' || pg_database_size(current_database())
    || ' ' || (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind = 'r' AND c.relpersistence <> 't'
                  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                  -- An extension's own tables are in no dump, but for those that hold its settings.
                  AND (NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                                      AND d.objid = c.oid AND d.deptype = 'e')
                       OR EXISTS (SELECT FROM pg_extension x WHERE c.oid = ANY (x.extconfig))))
    || ' ' || coalesce(nullif(current_setting('dbops.environment', true), ''), '-')" "$@") ||
    fail 1 "$environment: the database does not answer" "$database" "psql ended with $?" "inv ps --env $environment"
# shellcheck disable=SC2086  # four words
set -- $facts -- "$@"
server=$1 bytes=$2 tables=$3 says=$4
shift 5
[ "$says" = "$environment" ] || [ "$says" = - ] ||
    fail 3 "$environment: the database says that it is $says" "$database, setting dbops.environment" \
        "a backup under a wrong name is worse than none" "correct environments.yaml"

# A dump is smaller than its database; the largest so far is the better guess, where there is one.
largest=$(find -H "$directory" -maxdepth 1 -name "$own.dump" -type f -exec wc -c {} \; | awk '$1 > m { m = $1 } END { print m + 0 }')
need=$(awk -v size="$bytes" -v last="$largest" 'BEGIN { printf "%d", (last ? last * 1.2 : size * 0.5) / 1024 + 1024 }')
free=$(df -Pk -- "$directory" | awk 'NR == 2 { print $4 }')
[ "$free" -ge "$need" ] ||
    fail 1 "$environment: too little room for a backup" "$directory" "$free KiB are free, about $need are needed" \
        "free some, or set backup.directory in environments.yaml"

# Names have seconds; a second backup of the same one must not take the first one's place.
claimed='' tries=0
claim() {
    time=$(date -u +%Y%m%dT%H%M%SZ)
    [ -z "$(find -H "$directory" -maxdepth 1 -name "${environment}_${time}_*")" ] || return
    (set -C && : >"$directory/.${environment}_$time.claimed") 2>/dev/null || return
    claimed="$directory/.${environment}_$time.claimed"
}
until claim; do
    tries=$((tries + 1))
    [ "$tries" -lt 30 ] ||
        fail 1 "$environment: no name is free for a backup" "$directory" "another one holds each second, or nothing can be written" "$again"
    sleep 1
done
partial="$directory/.${environment}_$time.$$.partial"
trap 'rm -f -- "$claimed" "$partial" "$partial.rows" "$partial.sha256" "$partial.error" "$partial.rows.json"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

dump() {
    method=$1
    shift
    "$@" pg_dump --format=custom --compress="$method" --lock-wait-timeout=30s $verbose \
        --username="$user" --dbname="$database" </dev/null >"$partial"
}
# zstd where it was built with it: smaller and several times faster than gzip. pg_dump, which is no
# older than its server, takes "zstd:3" for level 0 before 15, and refuses it before 16.
echo "dumping $database ($((bytes / 1048576)) MiB, $tables tables)" >&2
{ [ "$server" -ge 160000 ] && dump zstd:3 "$@"; } || dump 6 "$@" ||
    fail 1 "$environment: pg_dump failed" "$database" "it says so above" "$again"

# Read every byte back as pg_restore does; the list at the head of a dump proves nothing. Definitions
# are in that list; without them, no text of theirs is taken for rows.
echo "reading it back" >&2
checksum() { sha256sum "$1" 2>/dev/null || shasum -a 256 "$1"; }
checksum "$partial" >"$partial.sha256" &
hashing=$!
awk_program=$(cat "$here/count_rows.awk")
# shellcheck disable=SC2016  # expanded by the other shell, beside the database
"$@" sh -c '{ pg_restore --data-only --file=-; code=$?; echo; echo "dbops: pg_restore ended with $code"; } | awk "$1"' \
    sh "$awk_program" <"$partial" >"$partial.rows" 2>"$partial.error" ||
    fail 1 "$environment: the dump cannot be read back" "$partial" "$(tail -n 1 "$partial.error")" "$again"
wait "$hashing" || fail 1 "$environment: the dump cannot be hashed" "$partial" "sha256sum failed" "$again"

dumped=$(grep -c '^table' "$partial.rows" || true)
[ "$dumped" -eq "$tables" ] ||
    fail 1 "$environment: the dump holds $dumped tables, the database $tables" "$partial" \
        "tables came or went during the dump, or it is not whole" "$again"
revision=$(sed -n 's/^revision	//p' "$partial.rows")
sha256=$(cut -d' ' -f1 "$partial.sha256")
size=$(wc -c <"$partial" | tr -d ' ')
name=${environment}_${time}_$(printf '%s' "${revision:-none}" | tr -c 'A-Za-z0-9_\n' -)

cat >"$partial.rows.json" <<JSON
{
  "environment": "$environment",
  "database": "$database",
  "taken_at": "$time",
  "revision": "$revision",
  "server_version": $server,
  "file": "$name.dump",
  "bytes": $size,
  "sha256": "$sha256",
  "tables": $tables,
  "rows": {
$(sed -n 's/^table	/    /p' "$partial.rows" | sort | sed '$!s/$/,/')
  }
}
JSON
sync "$partial" "$partial.rows.json" 2>/dev/null || sync
mv -- "$partial" "$directory/$name.dump"
mv -- "$partial.rows.json" "$directory/$name.json"

# The newest are kept, and this one, even where a clock that ran ahead named others later; names sort
# by time. A dump without a manifest was never finished.
find -H "$directory" -maxdepth 1 -name "$own.json" -type f | sort -r | tail -n "+$((keep + 1))" |
    while IFS= read -r old; do
        [ "$old" = "$directory/$name.json" ] || rm -f -- "${old%.json}.dump" "${old%.json}.dump.age" "$old"
    done

printf '%s\n' "$directory/$name.dump"
