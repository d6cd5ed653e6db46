"""A version row was lost, doubled or is of nobody: what changes rows does not run twice."""

from __future__ import annotations

import shlex

import pytest
from conftest import make_project
from states import ROW, keep, renew, versions
from watching import BASELINE, HEAD, refused, succeeded

from dbops.errors import ExitCode

DEV = ("--env", "local_dev")
HALVING = "20980101_000000000"
REVISION = f'''"""Halve every rate: only rows change."""

from alembic import op

revision = "{HALVING}"
down_revision = "{HEAD}"


def upgrade() -> None:
    op.execute("UPDATE ref.tax_rate SET rate = rate / 2")


def downgrade() -> None:
    op.execute("UPDATE ref.tax_rate SET rate = rate * 2")
'''
RATE = "SELECT rate FROM ref.tax_rate"


@pytest.fixture(scope="module")
def kept():
    """A project whose newest revision halved the one rate there is, once."""
    made = make_project()
    try:
        made.must("al-up", *DEV)
        made.psql(ROW)
        made.directory.joinpath(
            "migrations_v2", "alembic", "versions", f"{HALVING}_halve.py"
        ).write_text(REVISION, encoding="utf-8")
        made.must("al-up", *DEV)
        keep(made, "halved")
        yield made
    finally:
        made.remove()


@pytest.fixture
def dev(kept):
    renew(kept, "halved")
    return kept


def follow(project, told):
    """Type what an error, or an answer, says is next."""
    typed = told.rpartition("next: ")[2].strip().splitlines()[0]
    assert typed.startswith("inv ")
    return project.inv(*shlex.split(typed)[1:])


def ends_where_it_was(project, rate):
    assert versions(project) == [HALVING]
    assert "nothing to do" in succeeded(project.inv("al-up", *DEV))
    assert project.psql(RATE) == rate


@pytest.mark.parametrize("first", ["al-up", "al-which"])
def test_a_lost_row_is_written_again_where_the_log_ends(dev, first):
    rate = dev.psql(RATE)
    dev.psql("DELETE FROM alembic_version")
    told = refused(
        dev.inv("al-up", *DEV),
        ExitCode.FAILED,
        f"removed the version row: its own log ends at {HALVING}",
    )
    if first == "al-which":
        told = succeeded(dev.inv("al-which", *DEV))
    succeeded(follow(dev, told))
    ends_where_it_was(dev, rate)


@pytest.mark.parametrize("first", ["al-up", "al-which"])
def test_of_two_rows_the_newest_stays(dev, first):
    rate = dev.psql(RATE)
    dev.psql(f"INSERT INTO alembic_version VALUES ('{HEAD}')")
    done = dev.inv(first, *DEV)
    assert done.returncode in {ExitCode.FAILED, ExitCode.DIFFERENCES}
    succeeded(follow(dev, done.stderr))
    ends_where_it_was(dev, rate)


def test_what_was_past_the_baseline_is_not_adopted_at_it(dev):
    dev.psql("UPDATE alembic_version SET version_num = '20990101_000000000'")
    told = refused(dev.inv("al-adopt", *DEV), ExitCode.REFUSED, f"was at {HALVING}, past")
    assert follow(dev, told).returncode == ExitCode.DIFFERENCES
    assert versions(dev) == ["20990101_000000000"]


def test_a_revision_whose_file_is_lost_for_good_is_left_where_the_schema_proves_the_head(dev):
    rate = dev.psql(RATE)
    dev.psql("UPDATE alembic_version SET version_num = '20990101_000000000'")
    told = dev.inv("al-which", *DEV).stderr
    stamp = f"inv al-stamp --rev {HALVING} --env local_dev"
    assert f"; or {stamp}, when its file is lost for good" in told
    dev.psql("ALTER TABLE ref.customer ADD COLUMN by_hand text")
    other = dev.inv(*stamp.split()[1:])
    refused(other, ExitCode.REFUSED, f"its schema is not that of {HALVING}")
    dev.psql("ALTER TABLE ref.customer DROP COLUMN by_hand")
    succeeded(dev.inv(*stamp.split()[1:]))
    ends_where_it_was(dev, rate)


def test_a_dropped_partition_is_not_missed_and_a_dropped_view_is_shown_by_drift(dev):
    dev.psql(f"UPDATE alembic_version SET version_num = '{BASELINE}'")
    dev.psql("DROP TABLE mart.inventory_daily_p202504")
    succeeded(dev.inv("al-up", *DEV, "--plan"))
    dev.psql("DROP VIEW mart.v_slip_mismatch")
    told = refused(dev.inv("al-up", *DEV), ExitCode.REFUSED, "1 relations of it are missing")
    assert "CREATE VIEW mart.v_slip_mismatch" in follow(dev, told).stdout


@pytest.mark.parametrize("revision", [BASELINE, HALVING])
def test_no_revision_is_stamped_whose_relations_are_missing(dev, revision):
    dev.psql("DELETE FROM alembic_version", "DROP VIEW mart.v_slip_mismatch")
    done = dev.inv("al-stamp", *DEV, "--rev", revision)
    told = refused(done, ExitCode.REFUSED, f"1 relations of {revision} are missing")
    assert "view mart.v_slip_mismatch" in follow(dev, told).stdout
    done = dev.inv("db-apply-snapshot", *DEV)
    refused(done, ExitCode.REFUSED, "the database is not empty")


def test_whose_the_database_is_stands_in_no_file(dev):
    dev.psql("CREATE ROLE legacy_owner", "ALTER DATABASE sanbou_dev OWNER TO legacy_owner")
    try:
        succeeded(dev.inv("drift", *DEV))
        assert dev.json("al-which", *DEV)["says"] == "right"
    finally:
        dev.psql("ALTER DATABASE sanbou_dev OWNER TO postgres", "DROP ROLE legacy_owner")


def test_an_owner_the_roles_file_does_not_give_leads_into_no_circle(dev):
    dev.psql("DELETE FROM alembic_version", "ALTER SCHEMA public OWNER TO sanbou_owner")
    told = dev.inv("al-which", *DEV).stderr
    assert f"next: inv al-stamp --rev {HALVING} --env local_dev, then inv drift" in told
