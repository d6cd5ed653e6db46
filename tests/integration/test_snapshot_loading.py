"""The snapshot file: refused with its place when it is wrong, else loaded all or nothing."""

from __future__ import annotations

import os
import subprocess

import pytest
from conftest import _binaries
from states import keep, renew
from watching import contents, refused, runs, succeeded

from dbops.errors import ExitCode

DEV = ("--env", "local_dev")
SNAPSHOT = "sql/schema_baseline.sql"


@pytest.fixture(scope="module")
def good(head):
    keep(head, "at_head")
    return (head.directory / SNAPSHOT).read_bytes()


@pytest.fixture
def empty(head, good):
    """An empty database, and the good snapshot again afterwards."""
    renew(head)
    yield head
    (head.directory / SNAPSHOT).write_bytes(good)


def cut(text: bytes) -> bytes:
    return text[: len(text) // 2]


def with_line(line: str):
    place = b"\nCREATE SCHEMA mart;\n"
    return lambda text: text.replace(place, place + line.encode() + b"\n", 1)


WRONG = {
    "missing": (None, ExitCode.USAGE, "cannot be read"),
    "empty": (lambda _: b"", ExitCode.USAGE, "the snapshot is empty"),
    "blank": (lambda _: b"-- nothing\n\n", ExitCode.USAGE, "the snapshot is empty"),
    "cut in half": (cut, ExitCode.USAGE, "cut in half"),
    "cut in a string": (lambda _: b"SELECT 'and then", ExitCode.USAGE, "cut in half"),
    "a meta-command": (with_line("\\! touch canary"), ExitCode.REFUSED, "the psql command \\!"),
    "a commit": (with_line("COMMIT;"), ExitCode.REFUSED, "the snapshot holds COMMIT"),
    "a drop": (with_line("DROP SCHEMA public;"), ExitCode.REFUSED, "DROP SCHEMA"),
    "not utf-8": (lambda text: text + "-- 廃棄物\n".encode("cp932"), ExitCode.USAGE, "UTF-8"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_snapshot_that_must_not_be_loaded_is_refused_untouched(empty, good, name):
    change, code, what = WRONG[name]
    file = empty.directory / SNAPSHOT
    if change is None:
        file.unlink()
    else:
        assert change(good) != good
        file.write_bytes(change(good))
    before = contents(empty), len(runs(empty))
    for verb in ("al-up", "db-apply-snapshot"):
        told = refused(empty.inv(verb, *DEV), code, what)
        assert f"where: {SNAPSHOT}" in told
    assert (contents(empty), len(runs(empty))) == before
    assert not (empty.directory / "canary").exists()


def test_an_error_in_the_last_statement_leaves_nothing_behind(empty, good):
    wrong = good + b"\nSELECT 1 FROM ref.no_such_table;\n"
    (empty.directory / SNAPSHOT).write_bytes(wrong)
    before = contents(empty)
    for verb in ("al-up", "db-apply-snapshot"):
        told = refused(
            empty.inv(verb, *DEV), ExitCode.FAILED, f"{verb} stopped at: load {SNAPSHOT}"
        )
        assert "no_such_table" in told
        assert contents(empty) == before
    (empty.directory / SNAPSHOT).write_bytes(good)
    succeeded(empty.inv("al-up", *DEV))


def test_what_pg_dump_writes_is_loaded_without_its_psql_lines(empty):
    renew(empty, "at_head")
    raw = dumped(empty)
    for each in ("\\restrict ", "transaction_timeout", "TABLE public.alembic_version"):
        assert each in raw, each
    renew(empty)
    (empty.directory / SNAPSHOT).write_text(raw, encoding="utf-8")
    succeeded(empty.inv("al-up", *DEV))
    assert empty.json("al-cur", *DEV)["at_head"] is True
    assert normalised(dumped(empty)) == normalised(raw)


def dumped(project) -> str:
    words = ["--schema-only", "--no-owner", "--no-privileges", "--exclude-schema=dbops"]
    return subprocess.run(
        [str(_binaries() / "pg_dump"), *words],
        env={**os.environ, **project.libpq()},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def normalised(dump: str) -> list[str]:
    return [line for line in dump.splitlines() if not line.startswith("\\")]


def test_a_database_that_is_not_empty_is_refused_and_kept(empty):
    renew(empty, "at_head")
    empty.psql("INSERT INTO ref.tax_rate VALUES ('2019-10-01', 0.1)")
    other = (empty.directory / SNAPSHOT).read_bytes() + b"\nSELECT 1;\n"
    (empty.directory / SNAPSHOT).write_bytes(other)
    before = contents(empty)
    told = refused(empty.inv("db-apply-snapshot", *DEV), ExitCode.REFUSED, "is not empty")
    assert "al-adopt" in told
    assert contents(empty) == before


def test_a_second_load_of_the_same_snapshot_has_nothing_to_do(empty):
    succeeded(empty.inv("db-apply-snapshot", *DEV))
    before = contents(empty)
    done = succeeded(empty.inv("db-apply-snapshot", *DEV))
    assert "nothing to do: this very snapshot is loaded already" in done
    assert contents(empty) == before


def test_a_schema_of_the_snapshot_in_the_way_is_named(empty):
    empty.psql("CREATE SCHEMA mart")
    for verb in ("db-apply-snapshot", "al-up"):
        told = refused(empty.inv(verb, *DEV), ExitCode.REFUSED, "exist already")
        assert "where: mart" in told
    assert empty.psql("SELECT to_regnamespace('mart') IS NOT NULL") == "t"


def test_initialising_throws_the_old_database_away_and_tells_what_follows(empty):
    empty.psql("CREATE TABLE public.old ()")
    done = succeeded(empty.inv("db-init-from-snapshot", *DEV))
    assert "inv al-stamp --rev 0001_baseline" in done
    assert empty.psql("SELECT to_regclass('public.old') IS NULL") == "t"
    succeeded(empty.inv("db-init-from-snapshot", *DEV, "--finish"))
    assert empty.json("al-cur", *DEV)["at_head"] is True
