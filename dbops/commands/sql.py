"""SQL text from names and values. Everything that reaches the server in SQL is quoted here."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dbops.environments.model import Environment


def identifier(name: str) -> str:
    """Return NAME as a quoted identifier (manual, 4.1.1: a quote inside is doubled)."""
    return '"' + name.replace('"', '""') + '"'


def qualified(name: str) -> str:
    """Return "schema.relation" with both parts quoted."""
    return ".".join(identifier(each) for each in name.split(".", 1))


def literal(value: str | None) -> str:
    """Return VALUE as a string constant, or NULL.

    Only for sessions with standard_conforming_strings on, the default since 9.1, where a backslash
    is an ordinary character (manual, 4.1.2.1).
    """
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


# For work as long as the data is large. Limits come from the server, the role and the database;
# transaction_timeout is known since 17.
UNLIMITED = (
    "DO $$ BEGIN PERFORM pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings"
    " WHERE name IN ('statement_timeout', 'lock_timeout', 'transaction_timeout',"
    " 'idle_in_transaction_session_timeout'); END $$"
)


def made_alone(database: str) -> str:
    """Return the statement that waits for who makes DATABASE now, and keeps others out.

    CREATE DATABASE goes on when its client is killed, unseen by everybody until it commits (17.6,
    measured), so "there is none" is true only after this. The lock is the session's, of which each
    maker and each asker has its own: CREATE DATABASE stands in no transaction (manual, 22.1).
    """
    key = f"pg_catalog.hashtextextended({literal(f'dbops:create:{database}')}, 0)"
    return f"DO {literal(f'BEGIN PERFORM pg_catalog.pg_advisory_lock({key}); END')}"


def migration_lock(database: str) -> int:
    """Return the advisory lock's key for DATABASE: 8 bytes of a sha256, as a signed bigint."""
    digest = hashlib.sha256(f"dbops:migrate:{database}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def query(name: str) -> Path:
    """Return the file of one of this tool's own read-only queries."""
    return Path(__file__).resolve().parents[2] / "sql" / "queries" / f"{name}.sql"


def revision_log(environment: Environment) -> Path:
    """Return the file that makes the table of applied revisions, where the commands run."""
    return environment.tool_directory / "migrations_v2" / "alembic" / "revision_log.sql"


def record(
    operation: str, *, revision: str | None, previous: str | None, sha256: str | None
) -> str:
    """Return the statement that adds one line to dbops.revision_log.

    Who does it and in which run come from PGOPTIONS, so that the plan is the same for everybody.
    """
    values = ", ".join(literal(each) for each in (operation, revision, previous, sha256))
    return (
        "INSERT INTO dbops.revision_log (operation, revision, previous, file_sha256, actor, run_id)"
        f" VALUES ({values}, nullif(current_setting('dbops.actor', true), ''),"
        " nullif(current_setting('dbops.run_id', true), ''))"
    )


def stamp(revision: str, *, expected: tuple[str, ...]) -> str:
    """Return a statement that makes REVISION the only version row.

    It fails, with SQLSTATE 40001, when the rows are no longer the EXPECTED ones it was planned on.
    """
    rows = ", ".join(literal(each) for each in expected)
    return f"""\
CREATE TABLE IF NOT EXISTS public.alembic_version (
    version_num varchar(32) NOT NULL CONSTRAINT alembic_version_pkc PRIMARY KEY);
DO $stamp$ BEGIN
    LOCK TABLE public.alembic_version IN ACCESS EXCLUSIVE MODE;
    IF ARRAY(SELECT version_num::text FROM public.alembic_version ORDER BY 1)
       <> ARRAY[{rows}]::text[] THEN
        RAISE EXCEPTION 'the version rows changed after the plan was made'
            USING ERRCODE = 'serialization_failure';
    END IF;
    DELETE FROM public.alembic_version;
    INSERT INTO public.alembic_version VALUES ({literal(revision)});
END $stamp$"""


VERSIONS = "SELECT string_agg(version_num, ',' ORDER BY version_num) FROM public.alembic_version"
