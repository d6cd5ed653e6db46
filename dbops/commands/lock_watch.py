"""A watch beside an upgrade: which relations it locks, in which mode and how long, and rewrites.

It writes into a schema of its own, in a database that is thrown away. Locks and times are read
every 20 ms, so that a lock which is held shorter may be missed: nobody waits for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbops.commands import psql
from dbops.commands.shell import RUN, lines, words

if TYPE_CHECKING:
    from dbops.commands.backend import Backend

_SAID = f"{RUN}/watch"
# What an ordinary INSERT, UPDATE or SELECT takes is left out: others do not wait for it.
_MODES = (
    "'AccessExclusiveLock', 'ExclusiveLock', 'ShareRowExclusiveLock', 'ShareLock',"
    " 'ShareUpdateExclusiveLock'"
)
_RELATIONS = """\
SELECT format('%I.%I', n.nspname, c.relname) AS name, pg_catalog.pg_table_size(c.oid) AS bytes{more}
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'm', 'i', 'I') AND n.nspname !~ '^pg_'
   AND n.nspname NOT IN ('information_schema', 'dbops', 'dbops_rehearsal')
   AND (n.nspname, c.relname) <> ('public', 'alembic_version')"""
_PREPARE = f"""\
CREATE SCHEMA dbops_rehearsal;
CREATE TABLE dbops_rehearsal.relations AS
{_RELATIONS.format(more=", c.oid, c.relfilenode, c.relkind")};
CREATE TABLE dbops_rehearsal.live (name text, bytes bigint);
CREATE TABLE dbops_rehearsal.began (at timestamptz DEFAULT clock_timestamp());
CREATE TABLE dbops_rehearsal.locks (
    relation oid, mode text, seconds double precision, PRIMARY KEY (relation, mode))"""
_LIVE_SIZES = f"COPY ({_RELATIONS.format(more='')}) TO STDOUT"
# Each look is a transaction of its own: CREATE INDEX CONCURRENTLY waits for older snapshots.
_WATCH = f"""\
DO $watch$
DECLARE
    before timestamptz := clock_timestamp();
BEGIN
    INSERT INTO dbops_rehearsal.began DEFAULT VALUES;
    COMMIT;
    WHILE to_regclass('dbops_rehearsal.over') IS NULL LOOP
        INSERT INTO dbops_rehearsal.locks AS seen
        SELECT l.relation, l.mode, max(extract(epoch FROM clock_timestamp() - before))
          FROM pg_catalog.pg_locks AS l JOIN pg_catalog.pg_stat_activity AS a USING (pid)
          JOIN dbops_rehearsal.relations AS r ON r.oid = l.relation
         WHERE l.granted AND a.backend_type = 'client backend' AND l.mode IN ({_MODES})
           AND l.database = (SELECT oid FROM pg_catalog.pg_database
                              WHERE datname = current_database())
         GROUP BY l.relation, l.mode
        ON CONFLICT (relation, mode) DO UPDATE SET seconds = seen.seconds + excluded.seconds;
        before := clock_timestamp();
        COMMIT;
        PERFORM pg_sleep(0.02);
    END LOOP;
END $watch$"""
_BEGUN = """\
DO $begun$ BEGIN
    FOR attempt IN 1..500 LOOP
        IF EXISTS (SELECT FROM dbops_rehearsal.began) THEN RETURN; END IF;
        COMMIT;
        PERFORM pg_sleep(0.02);
    END LOOP;
    RAISE EXCEPTION 'the lock watch did not begin within 10 s';
END $begun$"""
# Rebuilding a table rebuilds its indexes: an index is told only where its table was left alone.
# One line, so that it is one line of the journal.
_FIGURES = """\
WITH rewritten AS (
    SELECT r.oid, r.name, r.relkind, greatest(r.bytes, l.bytes) AS bytes
      FROM dbops_rehearsal.relations AS r JOIN pg_catalog.pg_class AS c USING (oid)
      LEFT JOIN dbops_rehearsal.live AS l ON l.name = r.name
     WHERE c.relfilenode <> r.relfilenode
), told AS (
    SELECT * FROM rewritten
     WHERE oid NOT IN (SELECT i.indexrelid FROM pg_catalog.pg_index AS i
                         JOIN rewritten AS t ON t.oid = i.indrelid)
)
SELECT jsonb_build_object(
    'seconds', (SELECT round(extract(epoch FROM clock_timestamp() - at), 2)
                  FROM dbops_rehearsal.began),
    'revisions', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                             'revision', revision, 'seconds', round(seconds::numeric, 2))
                             ORDER BY id), '[]')
                    FROM dbops.revision_log, dbops_rehearsal.began
                   WHERE operation = 'upgrade' AND applied_at >= began.at),
    'locks', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                         'relation', r.name, 'mode', k.mode,
                         'seconds', round(k.seconds::numeric, 2))
                         ORDER BY k.seconds DESC, r.name), '[]')
                FROM dbops_rehearsal.locks AS k JOIN dbops_rehearsal.relations AS r
                  ON r.oid = k.relation),
    'rewrites', (SELECT coalesce(jsonb_agg(jsonb_build_object('relation', name, 'bytes', bytes)
                            ORDER BY bytes DESC, name), '[]') FROM told))"""


def begin(beside: Backend, database: str) -> str:
    """Return the shell text that remembers the relations of DATABASE and begins to watch."""
    sizes = words(*psql.command(beside, f"--command={_LIVE_SIZES}"))
    kept = "COPY dbops_rehearsal.live FROM STDIN"
    session = ("SET statement_timeout = 0", _WATCH)
    return lines(
        psql.execute(beside, _PREPARE, database=database),
        # Sizes as they are live: a restored table has no dead rows, one of a schema alone no rows.
        f"{sizes} | {words(*psql.command(beside, f'--command={kept}', database=database))}",
        # What it says when the database is dropped under it is no reason why a run failed.
        f"{psql.execute(beside, *session, database=database, one=False)} 2>{_SAID} & watching=$!",
        psql.execute(beside, _BEGUN, database=database, one=False),
    )


def end(beside: Backend, database: str) -> str:
    """Return the shell text that ends the watch and leaves what it saw, as JSON, in $figures."""
    over = "CREATE TABLE dbops_rehearsal.over ()"
    gone = ("SET client_min_messages = warning", "DROP SCHEMA dbops_rehearsal CASCADE")
    return lines(
        psql.execute(beside, over, database=database),
        f'wait "$watching" || {{ cat {_SAID}; exit 1; }}',
        f"figures=$({psql.ask(beside, _FIGURES, database)})",
        psql.execute(beside, *gone, database=database),
    )
