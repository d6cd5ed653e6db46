"""The snapshot is exported from a database at head, and written only once it is proven."""

from __future__ import annotations

import signal

import pytest
from conftest import ROOT
from states import ROW, keep, renew
from watching import files, refused, sleeping, succeeded, until

from dbops.errors import ExitCode

DEV = ("--env", "local_dev")
SNAPSHOT = "sql/schema_baseline.sql"
GRANT = "migrations_v2/alembic/versions/20251212_100000000_grant_comprehensive_permissions.py"
LATER = '''"""Add a note."""

from alembic import op

revision = "20970101_000000000"
down_revision = "20251212_100000000"


def upgrade() -> None:
    op.execute("ALTER TABLE ref.tax_rate ADD COLUMN note text")


def downgrade() -> None:
    op.execute("ALTER TABLE ref.tax_rate DROP COLUMN note")
'''


@pytest.fixture(scope="module")
def kept(head):
    keep(head, "at_head")
    return head


@pytest.fixture
def at_head(kept):
    renew(kept, "at_head")
    # What was granted on a database itself is not copied with it.
    kept.must("db-bootstrap-roles", *DEV)
    return kept


def snapshot(project) -> bytes:
    return (project.directory / SNAPSHOT).read_bytes()


def no_scratch(project) -> bool:
    """Return whether neither a scratch database nor half a file was left behind."""
    databases = project.psql("SELECT datname FROM pg_database WHERE datname ~ '_dbops_'")
    return databases == "" and not list((project.directory / "sql").glob(".*"))


def test_two_exports_are_the_same_bytes_and_those_that_are_committed(at_head):
    at_head.psql(ROW)
    for _ in range(2):
        succeeded(at_head.inv("baseline-export", *DEV))
        assert snapshot(at_head) == (ROOT / SNAPSHOT).read_bytes()
    assert b"\nCOPY " not in snapshot(at_head)
    assert no_scratch(at_head)


def test_what_was_exported_loads_elsewhere_and_exports_as_the_same_bytes(at_head):
    succeeded(at_head.inv("baseline-export", *DEV))
    first = snapshot(at_head)
    (at_head.directory / SNAPSHOT).write_bytes(first)
    succeeded(at_head.inv("al-up", "--env", "local_demo"))
    (at_head.directory / SNAPSHOT).write_bytes(b"-- to be replaced\nSELECT 1;\n")
    succeeded(at_head.inv("baseline-export", "--env", "local_demo"))
    assert snapshot(at_head) == first


def test_a_database_behind_the_head_is_refused(at_head):
    at_head.must("al-down", *DEV)
    before = files(at_head)[SNAPSHOT]
    told = refused(at_head.inv("baseline-export", *DEV), ExitCode.REFUSED, "not at head")
    assert told.endswith("next:  inv al-up --env local_dev")
    assert files(at_head)[SNAPSHOT] == before


def test_a_later_change_of_the_schema_fails_the_proof_and_the_file_stays(at_head):
    later = at_head.directory / "migrations_v2/alembic/versions/20970101_000000000_note.py"
    later.write_text(LATER)
    before = files(at_head)[SNAPSHOT]
    try:
        succeeded(at_head.inv("al-up", *DEV))
        told = refused(
            at_head.inv("baseline-export", *DEV), ExitCode.FAILED, "stopped at: prove it"
        )
        assert "42701" in told
        assert "inv baseline-advance --rev 20970101_000000000 --env local_dev" in told
    finally:
        later.unlink()
    assert files(at_head)[SNAPSHOT] == before
    assert no_scratch(at_head)


def test_a_schema_no_revision_makes_is_exported_once_the_roles_script_makes_the_same(at_head):
    good = snapshot(at_head)
    at_head.psql("CREATE TABLE mart.by_hand ()")
    told = refused(at_head.inv("baseline-export", *DEV), ExitCode.FAILED, "stopped at: prove it")
    assert "owner table mart.by_hand" in told
    assert snapshot(at_head) == good
    succeeded(at_head.inv("db-bootstrap-roles", *DEV))
    succeeded(at_head.inv("baseline-export", *DEV))
    assert b"CREATE TABLE mart.by_hand" in snapshot(at_head)
    (at_head.directory / SNAPSHOT).write_bytes(good)


def test_what_drift_ignores_does_not_reach_the_snapshot_unseen(at_head):
    before = snapshot(at_head)
    named = "    database: {name: sanbou_dev}\n"
    ignoring = f"{named}    drift: {{ignore: [reports, 'comment *', 'grant *']}}\n"
    at_head.edit("environments.yaml", named, ignoring)
    at_head.psql("GRANT SELECT ON ref.tax_rate TO PUBLIC")
    try:
        # The comments are those of the files, and no grant is in a snapshot.
        succeeded(at_head.inv("baseline-export", *DEV))
        assert snapshot(at_head) == before
        at_head.psql(
            "CREATE SCHEMA reports CREATE TABLE daily (id integer)",
            "COMMENT ON TABLE ref.site IS 'by hand'",
        )
        told = refused(
            at_head.inv("baseline-export", *DEV), ExitCode.REFUSED, "what drift ignores would"
        )
    finally:
        at_head.edit("environments.yaml", ignoring, named)
    assert "unexpected schema reports" in told
    assert "changed comment table ref.site" in told
    assert "daily" not in told
    assert snapshot(at_head) == before
    assert no_scratch(at_head)


def test_interrupted_it_leaves_no_scratch_database_and_the_file_as_it_was(at_head):
    before = files(at_head)[SNAPSHOT]
    calm = "    op.execute(_NOTICES)"
    at_head.edit(GRANT, calm, '    op.execute("SELECT pg_sleep(600)")')
    try:
        running = at_head.start("baseline-export", *DEV)
        until(lambda: sleeping(at_head), "the proof to sleep")
        running.send_signal(signal.SIGINT)
        _, error = running.communicate()
    finally:
        at_head.edit(GRANT, '    op.execute("SELECT pg_sleep(600)")', calm)
    assert running.returncode == ExitCode.INTERRUPTED, error
    assert "baseline-export was interrupted" in error
    assert "Traceback" not in error
    assert no_scratch(at_head)
    assert files(at_head)[SNAPSHOT] == before
    succeeded(at_head.inv("baseline-export", *DEV))
