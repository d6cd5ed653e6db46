"""The life of a database, its snapshot, roles and versions: the same steps for every backend."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dbops.commands import psql, sql
from dbops.commands.shell import RUN, equals, has_sha256, lines, unless_well, without_lines, words
from dbops.environments import beside
from dbops.runbook import Step

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dbops.commands.backend import Backend
    from dbops.environments.model import Environment
    from dbops.snapshot import Snapshot


def or_dropped(step: Step, backend: Backend, database: str) -> Step:
    """Return STEP, which drops DATABASE when it fails: a full disk is the live one's, too.

    A trap, for sh forgets `set -e` in whatever stands before `||`.
    """
    return replace(step, command=lines(unless_well(drop(backend, database)), step.command))


def create(backend: Backend, environment: Environment) -> Step:
    """Return the step that creates the database and lets it say which environment it is."""
    name = sql.identifier(environment.database.name)
    return Step(
        title=f"create the database {environment.database.name}",
        command=psql.execute(
            backend,
            sql.made_alone(environment.database.name),
            f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'",
            _identity(environment),
            database="postgres",
            one=False,
        ),
        verify=equals(psql.ask(backend, "SHOW dbops.environment"), environment.name),
    )


def identify(backend: Backend, environment: Environment) -> Step:
    """Return the step that lets an existing database say which environment it is."""
    return Step(
        title=f"let the database say that it is {environment.name}",
        command=psql.execute(backend, _identity(environment), database="postgres"),
        verify=equals(psql.ask(backend, "SHOW dbops.environment"), environment.name),
    )


def _identity(environment: Environment) -> str:
    name = sql.identifier(environment.database.name)
    return f"ALTER DATABASE {name} SET dbops.environment = {sql.literal(environment.name)}"


def role_variables(environment: Environment) -> list[str]:
    """Return the psql variables that sql/bootstrap_roles.sql reads."""
    roles = environment.roles
    named: Mapping[str, str | None] = {
        "owner": roles.owner,
        "migrator": roles.migrator,
        "app": roles.app,
        "readonly": roles.readonly,
        "backup": roles.backup,
        "refresher": roles.refresher,
        "schemas": ",".join(environment.migrations.schemas),
    }
    return [f"--set={key}={value}" for key, value in named.items() if value]


def roles_files(environment: Environment) -> list[psql.File]:
    """Return the file that bootstraps the roles, none when the environment names none."""
    roles = environment.migrations.roles
    return [psql.File(words(environment.path(roles)))] if roles else []


def bootstrap_roles(backend: Backend, environment: Environment) -> Step:
    """Return the step that creates the roles and their privileges where they are missing."""
    files, variables = roles_files(environment), role_variables(environment)
    return Step(
        title="bootstrap the roles and their privileges",
        command=psql.transaction(backend, *files, variables=variables),
    )


def grant_in(
    backend: Backend,
    environment: Environment,
    schemas: tuple[str, ...],
    database: str | None = None,
) -> str:
    """Return the shell text that gives the roles their privileges in SCHEMAS that exist.

    Args:
        backend: reaches the database.
        environment: names the roles and their file.
        schemas: those a revision may have made after the roles were bootstrapped.
        database: another database than the environment's own, where no role is made.
    """
    variables = [*role_variables(environment), f"--set=schemas={','.join(schemas)}"]
    return psql.transaction(
        backend,
        *roles_files(environment),
        variables=[*variables, *(["--set=scratch=1"] if database else [])],
        database=database,
    )


def load_snapshot(
    backend: Backend,
    environment: Environment,
    *,
    snapshot: Snapshot,
    leave_out: tuple[int, ...],
    stamp: bool,
    roles: bool,
    database: str | None = None,
) -> Step:
    """Return the step that loads the snapshot, all or nothing.

    Args:
        backend: reaches the database.
        environment: names the files.
        snapshot: the file as it was planned with; a changed one is refused.
        leave_out: numbers of lines that must not be executed, such as psql's restrict commands.
        stamp: whether the baseline becomes the version in the same transaction.
        roles: whether the roles are bootstrapped in the same transaction.
        database: another database than the environment's own.
    """
    migrations = environment.migrations
    file = environment.path(migrations.snapshot)
    done = [sql.record("snapshot", revision=None, previous=None, sha256=snapshot.sha256)]
    if stamp:
        done.append(sql.stamp(migrations.baseline, expected=()))
        done.append(sql.record("stamp", revision=migrations.baseline, previous=None, sha256=None))
    load = psql.transaction(
        backend,
        psql.File(f"{RUN}/snapshot.sql" if leave_out else words(file)),
        psql.File(words(sql.revision_log(environment))),
        *done,
        # Last: the owner also becomes the owner of the version table.
        *(roles_files(environment) if roles else []),
        variables=[*role_variables(environment), *(["--set=scratch=1"] if database else [])],
        database=database,
    )
    parts = [migrations.snapshot, *(["the roles"] if roles else [])]
    parts += [f"stamp {migrations.baseline}"] if stamp else []
    return Step(
        title=f"load {', '.join(parts)}, in one transaction",
        command=lines(
            has_sha256(file, snapshot.sha256),
            without_lines(file, leave_out, f"{RUN}/snapshot.sql") if leave_out else "",
            load,
        ),
        verify=equals(psql.ask(backend, holds(len(snapshot.relations)), database), "t"),
    )


def holds(relations: int) -> str:
    """Return the question whether the database holds at least so many relations."""
    return f"""\
