"""A database in every state somebody left it in: told in four lines, and left as it was."""

from __future__ import annotations

import pytest
from states import keep, renew, versions
from watching import BASELINE, HEAD, LEGACY, contents, files, refused, runs, succeeded

from dbops.errors import ExitCode

DEV = ("--env", "local_dev")
REVISION = '''"""{title}."""

revision = "{name}"
down_revision = "{after}"


def upgrade() -> None:
    """Nothing."""


def downgrade() -> None:
    """Nothing."""
'''


@pytest.fixture(scope="module")
def kept(head):
    keep(head, "at_head")
    return head


@pytest.fixture
def at_head(kept):
    renew(kept, "at_head")
    return kept


@pytest.fixture
def empty(kept):
    renew(kept)
    return kept


def untouched(project, *words, code, what):
    """Run a command that has to be refused; nothing of the database or the files may differ."""
    before = contents(project), files(project, leave_out=r"\.dbops/"), len(runs(project))
    told = refused(project.inv(words[0], *DEV, *words[1:]), code, what)
    assert (
        contents(project),
        files(project, leave_out=r"\.dbops/"),
        len(runs(project)),
    ) == before
    return told


@pytest.mark.parametrize("verb", ["al-up", "al-down", "health", "baseline-export", "demo-data"])
def test_a_revision_without_a_file_is_named(at_head, verb):
    at_head.psql("UPDATE alembic_version SET version_num = '20990101_000000000'")
    what = "is at 20990101_000000000, which this checkout does not know"
    told = untouched(at_head, verb, code=ExitCode.FAILED, what=what)
    assert "newer than the checkout" in told
    assert "git pull" in told


def test_a_revision_without_a_file_is_not_stamped_away(at_head):
    at_head.psql("UPDATE alembic_version SET version_num = '20990101_000000000'")
    words = ("al-stamp", "--rev", BASELINE)
    untouched(at_head, *words, code=ExitCode.REFUSED, what=f"its own log ends at {HEAD}")


def test_a_database_newer_than_the_checkout_is_not_touched(at_head):
    versions_folder = at_head.directory / "migrations_v2/alembic/versions"
    newer = versions_folder / "20980101_000000000_newer.py"
    newer.write_text(REVISION.format(title="Newer", name="20980101_000000000", after=HEAD))
    succeeded(at_head.inv("al-up", *DEV))
    newer.unlink()
    untouched(at_head, "al-up", code=ExitCode.FAILED, what="at 20980101_000000000, which this")
    assert at_head.json("al-cur", *DEV)["at_head"] is False


@pytest.mark.parametrize("verb", ["al-up", "al-down", "health", "al-check"])
def test_two_version_rows_are_both_named(at_head, verb):
    at_head.psql(f"INSERT INTO alembic_version VALUES ('{BASELINE}')")
    told = untouched(at_head, verb, code=ExitCode.FAILED, what="alembic_version holds 2 rows")
    assert f"{BASELINE}, {HEAD}" in told
    assert at_head.json("al-cur", *DEV)["current"] == [BASELINE, HEAD]


def test_the_legacy_head_is_recognised(at_head):
    at_head.psql(f"UPDATE alembic_version SET version_num = '{LEGACY}'")
    what = f"is at {LEGACY}, the head of the legacy history"
    told = untouched(at_head, "al-up", code=ExitCode.FAILED, what=what)
    assert told.endswith("next:  inv al-adopt --env local_dev")


def test_a_stamp_on_an_empty_database_is_no_head(empty):
    empty.psql(
        "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)",
        f"INSERT INTO alembic_version VALUES ('{HEAD}')",
    )
    told = untouched(
        empty, "al-up", code=ExitCode.REFUSED, what=f"stamped {HEAD}, but the database is empty"
    )
    assert "db-init-from-snapshot" in told
    assert empty.json("al-cur", *DEV)["at_head"] is False
    untouched(empty, "db-apply-snapshot", code=ExitCode.REFUSED, what="says that it is at")


def test_an_empty_version_table_on_an_empty_database_is_no_hindrance(empty):
    empty.psql("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
    succeeded(empty.inv("al-up", *DEV))
    assert empty.json("al-cur", *DEV)["at_head"] is True


def test_an_empty_database_is_built_by_al_up(empty):
    assert "the database is empty: it is built from" in succeeded(empty.inv("al-up", *DEV))
    assert empty.json("al-cur", *DEV)["at_head"] is True


def test_objects_without_a_version_are_not_guessed_at(at_head):
    at_head.psql("DROP TABLE alembic_version", "DROP SCHEMA dbops CASCADE")
    told = untouched(at_head, "al-up", code=ExitCode.FAILED, what="objects but no version")
    assert told.endswith("next:  inv al-adopt --env local_dev")


def test_a_foreign_object_in_the_way_is_not_overwritten(empty):
    empty.psql("CREATE TABLE public.theirs AS SELECT 42 AS answer")
    untouched(empty, "al-up", code=ExitCode.FAILED, what="objects but no version")
    told = untouched(empty, "db-apply-snapshot", code=ExitCode.REFUSED, what="is not empty")
    assert "public.theirs" in told


def test_a_snapshot_that_was_not_stamped_says_how_to(empty):
    empty.must("db-apply-snapshot", *DEV)
    told = untouched(empty, "al-up", code=ExitCode.FAILED, what="objects but no version")
    assert "the snapshot was applied and not yet stamped" in told
    assert told.endswith(f"next:  inv al-stamp --rev {BASELINE} --env local_dev")


def test_a_baseline_with_missing_relations_is_not_gone_on_from(at_head):
    at_head.psql(
        f"UPDATE alembic_version SET version_num = '{BASELINE}'",
        "DROP MATERIALIZED VIEW mart.mv_receive_daily CASCADE",
    )
    told = untouched(at_head, "al-up", code=ExitCode.REFUSED, what="relations of it are missing")
    assert "mart.mv_receive_daily" in told


def test_two_heads_are_both_named_before_anything_is_done(at_head):
    folder = at_head.directory / "migrations_v2/alembic/versions"
    both = [folder / f"2097010{number}_000000000_branch.py" for number in (1, 2)]
    for file in both:
        name = file.name.removesuffix("_branch.py")
        file.write_text(REVISION.format(title="Branch", name=name, after=HEAD))
    try:
        for words in (("al-up",), ("al-heads",), ("al-rev", "--message", "x"), ("health",)):
            told = untouched(at_head, *words, code=ExitCode.FAILED, what="2 heads: ")
            assert all(file.name in told for file in both)
        renew(at_head)
        untouched(at_head, "al-up", code=ExitCode.FAILED, what="2 heads: ")
    finally:
        for file in both:
            file.unlink()


def test_al_down_takes_one_revision_back_and_stops_at_the_baseline(at_head):
    succeeded(at_head.inv("al-down", *DEV))
    assert versions(at_head) == [BASELINE]
    untouched(at_head, "al-down", code=ExitCode.REFUSED, what=f"nothing is below {BASELINE}")
    succeeded(at_head.inv("al-up", *DEV))
    assert versions(at_head) == [HEAD]


def test_a_database_that_says_it_is_another_environment_is_not_changed(at_head):
    at_head.psql("ALTER DATABASE sanbou_dev SET dbops.environment = 'vm_prod'")
    for verb in ("al-up", "al-down", "mv-refresh", "baseline-export"):
        untouched(at_head, verb, code=ExitCode.REFUSED, what="the database says that it is vm_prod")
