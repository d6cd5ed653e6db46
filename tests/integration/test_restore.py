"""A restore is built beside the live database and swapped in, or nothing happened."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

import psycopg2
import pytest
from conftest import _binaries
from watching import (
    HEAD,
    began,
    contents,
    kill_everything,
    nothing_is_made,
    refused,
    rows,
    succeeded,
    until,
    waiting,
)

from dbops.errors import ExitCode

DEV = ("--env", "local_dev")
TABLES = ("ref.tax_rate", "public.words")
SETTINGS = (
    "ALTER DATABASE sanbou_dev SET work_mem = '7MB'",
    "ALTER DATABASE sanbou_dev SET search_path = public, \"odd, schema\", 'ref'",
    "ALTER DATABASE sanbou_dev SET dbops.note = 'it''s, 100% \"quoted\"'",
    "ALTER ROLE sanbou_app IN DATABASE sanbou_dev SET statement_timeout = '9s'",
    "ALTER ROLE sanbou_app IN DATABASE sanbou_dev SET temp_tablespaces = ''",
    "REVOKE CONNECT, TEMPORARY ON DATABASE sanbou_dev FROM PUBLIC",
    "GRANT CONNECT ON DATABASE sanbou_dev TO sanbou_readonly WITH GRANT OPTION",
    "ALTER DATABASE sanbou_dev OWNER TO sanbou_owner",
    "ALTER DATABASE sanbou_dev CONNECTION LIMIT 77",
    "COMMENT ON DATABASE sanbou_dev IS 'the one that matters'",
)
TOLD_OF_A_DATABASE = """\
SELECT pg_get_userbyid(datdba), datconnlimit, shobj_description(d.oid, 'pg_database'),
       datcollate, datctype, datlocprovider, pg_encoding_to_char(encoding),
       (SELECT array_agg(format('%s %s %s', coalesce(grantee::regrole::text, 'nobody'),
                                privilege_type, is_grantable) ORDER BY 1)
          FROM (SELECT nullif(grantee, 0) AS grantee, privilege_type, is_grantable
                  FROM aclexplode(coalesce(datacl, acldefault('d', datdba)))) AS a),
       (SELECT array_agg(format('%s %s', setrole, setconfig) ORDER BY setrole)
          FROM pg_db_role_setting WHERE setdatabase = d.oid)
  FROM pg_database AS d WHERE datname = 'sanbou_dev'"""


@pytest.fixture(scope="module")
def backed(head):
    """A project at head with rows, settings and privileges of its own, and a backup of them."""
    head.psql(
        "INSERT INTO ref.tax_rate VALUES ('2019-10-01', 0.100)",
        "CREATE TABLE public.words AS SELECT n, 'a ' || n AS word FROM generate_series(1, 9999) n",
        "CREATE TABLE public.ticks (n int)",
        *SETTINGS,
    )
    head.must("db-bootstrap-roles", *DEV)
    return head


@pytest.fixture
def dump(backed):
    """The backup, taken just before; what later restores kept aside is gone."""
    backed.must("up", *DEV)
    backed.must("restore-forget", *DEV)
    return backed.json("backup", *DEV)["dump"]


def spoil(project):
    """Change rows and the schema."""
    project.psql(
        "INSERT INTO public.words SELECT max(n) + 1, 'more' FROM public.words",
        "TRUNCATE ref.tax_rate",
        "CREATE TABLE public.too_much (n int)",
        "ALTER TABLE public.words DROP COLUMN IF EXISTS word",
        "ALTER TABLE public.words ADD COLUMN word text DEFAULT 'spoiled'",
    )


def databases(project):
    """Return the names of the databases, without those of every server."""
    names = "SELECT datname FROM pg_database WHERE datname LIKE 'sanbou%' ORDER BY 1"
    return project.psql(names, database="postgres").splitlines()


def restoring(dump):
    return ("restore", *DEV, "--dump", dump)


def test_a_restore_under_load_brings_everything_back(backed, dump):
    before = contents(backed), rows(backed, *TABLES), backed.psql(TOLD_OF_A_DATABASE)
    spoil(backed)
    spoiled = contents(backed)
    stop, told = threading.Event(), {"written": 0, "cut off": 0}
    writer = threading.Thread(target=_tick, args=(backed, stop, told))
    writer.start()
    try:
        until(lambda: told["written"] > 10, "the writer to write")
        said = succeeded(backed.inv(*restoring(dump)))
        written = told["written"]
        until(lambda: told["written"] > written + 10, "the writer to be back")
    finally:
        stop.set()
        writer.join()
    backed.psql("TRUNCATE public.ticks")
    assert told["cut off"] >= 1
    assert contents(backed) == before[0] != spoiled
    assert (rows(backed, *TABLES), backed.psql(TOLD_OF_A_DATABASE)) == before[1:]
    aside = [each for each in databases(backed) if "_before_" in each]
    assert len(aside) == 1
    assert f"kept aside: {aside[0]}" in said
    assert backed.json("al-cur", *DEV)["at_head"] is True


def _tick(project, stop, told):
    """Write a row at a time as a client does that connects again when it is cut off."""
    reached = project.libpq()
    while not stop.is_set():
        with suppress(psycopg2.Error):
            connection = psycopg2.connect(
                host=reached["PGHOST"], port=reached["PGPORT"], user="postgres", dbname="sanbou_dev"
            )
            connection.autocommit = True
            try:
                while not stop.wait(0.002):
                    connection.cursor().execute("INSERT INTO public.ticks VALUES (1)")
                    told["written"] += 1
            except psycopg2.Error:
                told["cut off"] += 1
            connection.close()


def test_the_old_one_is_kept_until_it_is_forgotten(backed, dump):
    before = rows(backed, *TABLES)
    backed.psql("INSERT INTO public.words VALUES (0, 'written after the backup')")
    succeeded(backed.inv(*restoring(dump)))
    (aside,) = (each for each in databases(backed) if "_before_" in each)
    backed.psql(f'ALTER DATABASE "{aside}" WITH ALLOW_CONNECTIONS true', database="postgres")
    assert backed.psql("SELECT count(*) FROM public.words WHERE n = 0", database=aside) == "1"
    assert rows(backed, *TABLES) == before
    others = ("sanbou_dev_before_2026", "sanbou_dev2_before_20260101000000")
    for each in others:
        backed.psql(f"CREATE DATABASE {each}", database="postgres")
    succeeded(backed.inv("restore-forget", *DEV))
    assert set(others) <= set(databases(backed))
    for each in others:
        backed.psql(f"DROP DATABASE {each}", database="postgres")
    assert not [each for each in databases(backed) if "_before_" in each]
    assert "nothing to do" in succeeded(backed.inv("restore-forget", *DEV))


@pytest.mark.parametrize(
    ("done", "following"),
    [(0, "up"), (1, "up"), (2, "up"), (1, "restore"), (2, "restore"), (3, "up")],
)
def test_stopped_between_two_statements_of_the_swap(backed, dump, done, following):
    before = contents(backed), backed.psql(TOLD_OF_A_DATABASE)
    planned = json.loads(backed.must(*restoring(dump), "--plan", "--json"))["steps"]
    _run_until_the_swap(backed, planned)
    spoil(backed)
    spoiled = contents(backed)
    for statement in _statements(planned[-1]["command"])[:done]:
        backed.psql(statement, database="postgres")
        assert "sanbou_dev" in databases(backed)
    if done in {1, 2}:
        told = refused(backed.inv("al-cur", *DEV), ExitCode.FAILED, "is closed")
        assert told.endswith("next:  inv up --env local_dev")
    succeeded(backed.inv(*(("up", *DEV) if following == "up" else restoring(dump))))
    restored = following == "restore" or done == 3
    assert contents(backed) == (before[0] if restored else spoiled)
    assert backed.psql(TOLD_OF_A_DATABASE) == before[1]
    if not restored:
        backed.psql("DROP TABLE public.too_much")


def _run_until_the_swap(project, planned):
    """Run the plan's own steps, all but the last, as the script does."""
    scratch = project.directory / "scratch"
    scratch.mkdir(exist_ok=True)
    for step in planned[:-1]:
        subprocess.run(["sh", "-ec", step["command"], "sh", scratch], check=True, text=True)


