"""Old databases are taken over: every row stays, and what was done is recorded."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from conftest import _binaries, make_project
from states import ROW, history, keep, renew, versions
from watching import BASELINE, HEAD, LEGACY, contents, refused, rows, succeeded

from dbops.errors import ExitCode
from dbops.snapshot import canonical

DEV = ("--env", "local_dev")
OTHER = f"the schema is not that of {BASELINE}"
APPLICATION = ("raw", "ref", "mart", "stg", "kpi")
CHAIN = 120
LAST = f"legacy_{CHAIN:04d}"
TABLE = """CREATE TABLE raw.slip_{number:04d}
    (id bigint PRIMARY KEY, weight_kg numeric(12, 3) CHECK (weight_kg >= 0), note text)"""
VIEW = "CREATE VIEW mart.v_slip AS SELECT id, weight_kg FROM raw.slip_0100"
REVISION = '''from alembic import op
revision, down_revision = "{name}", {after!r}
def upgrade():
    op.execute("""{statement}""")
'''
ENV = """from alembic import context
from sqlalchemy import create_engine
with create_engine("postgresql+psycopg2://").connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


@pytest.fixture(scope="module")
def kept(head):
    """A database that was at the legacy head before this tool knew it, with rows."""
    head.must("al-down", *DEV)
    head.must("db-bootstrap-roles", *DEV)  # the grants that the downgrade took back
    head.psql(
        ROW,
        "DROP SCHEMA dbops CASCADE",
        f"UPDATE alembic_version SET version_num = '{LEGACY}'",
    )
    keep(head, "legacy")
    return head


@pytest.fixture
def legacy(kept):
    renew(kept, "legacy")
    return kept


def test_the_baseline_is_stamped_on_a_legacy_head_and_every_row_stays(legacy):
    before = contents(legacy, only=APPLICATION)
    succeeded(legacy.inv("al-stamp", "--rev", BASELINE, *DEV))
    assert versions(legacy) == [BASELINE]
    assert history(legacy) == [f"stamp|{BASELINE}|{LEGACY}"]
    assert contents(legacy, only=APPLICATION) == before
    assert rows(legacy, "ref.tax_rate") == ["1"]
    succeeded(legacy.inv("al-up", *DEV))
    assert versions(legacy) == [HEAD]
    assert rows(legacy, "ref.tax_rate") == ["1"]


def test_a_second_stamp_has_nothing_to_do(legacy):
    legacy.must("al-stamp", "--rev", BASELINE, *DEV)
    before = contents(legacy)
    done = succeeded(legacy.inv("al-stamp", "--rev", "0001", *DEV))
    assert f"nothing to do: it is at {BASELINE} already" in done
    assert contents(legacy) == before


def test_a_stamp_needs_a_revision_that_exists(legacy):
    before = contents(legacy)
    refused(legacy.inv("al-stamp", *DEV), ExitCode.USAGE, "a stamp needs a revision")
    unknown = legacy.inv("al-stamp", "--rev", "0001_baselin3", *DEV)
    assert "did you mean 0001_baseline?" in refused(unknown, ExitCode.USAGE, "'0001_baselin3'")
    assert contents(legacy) == before


def test_the_baseline_is_not_stamped_where_its_relations_are_missing(legacy):
    legacy.psql("DROP VIEW mart.v_slip_mismatch")
    before = contents(legacy)
    done = legacy.inv("al-stamp", "--rev", BASELINE, *DEV)
    told = refused(done, ExitCode.REFUSED, f"1 relations of {BASELINE} are missing")
    assert "mart.v_slip_mismatch" in told
    assert contents(legacy) == before


def test_a_legacy_database_whose_schema_is_the_baselines_is_adopted(legacy):
    done = succeeded(legacy.inv("al-adopt", *DEV))
    assert f"the schema is that of {BASELINE}, all " in done
    assert history(legacy) == [f"adopt|{BASELINE}|{LEGACY}"]
    assert rows(legacy, "ref.tax_rate") == ["1"]
    assert "nothing to do" in succeeded(legacy.inv("al-adopt", *DEV))


def test_what_was_applied_before_adopting_is_settled_by_it(legacy):
    succeeded(legacy.inv("al-stamp", "--rev", BASELINE, *DEV))
    legacy.psql(
        "INSERT INTO dbops.revision_log (operation, revision, file_sha256)"
        " VALUES ('upgrade', 'gone', repeat('1', 64))",
        f"UPDATE alembic_version SET version_num = '{LEGACY}'",
    )
    gone = "revision gone was applied and its file vanished"
    assert gone in succeeded(legacy.inv("al-hist", *DEV))
    succeeded(legacy.inv("al-adopt", *DEV))
    assert gone not in succeeded(legacy.inv("al-hist", *DEV))


def test_two_version_rows_are_settled_by_adopting(legacy):
    legacy.psql("INSERT INTO alembic_version VALUES ('20990101_000000000')")
    succeeded(legacy.inv("al-adopt", *DEV))
    assert versions(legacy) == [BASELINE]
    assert history(legacy) == [f"adopt|{BASELINE}|{LEGACY},20990101_000000000"]


@pytest.fixture(scope="module")
def chain():
    """A project with a rotten history of 120 revisions, and a database at its end, with rows.

    Revision 3 reads a table of revision 100: on the living database somebody once repaired the
    order by hand, so that only an empty one shows it.
    """
    made = make_project()
    try:
        made.edit("environments.yaml", f'["{LEGACY}"]', f'["{LAST}"]')
        _write_chain(made)
        made.must("up", *DEV)
        made.psql("CREATE SCHEMA raw", "CREATE SCHEMA mart")
        keep(made, "only_schemas")
        made.psql(*(statement for statement in _statements() if statement != VIEW), VIEW)
        made.psql(
            "INSERT INTO raw.slip_0100 SELECT n, n * 1.5, '伝票' FROM generate_series(1, 500) AS n",
            "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)",
            f"INSERT INTO alembic_version VALUES ('{LAST}')",
        )
        _write_snapshot(made)
        keep(made, "legacy")
        yield made
    finally:
        made.remove()


