"""Commands that restore a file beside the live database, compare it, and swap it in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbops.commands import database as commands
from dbops.commands import psql, sql
from dbops.commands.shell import RUN, equals, has_sha256, lines, words
from dbops.environments import beside
from dbops.runbook import Step

if TYPE_CHECKING:
    from pathlib import Path

    from dbops.commands.backend import Backend
    from dbops.environments.model import Environment
    from dbops.manifest import Manifest

# Of the live size; an upgrade adds to what is restored.
_ROOM = 1.2


def restoring(environment: Environment) -> str:
    """Return the name of the database a restore is built in."""
    return beside.named(environment.database.name, "restoring")


def restore_dump(
    backend: Backend, environment: Environment, dump: Path, database: str, tables: int | None
) -> tuple[Step, ...]:
    """Return the steps that restore DUMP into DATABASE, made anew.

    Args:
        backend: reaches the server.
        environment: whose locale, roles and settings the database gets.
        dump: the file, in pg_dump's custom format.
        database: the name of the new database.
        tables: how many its manifest says; None without one, when there must be one at least.
    """
    restore = words(
        *backend.beside(),
        "pg_restore",
        "--verbose",
        "--exit-on-error",
        f"--username={environment.database.user}",
        f"--dbname={database}",
    )
    made = Step(
        title=f"restore into {database}",
        command=lines(
            room(backend, environment),
            _prepared(backend, environment, database),
            f"{restore} <{words(dump)}",
        ),
        verify=_is_not_empty(backend, database, dump.name) if tables is None else "",
        counts="processing data for table",
        total=tables or 0,
    )
    finished = finishing(backend, environment, database)
    return tuple(commands.or_dropped(each, backend, database) for each in (made, finished))


def room(backend: Backend, environment: Environment) -> str:
    """Return a test that the server has room for a second copy; nothing where nobody can ask."""
    if environment.backend == "server":
        return ""
    name = environment.database.name
    needed = (
        f"SELECT (pg_database_size({sql.literal(name)}) * {_ROOM} / 1024)::bigint"
        " || ' ' || current_setting('data_directory')"
    )
    free = words(*backend.beside(), "df", "-Pk", "--")
    return lines(
        f"asked=$({psql.ask(backend, needed, 'postgres')})",
        "needed=${asked%% *} place=${asked#* }",
        f"free=$({free} \"$place\" | awk 'NR == 2 {{ print $4 }}')",
        f'[ "$free" -ge "$needed" ] || {{ echo "$free KiB are free in $place, and $needed'
        f' needed: {_ROOM} times the size of "{words(name)}; exit 1; }}',
    )


# Prints the number and the text of the first line that is a psql command which leaves the database,
# the file or the server. Rows of COPY end with a line of their own and never begin with one.
_LEAVING = r"""
toupper($1) == "COPY" && toupper($0) ~ /FROM STDIN;$/ { rows = 1; next }
rows { rows = ($0 != "\\."); next }
/^[ \t]*\\(!|(c|connect|i|ir|include|include_relative|o|out|w|write|q|quit|copy|cd|setenv|g|gx|gexec)([ \t]|$))/ {
    sub(/^[ \t]+/, ""); print NR " " $0; exit
}"""  # noqa: E501  one pattern


_RESTRICT = words(r"/^\\(un)?restrict [A-Za-z0-9]+\r?$/d")


def leaving(file: Path) -> list[str]:
    """Return the words that print where FILE, of SQL, does more than SQL: line and text."""
    return ["env", "LC_ALL=C", "awk", _LEAVING, str(file)]


def restore_sql(
    backend: Backend, environment: Environment, file: Path, database: str, sha256: str
) -> tuple[Step, ...]:
    """Return the steps that run the SQL in FILE in DATABASE, made anew, all or nothing."""
    plain = psql.transaction(backend, psql.File(words(file)), database=database)
    # The key of the restricted mode (psql, since 14.19, 15.14, 16.10 and 17.6) is the file's own
    # hash, which the file cannot hold. pg_dump's lines for it, which cannot be nested, go.
    copy = f"{RUN}/restricted.sql"
    restricted = psql.transaction(
        backend, f"\\restrict {sha256}", psql.File(copy), database=database
    )
    helped = words(*backend.beside(), "psql", "--help=commands")
    made = Step(
        title=f"run {file.name} in {database}, in one transaction",
        command=lines(
            room(backend, environment),
            _prepared(backend, environment, database),
            has_sha256(file, sha256),
            f"if {helped} | grep -q -F restrict; then",
            f"LC_ALL=C sed -E {_RESTRICT} <{words(file)} >{copy}",
            restricted,
            f"rm -f {copy}",
            f"else\n{plain}\nfi",
        ),
        verify=_is_not_empty(backend, database, file.name),
    )
    finished = finishing(backend, environment, database)
    return tuple(commands.or_dropped(each, backend, database) for each in (made, finished))


def _is_not_empty(backend: Backend, database: str, name: str) -> str:
    """Return a test that what the file NAME made in DATABASE can be the application's."""
    return (
        f'[ "$({psql.ask(backend, commands.holds(1), database)})" = t ] || '
        f"{{ {words('echo', f'{name} made no table in {database}')}; exit 1; }}"
    )