def _statements(command):
    """Return the statements of the swap: close, disconnect, rename."""
    given = [word for word in shlex.split(command) if word.startswith("--command=")]
    assert len(given) == 4  # the last one opens the live database when one of them fails
    return [each.removeprefix("--command=") for each in given[:3]]


@pytest.mark.parametrize("step", range(1, 6))
def test_killed_as_a_step_begins(backed, dump, step):
    before = contents(backed)
    spoil(backed)
    spoiled = contents(backed)
    running = backed.start(*restoring(dump))
    until(lambda: began(backed, step), f"step {step} to begin")
    kill_everything(running, backed)
    assert "sanbou_dev" in databases(backed)
    backed.must("up", *DEV)
    assert contents(backed) in {before, spoiled}
    succeeded(backed.inv(*restoring(dump)))
    assert contents(backed) == before


def test_killed_while_the_database_beside_is_made(backed, dump):
    before = contents(backed)
    spoil(backed)
    with nothing_is_made(backed):
        running = backed.start(*restoring(dump))
        until(lambda: waiting(backed, "CREATE DATABASE"), "the database beside to be made")
        kill_everything(running, backed)
        following = backed.start(*restoring(dump))
        until(lambda: waiting(backed, "DO %pg_advisory_lock"), "the next restore to wait for it")
    _, error = following.communicate()
    assert following.returncode == ExitCode.OK, error
    assert contents(backed) == before