def _statements():
    tables = (TABLE.format(number=number) for number in range(1, CHAIN + 1))
    return [VIEW if number == 3 else each for number, each in enumerate(tables, start=1)]


def _write_chain(project):
    folder = project.directory / "legacy" / "versions"
    folder.mkdir(parents=True)
    (folder.parent / "env.py").write_text(ENV)
    (folder.parent / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s\n")
    after = None
    for number, statement in enumerate(_statements(), start=1):
        name = f"legacy_{number:04d}"
        text = REVISION.format(name=name, after=after, statement=statement)
        (folder / f"{name}.py").write_text(text)
        after = name


def _write_snapshot(project):
    words = ["pg_dump", "--schema-only", "--no-owner", "--no-privileges"]
    dump = subprocess.run(
        [str(_binaries() / words[0]), *words[1:], "--exclude-table=alembic_version"],
        env={**os.environ, **project.libpq()},
        capture_output=True,
        text=True,
        check=True,
    )
    snapshot = project.directory / "sql" / "schema_baseline.sql"
    snapshot.write_text(canonical(dump.stdout, title="the application"), encoding="utf-8")


@pytest.fixture
def old(chain):
    renew(chain, "legacy")
    return chain


def test_the_old_chain_does_not_run_from_empty(chain):
    renew(chain, "only_schemas")
    config = str(chain.directory / "legacy" / "alembic.ini")
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "--config", config, "upgrade", "head"],
        env={**os.environ, **chain.libpq()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert 'relation "raw.slip_0100" does not exist' in done.stderr


def test_a_database_at_the_end_of_the_old_chain_is_taken_over_with_its_rows(old):
    sums = "SELECT count(*), sum(weight_kg), min(note) FROM raw.slip_0100"
    before, others = old.psql(sums), contents(old, only=APPLICATION)
    succeeded(old.inv("al-adopt", *DEV))
    assert (versions(old), history(old)) == ([BASELINE], [f"adopt|{BASELINE}|{LAST}"])
    assert (old.psql(sums), contents(old, only=APPLICATION)) == (before, others)
    succeeded(old.inv("al-up", *DEV))
    assert old.json("al-cur", *DEV)["at_head"] is True
    assert old.psql(sums) == before


def test_differences_are_listed_by_object_and_taken_only_by_their_hash(old):
    old.must("db-bootstrap-roles", *DEV)
    old.psql(
        "ALTER TABLE raw.slip_0007 ADD COLUMN by_hand text",
        "CREATE TABLE mart.by_hand ()",
        "DROP VIEW mart.v_slip",
    )
    before = contents(old)
    told = refused(old.inv("al-adopt", *DEV), ExitCode.DIFFERENCES, OTHER)
    for each in (
        "unexpected  column raw.slip_0007.by_hand",
        "unexpected  table mart.by_hand",
        "missing     view mart.v_slip",
    ):
        assert each in told
    digest = re.search(r"--accept ([0-9a-f]{12})", told)[1]
    wrong = old.inv("al-adopt", *DEV, "--accept", "0" * 12)
    refused(wrong, ExitCode.DIFFERENCES, f"{OTHER}, 3 differences")
    assert contents(old) == before
    succeeded(old.inv("al-adopt", *DEV, "--accept", digest))
    assert (versions(old), rows(old, "raw.slip_0100")) == ([BASELINE], ["500"])
    old.psql("SELECT by_hand FROM raw.slip_0007")


def test_privileges_that_the_roles_file_gives_are_given_before_adopting(legacy):
    legacy.psql("REVOKE SELECT ON raw.receive_slip FROM sanbou_readonly")
    told = refused(legacy.inv("al-adopt", *DEV), ExitCode.DIFFERENCES, OTHER)
    assert "missing     grant table raw.receive_slip to sanbou_readonly" in told
    assert "next:  inv db-bootstrap-roles --env local_dev, then inv al-adopt" in told
    legacy.must("db-bootstrap-roles", *DEV)
    succeeded(legacy.inv("al-adopt", *DEV))
    assert versions(legacy) == [BASELINE]


def test_what_a_dump_does_not_show_is_a_difference_too(legacy):
    legacy.psql("ALTER TABLE raw.receive_slip DISABLE TRIGGER ALL")
    told = refused(legacy.inv("al-adopt", *DEV), ExitCode.DIFFERENCES, OTHER)
    assert "trigger state raw.receive_slip" in told or "unenforced" in told
    assert versions(legacy) == [LEGACY]


def test_a_hash_accepts_only_the_very_differences_it_was_made_of(old):
    old.must("db-bootstrap-roles", *DEV)
    old.psql("ALTER TABLE raw.slip_0007 ADD COLUMN by_hand text")
    told = refused(old.inv("al-adopt", *DEV), ExitCode.DIFFERENCES, f"{OTHER}, 1 difference")
    digest = re.search(r"--accept ([0-9a-f]{12})", told)[1]
    old.psql("ALTER TABLE raw.slip_0007 ALTER COLUMN by_hand SET NOT NULL")
    done = old.inv("al-adopt", *DEV, "--accept", digest)
    refused(done, ExitCode.DIFFERENCES, f"{OTHER}, 1 difference")
    assert versions(old) == [LAST]