def _prepared(backend: Backend, environment: Environment, database: str) -> str:
    """Return the shell text that makes DATABASE empty, on a server that has the roles.

    Made anew once they are there: a dump's privileges would come on top of default privileges,
    which belong to the database; roles belong to the server.
    """
    new, roles = (
        commands.recreate(backend, environment, database),
        _roles(backend, environment, database),
    )
    return lines(new, roles, new) if roles else new


def _roles(
    backend: Backend, environment: Environment, database: str, *, scratch: bool = False
) -> str:
    files = commands.roles_files(environment)
    variables = [*commands.role_variables(environment), *(["--set=scratch=1"] if scratch else [])]
    if not files:
        return ""
    return psql.transaction(backend, sql.UNLIMITED, *files, variables=variables, database=database)


def finishing(
    backend: Backend, environment: Environment, database: str, *, scratch: bool = False
) -> Step:
    """Return the step that gives DATABASE what belongs to the live one as a database.

    Args:
        backend: reaches the server.
        environment: whose roles they are.
        database: what is finished.
        scratch: it is thrown away, so that no role of the server is made or changed for it.
    """
    names = {"live": sql.literal(environment.database.name), "new": sql.literal(database)}
    privileges, settings = (
        psql.execute(backend, _COPY.format(**names) + each, database="postgres")
        for each in (_COPY_PRIVILEGES, _COPY_SETTINGS)
    )
    return Step(
        title="apply roles, privileges and the database's settings, gather statistics",
        command=lines(
            # What belongs to the database itself is in no dump made without --create.
            privileges,
            _roles(backend, environment, database, scratch=scratch),
            psql.execute(backend, sql.UNLIMITED, "ANALYZE", database=database, one=False),
            # A statement_timeout or default_transaction_read_only among them would end the work.
            settings,
        ),
    )


_COPY = """\
DO $copy$
DECLARE
    live CONSTANT name := {live};
    new CONSTANT name := {new};
    each record;
BEGIN
"""

_COPY_SETTINGS = """\
    FOR each IN
        SELECT r.rolname, split_part(c, '=', 1) AS key, substr(c, strpos(c, '=') + 1) AS value
          FROM pg_db_role_setting AS s
          JOIN pg_database AS d ON d.oid = s.setdatabase AND d.datname = live
          LEFT JOIN pg_roles AS r ON r.oid = s.setrole,
               unnest(s.setconfig) AS c
    LOOP
        EXECUTE format(
            CASE WHEN each.rolname IS NULL THEN 'ALTER DATABASE %1$I SET %3$I = %4$s'
                 ELSE 'ALTER ROLE %2$I IN DATABASE %1$I SET %3$I = %4$s' END,
            new, each.rolname, each.key,
            -- Lists are stored quoted element by element; anything else is one value.
            CASE WHEN each.key NOT IN ('search_path', 'temp_tablespaces',
                                       'session_preload_libraries', 'local_preload_libraries')
                 THEN quote_literal(each.value)
                 -- SET takes no empty name in double quotes, which is how an empty list is stored.
                 WHEN each.value IN ('', '""') THEN quote_literal('') ELSE each.value END);
    END LOOP;
END $copy$"""