SELECT count(*) >= {relations} FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND n.nspname !~ '^pg_'
   AND n.nspname NOT IN ('information_schema', 'dbops')
   AND (n.nspname, c.relname) <> ('public', 'alembic_version')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                    WHERE d.classid = 'pg_class'::regclass
                      AND d.objid = c.oid AND d.deptype = 'e')"""


def stamp(
    backend: Backend,
    environment: Environment,
    *,
    revision: str,
    expected: tuple[str, ...],
    operation: str,
    sha256: str | None,
) -> Step:
    """Return the step that makes REVISION the version, whatever legacy one was there before."""
    previous = ",".join(expected) or None
    return Step(
        title=f"{operation} {revision}" + (f" in place of {previous}" if previous else ""),
        command=psql.transaction(
            backend,
            psql.File(words(sql.revision_log(environment))),
            sql.stamp(revision, expected=expected),
            sql.record(operation, revision=revision, previous=previous, sha256=sha256),
        ),
        verify=equals(psql.ask(backend, sql.VERSIONS), revision),
    )


def migrate(backend: Backend, direction: str, revision: str, *, expected: str, title: str) -> Step:
    """Return the step that runs Alembic and then asks the database where it is.

    Args:
        backend: reaches the database.
        direction: upgrade or downgrade.
        revision: the revision Alembic is told.
        expected: what the version row must say afterwards.
        title: what a person reads.
    """
    return Step(
        title=title,
        command=backend.alembic(direction, revision),
        verify=equals(psql.ask(backend, sql.VERSIONS), expected),
    )


def schema_dump(backend: Backend, database: str | None = None) -> list[str]:
    """Return the words that print the structure of the application's objects."""
    return backend.tool(
        "pg_dump",
        "--schema-only",
        "--no-owner",
        "--no-privileges",
        "--exclude-schema=dbops",
        "--exclude-table=public.alembic_version",
        database=database,
    )


def accepts_connections(backend: Backend, name: str) -> list[str]:
    """Return the words that print t or f for the database NAME, nothing when there is none."""
    statement = f"SELECT datallowconn FROM pg_database WHERE datname = {sql.literal(name)}"
    asked = (f"--command={each}" for each in (sql.made_alone(name), statement))
    return psql.command(backend, "--no-align", "--tuples-only", *asked, database="postgres")


