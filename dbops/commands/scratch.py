"""Commands on a scratch database: who uses it, and what notes the catalogues it passes through."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbops.commands import psql, sql
from dbops.commands.shell import Question
from dbops.environments import beside

if TYPE_CHECKING:
    from dbops.commands.backend import Backend
    from dbops.environments.model import Environment

_SETTING = re.compile(r"^SET (?!client_encoding)(\w+) =", re.MULTILINE)
_BEGIN = "\nWITH members AS"


def claim(backend: Backend, database: str) -> str:
    """Return the shell text that notes at DATABASE that it is in use since now."""
    setting = f"ALTER DATABASE {sql.identifier(database)} SET dbops.scratch_since = %L"
    text = f"DO $now$ BEGIN EXECUTE format({sql.literal(setting)}, now()); END $now$"
    return psql.execute(backend, text, database="postgres")


def claimed_seconds(backend: Backend, database: str) -> str:
    """Return the shell text that prints how many seconds ago DATABASE was claimed.

    It prints nothing where there is no such database, and `never` where nobody claims it.
    """
    question = (
        "SELECT coalesce((SELECT extract(epoch FROM now() - split_part(each, '=', 2)::timestamptz)"
        "::int::text FROM pg_db_role_setting AS s, unnest(s.setconfig) AS each"
        " WHERE s.setdatabase = d.oid AND each LIKE 'dbops.scratch_since=%'), 'never')"
        f" FROM pg_database AS d WHERE d.datname = {sql.literal(database)}"
    )
    return psql.ask(backend, question, "postgres")


def left_behind(backend: Backend, environment: Environment) -> str:
    """Return the shell text that lists what was built beside the database and nobody uses."""
    names = (beside.named(environment.database.name, each) for each in beside.PURPOSES)
    question = (
        "SELECT datname || ', ' || pg_size_pretty(pg_database_size(d.oid)) FROM pg_database AS d"
        f" WHERE datname IN ({', '.join(map(sql.literal, names))})"
        " AND NOT EXISTS (SELECT FROM pg_stat_activity AS a WHERE a.datid = d.oid) ORDER BY datname"
    )
    return psql.ask(backend, question, "postgres")


def record(backend: Backend, database: str) -> Question:
    """Return what makes DATABASE note the catalogue of each revision that is applied to it.

    A trigger on the version table reads it inside the revision's transaction, so that one run of
    Alembic is enough for many of them. With two version rows other revisions are applied as well,
    and nothing is noted. All of it lies in the schema dbops, which no catalogue shows.
    """
    settings, _, query = sql.query("catalogue").read_text(encoding="utf-8").partition(_BEGIN)
    # As its text and not as a string: psql fills its variables in.
    text = f"""{settings}
CREATE TABLE dbops.recorded (revision text PRIMARY KEY, lines text NOT NULL);
CREATE FUNCTION dbops.catalogue() RETURNS SETOF json LANGUAGE sql
{" ".join(f"SET {each} FROM CURRENT" for each in _SETTING.findall(settings))}
BEGIN ATOMIC {_BEGIN.lstrip()}{query.rstrip()}
END;
CREATE FUNCTION dbops.record() RETURNS trigger LANGUAGE plpgsql
-- Revisions act as the owner, who shall see no less.
SECURITY DEFINER SET search_path = '' AS $record$ BEGIN
    INSERT INTO dbops.recorded
    SELECT min(version_num), (SELECT string_agg(each::text, E'\\n') FROM dbops.catalogue() AS each)
      FROM public.alembic_version HAVING count(*) = 1
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $record$;
CREATE TRIGGER record AFTER INSERT OR UPDATE ON public.alembic_version
    FOR EACH STATEMENT EXECUTE FUNCTION dbops.record();
"""
    return Question(words=tuple(psql.command(backend, "--file=-", database=database)), text=text)


def recorded(backend: Backend, database: str, revision: str) -> str:
    """Return the shell text that prints the catalogue noted of REVISION; nothing without one."""
    statement = f"SELECT lines FROM dbops.recorded WHERE revision = {sql.literal(revision)}"
    return psql.ask(backend, statement, database)