_COPY_PRIVILEGES = """\
    FOR each IN
        SELECT pg_get_userbyid(datdba) AS owner, datconnlimit AS most,
               shobj_description(oid, 'pg_database') AS comment
          FROM pg_database WHERE datname = live
    LOOP
        EXECUTE format('ALTER DATABASE %I OWNER TO %I', new, each.owner);
        EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT %s', new, each.most);
        EXECUTE format('COMMENT ON DATABASE %I IS %L', new, each.comment);
        -- A new database lets everybody connect; this one perhaps did not.
        EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC, %I', new, each.owner);
    END LOOP;
    FOR each IN
        SELECT a.privilege_type, a.is_grantable, g.rolname
          FROM pg_database AS d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS a
          LEFT JOIN pg_roles AS g ON g.oid = a.grantee
         WHERE d.datname = live
    LOOP
        EXECUTE format('GRANT %s ON DATABASE %I TO %s%s', each.privilege_type, new,
                       coalesce(quote_ident(each.rolname), 'PUBLIC'),
                       CASE WHEN each.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
    END LOOP;
END $copy$"""


_MEMBERSHIP = (
    "SELECT FROM pg_catalog.pg_depend WHERE classid = 'pg_catalog.pg_class'::regclass"
    " AND objid = {table}::regclass AND deptype = 'e'"
)


def compare_rows(backend: Backend, manifest: Manifest, database: str) -> Step:
    """Return the step that counts every table of DATABASE and compares with the manifest.

    The tables of extensions are left out: what CREATE EXTENSION fills them with is in no dump.
    """
    differing = [
        f"SELECT {sql.literal(table)} WHERE (SELECT count(*) FROM ONLY {table}) <> {count}"
        f" AND NOT EXISTS ({_MEMBERSHIP.format(table=sql.literal(table))})"
        for table, count in manifest.rows
    ]
    total = sum(count for _, count in manifest.rows)
    compared = Step(
        title=f"compare {len(manifest.rows)} tables, {total} rows, with the manifest",
        command=equals(psql.ask_all(backend, differing, database), ""),
    )
    return commands.or_dropped(compared, backend, database)


def swap(backend: Backend, environment: Environment, revision: str) -> Step:
    """Return the step that puts the restored database in the live one's place, by rename.

    Both renames are one transaction. Killed before it, the live database is only closed, which the
    next `up` undoes; killed after it, everything is done.
    """
    live = environment.database.name
    close = f"ALTER DATABASE {sql.identifier(live)} WITH ALLOW_CONNECTIONS false"
    leave = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        f" WHERE datname = {sql.literal(live)}"
    )
    rename = _SWAP.format(live=sql.literal(live), new=sql.literal(restoring(environment)))
    work = [psql.execute(backend, each, database="postgres") for each in (close, leave, rename)]
    undo = f"ALTER DATABASE {sql.identifier(live)} WITH ALLOW_CONNECTIONS true"
    reopen = psql.execute(backend, undo, database="postgres")
    asked = psql.ask(backend, sql.VERSIONS)
    swapped = " && ".join(f"{each} >/dev/null" for each in work)
    # Under a name of its own: who cancels a run ends the sessions that bear the run's.
    reopen = f"PGAPPNAME=dbops:undo {reopen}"
    return Step(
        title=f"swap it in as {live}, keeping the old one",
        command=f"{{ {swapped}; }} || {{ {reopen}; exit 1; }}",
        verify=equals(asked, revision) if revision else "",
    )


_SWAP = """\
DO $swap$
DECLARE
    live CONSTANT name := {live};
    kept CONSTANT name := live || '_before_' || to_char(now() AT TIME ZONE 'UTC',
                                                                  'YYYYMMDDHH24MISS');
BEGIN
    EXECUTE format('ALTER DATABASE %I RENAME TO %I', live, kept);
    EXECUTE format('ALTER DATABASE %I RENAME TO %I', {new}::name, live);
END $swap$"""


def kept_databases(backend: Backend, environment: Environment) -> list[str]:
    """Return the words that list the databases earlier restores left aside, one a line."""
    live = sql.literal(environment.database.name)
    statement = (
        f"SELECT datname FROM pg_database WHERE starts_with(datname::text, {live})"
        f" AND substr(datname::text, length({live}) + 1) ~ {sql.literal(f'^{beside.KEPT}$')}"
        " ORDER BY datname"
    )
    return psql.command(
        backend, "--no-align", "--tuples-only", f"--command={statement}", database="postgres"
    )


def drop(backend: Backend, database: str) -> Step:
    """Return the step that drops a database that is not the live one."""
    return Step(title=f"drop {database}", command=commands.drop(backend, database))