def reopen(backend: Backend, environment: Environment) -> Step:
    """Return the step that lets clients in again after an interrupted swap."""
    name = sql.identifier(environment.database.name)
    statement = f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true"
    return Step(
        title=f"open {environment.database.name} again, closed by an interrupted restore",
        command=psql.execute(backend, statement, database="postgres"),
        verify=words(*psql.command(backend, "--output=/dev/null", "--command=SELECT 1")),
    )


def scratch(environment: Environment, purpose: str = "scratch") -> str:
    """Return the name of the database used to prove things beside the environment's own."""
    return beside.named(environment.database.name, f"dbops_{purpose}")


def recreate(backend: Backend, environment: Environment, database: str) -> str:
    """Return the shell text that makes DATABASE anew and empty, with the locale of the live one."""
    return lines(drop(backend, database), create_alike(backend, environment, database))


def create_alike(backend: Backend, environment: Environment, database: str) -> str:
    """Return the shell text that makes DATABASE, which must not be there, like the live one."""
    made = _ALIKE.format(new=sql.literal(database), live=sql.literal(environment.database.name))
    alone = f"--command={sql.made_alone(database)}"
    return lines(
        f"made=$({psql.ask(backend, made, 'postgres')})",
        f'{words(*psql.command(backend, alone, database="postgres"))} --command="$made"',
    )


# Encoding and locale are those of a database for life: what is swapped in, or compared, has them
# alike. The columns that say so came with PostgreSQL 15, 16 and 17 (pg_database).
_ALIKE = """\
SELECT format('CREATE DATABASE %I TEMPLATE template0', {new})
    || coalesce((
        SELECT format(' ENCODING %L LC_COLLATE %L LC_CTYPE %L', pg_encoding_to_char(d.encoding),
                      d.datcollate, d.datctype)
            || CASE j ->> 'datlocprovider'
                    WHEN 'c' THEN ' LOCALE_PROVIDER libc'
                    WHEN 'b' THEN format(' LOCALE_PROVIDER builtin BUILTIN_LOCALE %L', locale)
                    WHEN 'i' THEN format(' LOCALE_PROVIDER icu ICU_LOCALE %L', locale)
                               || coalesce(format(' ICU_RULES %L', j ->> 'daticurules'), '')
                    ELSE '' END
            || CASE t.spcname WHEN 'pg_default' THEN '' ELSE format(' TABLESPACE %I', t.spcname) END
          FROM pg_database AS d JOIN pg_tablespace AS t ON t.oid = d.dattablespace,
               to_jsonb(d) AS j, coalesce(j ->> 'datlocale', j ->> 'daticulocale') AS locale
         WHERE d.datname = {live}), ' ENCODING ''UTF8''')"""


def drop(backend: Backend, database: str) -> str:
    """Return the shell text that drops DATABASE if it is there, or is just being made."""
    statement = f"DROP DATABASE IF EXISTS {sql.identifier(database)} WITH (FORCE)"
    alone = sql.made_alone(database)
    return psql.execute(backend, alone, statement, database="postgres", one=False)


def refresh(backend: Backend, view: str, *, concurrently: bool, group: str) -> Step:
    """Return the step that refreshes one materialized view and sees that it is populated."""
    how = " CONCURRENTLY" if concurrently else ""
    name = sql.qualified(view)
    populated = f"SELECT relispopulated FROM pg_class WHERE oid = {sql.literal(name)}::regclass"
    return Step(
        title=f"refresh {view}" + (" concurrently" if concurrently else ""),
        command=psql.execute(backend, f"REFRESH MATERIALIZED VIEW{how} {name}"),
        verify=equals(psql.ask(backend, populated), "t"),
        group=group,
    )


def snapshot_file(environment: Environment) -> Path:
    """Return where the environment's snapshot lies."""
    return environment.path(environment.migrations.snapshot)
