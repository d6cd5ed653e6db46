"""Steps that build a database beside the live one, and put it in the live one's place.

What fails, or is interrupted, takes the half-built database away again; what is killed leaves it
for the next run, whose first step does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbops.commands import database as commands
from dbops.commands import health, psql, restore, sql
from dbops.commands.shell import equals, has_sha256, lines, unless_well, words
from dbops.environments import beside
from dbops.runbook import Step

if TYPE_CHECKING:
    from dbops.commands.backend import Backend
    from dbops.environments.model import Environment


def building(environment: Environment) -> str:
    """Return the name of the database a refresh is built in."""
    return beside.named(environment.database.name, "refreshing")


def replaced(environment: Environment) -> str:
    """Return the name the live database has from the swap until it is dropped."""
    return beside.named(environment.database.name, "replaced")


def make(backend: Backend, environment: Environment) -> Step:
    """Return the step that removes what a killed run left, and makes an empty database."""
    new = building(environment)
    return Step(
        title=f"make {new} beside {environment.database.name}",
        command=lines(
            commands.drop(backend, replaced(environment)),
            commands.recreate(backend, environment, new),
        ),
    )


def upgrade(backend: Backend, environment: Environment, revision: str) -> Step:
    """Return the step that brings the new database to REVISION."""
    new = building(environment)
    return Step(
        title=f"upgrade {new} to {revision}",
        command=backend.alembic("upgrade", revision, database=new),
        verify=equals(psql.ask(backend, sql.VERSIONS, new), revision),
    )


def seed(backend: Backend, environment: Environment, file: str, sha256: str) -> Step:
    """Return the step that runs FILE, which still has to be the one of SHA256, all or nothing."""
    path = environment.path(file)
    load = psql.transaction(backend, psql.File(words(path)), database=building(environment))
    return Step(
        title=f"load {file}, in one transaction", command=lines(has_sha256(path, sha256), load)
    )


def populate(backend: Backend, environment: Environment) -> Step:
    """Return the step that fills the materialized views, each after those it reads.

    Which there are is known once the revisions have run, so the server itself orders them. The
    planner wants statistics for it first.
    """
    new = building(environment)
    return Step(
        title=f"refresh the materialized views of {new}",
        command=lines(
            psql.execute(backend, "ANALYZE", database=new, one=False),
            psql.execute(backend, _POPULATE, database=new),
        ),
    )


_POPULATE = """\
DO $populate$
DECLARE
    each record;
BEGIN
    FOR each IN
        WITH RECURSIVE reads AS (
            SELECT DISTINCT r.ev_class AS reader, d.refobjid AS source
              FROM pg_catalog.pg_depend AS d
              JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid
             WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
               AND d.deptype = 'n' AND d.refobjid <> r.ev_class
        ), placed (view, level) AS (
            SELECT oid, 1 FROM pg_catalog.pg_class WHERE relkind = 'm'
            UNION
            SELECT r.reader, p.level + 1
              FROM placed AS p
              JOIN reads AS r ON r.source = p.view
             -- CREATE OR REPLACE VIEW lets views read each other in a circle.
             WHERE p.level <= (SELECT count(*) FROM reads)
        )
        SELECT n.nspname AS schema, c.relname AS name
          FROM placed AS p
          JOIN pg_catalog.pg_class AS c ON c.oid = p.view AND c.relkind = 'm'
          JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
         GROUP BY n.nspname, c.relname
         ORDER BY max(p.level), n.nspname, c.relname
    LOOP
        RAISE NOTICE 'refresh %.%', each.schema, each.name;
        EXECUTE format('REFRESH MATERIALIZED VIEW %I.%I', each.schema, each.name);
    END LOOP;
END $populate$"""


def finish(backend: Backend, environment: Environment) -> Step:
    """Return the step that gives the new database what belongs to the live one as a database."""
    return restore.finishing(backend, environment, building(environment))


def check(backend: Backend, environment: Environment, revision: str) -> Step:
    """Return the step without which nothing is swapped: at REVISION, every view populated."""
    new = building(environment)
    return Step(
        title=f"see that {new} is at {revision} and every view is populated",
        command=lines(
            equals(psql.ask(backend, sql.VERSIONS, new), revision),
            equals(psql.ask(backend, _UNPOPULATED, new), ""),
        ),
    )


_UNPOPULATED = (
    "SELECT string_agg(oid::regclass::text, ', ') FROM pg_catalog.pg_class"
    " WHERE relkind = 'm' AND NOT relispopulated"
)


def swap(backend: Backend, environment: Environment, revision: str) -> Step:
    """Return the step that lets the new database serve, or the old one again when it is not well.

    Each way is one transaction: whenever it is killed, one of the two bears the live name, open.
    """
    live, new, old = environment.database.name, building(environment), replaced(environment)
    settings = environment.health
    well = health.wait(settings.url, settings.timeout_seconds).command if settings.url else ""
    back = _exchange(backend, live=live, new=old, old=new)
    return Step(
        title=f"swap {new} in as {live}, and see that it serves",
        command=lines(
            _exchange(backend, live=live, new=new, old=old),
            unless_well(back, f"echo 'the old {live} serves again'", commands.drop(backend, new)),
        ),
        verify=lines(equals(psql.ask(backend, sql.VERSIONS), revision), well),
    )


def _exchange(backend: Backend, *, live: str, new: str, old: str) -> str:
    names = {"live": live, "new": new, "old": old}
    statement = _EXCHANGE.format(**{key: sql.literal(name) for key, name in names.items()})
    return psql.execute(backend, statement, database="postgres")


# RENAME waits 5 s for sessions to end, and gives up with 55006, object_in_use. It holds the lock a
# client needs to come in, who waits for it and then has to connect once more.
_EXCHANGE = """\
DO $exchange$
DECLARE
    live CONSTANT name := {live};
    new CONSTANT name := {new};
    old CONSTANT name := {old};
    tries int := 0;
BEGIN
    LOOP
        -- pg_stat_activity shows one moment for all of a transaction.
        PERFORM pg_stat_clear_snapshot();
        PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN (live, new);
        BEGIN
            EXECUTE format('ALTER DATABASE %I RENAME TO %I', live, old);
            EXECUTE format('ALTER DATABASE %I RENAME TO %I', new, live);
            EXIT;
        EXCEPTION WHEN object_in_use THEN
            tries := tries + 1;
            IF tries = 6 THEN RAISE; END IF;
        END;
    END LOOP;
    EXECUTE format('ALTER DATABASE %I WITH ALLOW_CONNECTIONS false', old);
    EXECUTE format('ALTER DATABASE %I WITH ALLOW_CONNECTIONS true', live);
END $exchange$"""


def drop(backend: Backend, environment: Environment) -> Step:
    """Return the step that drops the database that no longer serves."""
    old = replaced(environment)
    return Step(
        title=f"drop the old {environment.database.name}", command=commands.drop(backend, old)
    )