def test_of_two_restores_at_once_one_waits(backed, dump):
    before = contents(backed)
    spoil(backed)
    both = [backed.start(*restoring(dump)) for _ in range(2)]
    told = [each.communicate() for each in both]
    codes = sorted(each.returncode for each in both)
    assert codes in ([ExitCode.OK, ExitCode.OK], [ExitCode.OK, ExitCode.LOCKED]), told
    assert sum("waiting for restore by" in error for _, error in told) == 1
    assert contents(backed) == before


@pytest.fixture
def plain(backed, tmp_path):
    """A plain dump, as people keep it."""
    file = tmp_path / "old.sql"
    words = [_binaries() / "pg_dump", f"--file={file}"]
    subprocess.run(words, env=backed.libpq(), check=True)
    return file


def test_a_plain_dump_is_restored_too(backed, dump, plain):
    before = contents(backed), backed.psql(TOLD_OF_A_DATABASE)
    spoil(backed)
    succeeded(backed.inv("restore", *DEV, "--sql", str(plain)))
    assert (contents(backed), backed.psql(TOLD_OF_A_DATABASE)) == before
    assert backed.json("al-cur", *DEV)["current"] == [HEAD]


def test_a_plain_dump_that_is_cut_or_wrong_changes_nothing(backed, dump, plain):
    before = contents(backed)
    text = plain.read_text(encoding="utf-8")
    plain.write_text(text[: len(text) // 2], encoding="utf-8")
    words = ("restore", *DEV, "--sql", str(plain))
    refused(backed.inv(*words), ExitCode.REFUSED, "the SQL file is cut")
    plain.write_text(text[: len(text) // 2].replace("\n", "\r\n"), encoding="utf-8")
    refused(backed.inv(*words), ExitCode.REFUSED, "the SQL file is cut")
    refused(backed.inv("restore", *DEV, "--sql", dump), ExitCode.REFUSED, "custom format")
    broken = text.replace("COPY public.words", "SELECT 1/0;\nCOPY public.words", 1)
    plain.write_text(broken, encoding="utf-8")
    told = refused(backed.inv(*words), ExitCode.FAILED, "stopped at: run old.sql")
    assert "division by zero" in told
    assert "sanbou_dev_restoring" not in databases(backed)
    plain.write_text("", encoding="utf-8")
    refused(backed.inv(*words), ExitCode.USAGE, "it is empty")
    plain.unlink()
    refused(backed.inv(*words), ExitCode.USAGE, "no file is there")
    refused(backed.inv("restore", *DEV), ExitCode.USAGE, "a restore needs one file")
    assert contents(backed) == before
    assert Path(dump).exists()


def test_a_plain_dump_that_would_leave_the_new_database_is_refused_with_its_line(backed, plain):
    before = contents(backed)
    text = plain.read_text(encoding="utf-8")
    for command in ("\\connect sanbou_dev", "\\c sanbou_dev", "  \\! true", "\\q"):
        plain.write_text(f"SELECT 1;\n{command}\n{text}", encoding="utf-8")
        told = refused(
            backed.inv("restore", *DEV, "--sql", str(plain)),
            ExitCode.REFUSED,
            f"the SQL file holds the psql command {command.split()[0]}",
        )
        assert f"where: {plain}:2\n" in told
    assert contents(backed) == before


@pytest.mark.parametrize(
    "line",
    ["SELECT 1; \\connect sanbou_dev", "SELECT 1; \\! touch {there}", "\\set x `touch {there}`"],
)
def test_a_psql_command_anywhere_is_refused_by_psql_itself(backed, plain, tmp_path, line):
    before = contents(backed)
    there = tmp_path / "there"
    text = plain.read_text(encoding="utf-8")
    plain.write_text(f"{line.format(there=there)}\n{text}", encoding="utf-8")
    told = refused(
        backed.inv("restore", *DEV, "--sql", str(plain)), ExitCode.FAILED, "stopped at: run old.sql"
    )
    assert "backslash commands are restricted" in told
    assert not there.exists()
    assert contents(backed) == before


@pytest.fixture
def limited(backed):
    """The live database ends whatever takes longer than 0.3 s, and is read only by default."""
    backed.psql(
        "CREATE FUNCTION public.slow(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE"
        " AS $$ BEGIN PERFORM pg_sleep(0.1); RETURN n; END $$",
        "CREATE TABLE public.slow AS SELECT n FROM generate_series(1, 9) n",
        # ANALYZE computes what an index is on, for each row.
        "CREATE INDEX ON public.slow (public.slow(n))",
    )
    backed.must("db-bootstrap-roles", *DEV)
    backed.psql(
        "ALTER DATABASE sanbou_dev SET statement_timeout = '300ms'",
        "ALTER DATABASE sanbou_dev SET default_transaction_read_only = on",
    )
    yield
    backed.psql(
        "ALTER DATABASE sanbou_dev RESET statement_timeout",
        "ALTER DATABASE sanbou_dev RESET default_transaction_read_only",
        database="postgres",
    )
    backed.psql("DROP TABLE public.slow; DROP FUNCTION public.slow")


@pytest.mark.usefixtures("limited")
def test_limits_of_the_live_database_end_neither_a_backup_nor_a_restore(backed):
    before = contents(backed), backed.psql(TOLD_OF_A_DATABASE)
    dump = backed.json("backup", *DEV)["dump"]
    assert "holds every row" in succeeded(backed.inv("backups", *DEV, "--restore-test"))
    succeeded(backed.inv(*restoring(dump)))
    assert (contents(backed), backed.psql(TOLD_OF_A_DATABASE)) == before
    assert "statement_timeout=300ms" in before[1]


@pytest.fixture
def extended(project):
    """A project on a server of its own copy, whose extension fills a table, as PostGIS does."""
    copied = project.directory / "postgresql"
    shutil.copytree(_binaries().resolve().parent, copied, symlinks=True)
    folder = copied / "share" / "extension"
    (folder / "srs.control").write_text("default_version = '1'\nrelocatable = true\n")
    (folder / "srs--1.sql").write_text(
        "CREATE TABLE systems AS SELECT n FROM generate_series(1, 8500) n;"
        " SELECT pg_extension_config_dump('systems', 'WHERE n > 8500');"
    )
    variables = {"DBOPS_POSTGRES_BIN": str(copied / "bin")}
    succeeded(project.inv("al-up", *DEV, **variables))
    project.psql("CREATE EXTENSION srs", "INSERT INTO public.systems VALUES (9000)")
    return project, variables


def test_what_an_extension_fills_its_tables_with_is_not_compared(extended):
    project, variables = extended
    told = json.loads(project.must("backup", *DEV, "--json", **variables))
    said = json.loads(Path(told["dump"]).with_suffix(".json").read_text(encoding="utf-8"))
    assert said["rows"]["public.systems"] == 1
    succeeded(project.inv("backups", *DEV, "--restore-test", **variables))
    succeeded(project.inv(*restoring(told["dump"]), **variables))
    assert rows(project, "public.systems") == ["8501"]


def test_a_table_and_its_children_are_counted_each_by_itself(backed):
    backed.psql(
        "CREATE TABLE public.parent AS SELECT 1 AS a",
        "CREATE TABLE public.child () INHERITS (public.parent)",
        "INSERT INTO public.child VALUES (2), (3)",
    )
    try:
        backed.must("backup", *DEV)
        assert "holds every row" in succeeded(backed.inv("backups", *DEV, "--restore-test"))
    finally:
        backed.psql("DROP TABLE public.parent CASCADE")


def test_a_database_is_restored_with_its_own_locale(backed, dump):
    before = backed.psql(TOLD_OF_A_DATABASE)
    rename = "ALTER DATABASE sanbou_dev RENAME TO sanbou_kept"
    libc = "LOCALE_PROVIDER libc LOCALE 'C.UTF-8'"
    backed.psql(
        rename, f"CREATE DATABASE sanbou_dev TEMPLATE template0 {libc}", database="postgres"
    )
    try:
        backed.must("up", *DEV)
        succeeded(backed.inv("restore", *DEV, "--dump", dump))
        asked = "SELECT datlocprovider, datcollate FROM pg_database WHERE datname = 'sanbou_dev'"
        assert backed.psql(asked) == "c|C.UTF-8"
        # Nothing but the two tables of these tests: the scratch database has the locale, too.
        assert "local_dev: 2 differences; " in backed.inv("drift", *DEV).stdout
    finally:
        succeeded(backed.inv("restore-forget", *DEV))
        backed.psql(
            "DROP DATABASE sanbou_dev WITH (FORCE)",
            "ALTER DATABASE sanbou_kept RENAME TO sanbou_dev",
            database="postgres",
        )
    assert backed.psql(TOLD_OF_A_DATABASE) == before


def test_rows_that_look_like_psql_commands_are_rows(backed, dump, plain):
    backed.psql("INSERT INTO public.words VALUES (0, E'\\\\connect x'), (0, E'a\\n\\\\! b\\n')")
    words = [_binaries() / "pg_dump", f"--file={plain}"]
    subprocess.run(words, env=backed.libpq(), check=True)
    before = contents(backed)
    succeeded(backed.inv("restore", *DEV, "--sql", str(plain)))
    assert contents(backed) == before


def test_a_file_that_makes_no_table_is_not_swapped_in(backed, plain):
    before = contents(backed)
    plain.write_text("-- nothing\n", encoding="utf-8")
    told = refused(
        backed.inv("restore", *DEV, "--sql", str(plain)), ExitCode.FAILED, "stopped at: run old.sql"
    )
    assert "old.sql made no table in sanbou_dev_restoring" in told
    assert contents(backed) == before


def test_a_dump_that_holds_no_table_is_not_swapped_in(backed, tmp_path):
    before = contents(backed)
    empty = tmp_path / "empty.dump"
    words = [_binaries() / "pg_dump", "--format=custom", f"--file={empty}", "--dbname=postgres"]
    subprocess.run(words, env=backed.libpq(), check=True)
    told = refused(
        backed.inv(*restoring(str(empty))),
        ExitCode.FAILED,
        "stopped at: restore into sanbou_dev_restoring",
    )
    assert "empty.dump made no table in sanbou_dev_restoring" in told
    assert "sanbou_dev_restoring" not in databases(backed)
    assert contents(backed) == before


def test_what_a_killed_command_left_is_named_with_the_command_that_drops_it(backed):
    backed.psql("CREATE DATABASE sanbou_dev_restoring", database="postgres")
    (found,) = [
        each for each in json.loads(backed.inv("doctor", *DEV, "--json").stdout)
        if "left behind" in each["what"]
    ]  # fmt: skip
    assert "sanbou_dev_restoring, " in found["what"]
    command = shlex.split(found["next_command"])
    assert command[:2] == ["inv", "psql"]
    assert command[-1] == 'DROP DATABASE "sanbou_dev_restoring"'
    succeeded(backed.inv(*command[1:]))
    assert "left behind" not in backed.inv("doctor", *DEV).stdout
