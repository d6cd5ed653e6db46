"""A declared schema that a revision makes gets its privileges, here and wherever it is expected."""

from __future__ import annotations

import pytest
from advancing import commit, git, write
from conftest import make_project
from watching import HEAD, succeeded

DEV, DEMO = ("--env", "local_dev"), ("--env", "local_demo")
BEFORE, MADE, AFTER, NEWEST = (f"20970101_{number:09d}" for number in range(1, 5))
CHAIN = (
    (BEFORE, HEAD, "CREATE TABLE ref.before_it (number int)"),
    (MADE, BEFORE, "CREATE SCHEMA ops; CREATE TABLE ops.job (number int)"),
    (AFTER, MADE, "CREATE TABLE ops.later (number int)"),
    (NEWEST, AFTER, "CREATE VIEW ops.jobs AS SELECT number FROM ops.job"),
)
MAY = "SELECT has_table_privilege('sanbou_app', {}, 'INSERT')"


@pytest.fixture(scope="module")
def late():
    """A checkout with all of the revisions, and local_dev at the first of them."""
    made = make_project()
    try:
        made.edit("environments.yaml", "schemas: [public,", "schemas: [ops, public,")
        write(made, *CHAIN[0])
        made.must("al-up", *DEV)
        for each in CHAIN[1:]:
            write(made, *each)
        (made.directory / ".gitignore").write_text(".dbops/\n__pycache__/\n", encoding="utf-8")
        git(made, "init", "--quiet", "--initial-branch=main")
        commit(made)
        yield made
    finally:
        made.remove()


def agrees(project, *env):
    assert "no difference" in succeeded(project.inv("drift", *env))
    assert "db-bootstrap-roles" not in project.inv("doctor", *env).stdout


def test_the_revision_of_a_database_whose_row_was_lost_is_found_past_it(late):
    succeeded(late.inv("al-up", *DEMO))
    agrees(late, *DEMO)
    assert late.psql(MAY.format("'ops.later'"), env="local_demo") == "t"
    late.psql("DELETE FROM public.alembic_version", env="local_demo")
    for drop, revision in ((None, NEWEST), ("VIEW ops.jobs", AFTER), ("TABLE ops.later", MADE)):
        if drop:
            late.psql(f"DROP {drop}", env="local_demo")
        assert late.json("al-which", *DEMO)["revisions"] == [revision]


def test_an_upgrade_through_it_leaves_what_is_expected_and_is_planned_once(late):
    plan = late.json("al-up", *DEV, "--plan")["steps"]
    assert [each["title"].split()[0] for each in plan] == ["bootstrap", "upgrade", "give"]
    succeeded(late.inv("al-up", *DEV))
    agrees(late, *DEV)
    assert late.psql(MAY.format("'ops.job'")) == "t"
    late.must("db-bootstrap-roles", *DEV)
    agrees(late, *DEV)
    told = late.inv("baseline-verify", *DEV).stdout
    assert f"equal    snapshot and revisions up to {NEWEST}, and local_dev" in told
    for revision in (MADE, NEWEST):
        succeeded(late.inv("baseline-advance", "--rev", revision))
        git(late, "reset", "--quiet", "--hard")
        git(late, "clean", "--quiet", "--force", "-d")
