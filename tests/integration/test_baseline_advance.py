"""The baseline moves forward: who is past it goes on, who is behind is told which commit helps."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys

import pytest
from advancing import (
    ARCHIVE,
    CHAIN,
    IDS,
    MIDDLE,
    SNAPSHOT,
    VERSIONS,
    commit,
    git,
    write,
    write_chain,
)
from conftest import make_project
from watching import BASELINE, HEAD, files, kill_everything, refused, succeeded, until

from dbops.errors import ExitCode

DEV, DEMO, NEW = (("--env", name) for name in ("local_dev", "local_demo", "local_new"))
ADVANCE = ("baseline-advance", "--rev")
BEHIND, NEWEST = IDS[2], "20980101_000000000"
LEFT_OUT = r"\.dbops/|\.git/"
SLOW_MV = """#!/bin/sh
case $* in *{name}*) touch {seen}; sleep 600 ;; esac
exec {mv} "$@"
"""


@pytest.fixture(scope="module")
def history():
    """A checkout with local_dev at its head and local_demo somewhere below the middle."""
    made = make_project()
    try:
        new = "  local_new:\n    database: {name: sanbou_new}\n"
        made.edit("environments.yaml", "environments:\n", f"environments:\n{new}")
        write_chain(made)
        for name in IDS[3:]:
            (made.directory / VERSIONS / f"{name}_change.py").unlink()
        made.must("al-up", *DEMO)
        git(made, "reset", "--quiet", "--hard")
        made.must("al-up", *DEV)
        yield made
    finally:
        made.remove()


@pytest.fixture
def checkout(history):
    """The same, its files as they were committed first."""
    yield history
    git(history, "switch", "--quiet", "main")
    git(history, "reset", "--quiet", "--hard", git(history, "rev-list", "--max-parents=0", "main"))
    git(history, "clean", "--quiet", "--force", "-d")
    stamp(history, IDS[-1])


def tree(project):
    return files(project, leave_out=LEFT_OUT)


def test_a_plan_names_what_moves_and_writes_nothing(checkout):
    before = tree(checkout)
    done = checkout.inv(*ADVANCE, MIDDLE, "--plan")
    told = succeeded(done)
    first = git(checkout, "rev-parse", "HEAD")
    assert f"9 revision files go to {ARCHIVE}" in told
    assert f"an environment before {MIDDLE} is upgraded by commit {first} first" in told
    assert tree(checkout) == before


def test_a_new_environment_an_old_one_and_one_behind_all_reach_the_same_head(checkout):
    last = git(checkout, "rev-parse", "HEAD")
    moved = succeeded(checkout.inv(*ADVANCE, MIDDLE))
    assert f"{MIDDLE} is the baseline of this checkout; 5 revisions after it, 8 behind it" in moved
    commit(checkout)
    left = sorted(each.name for each in (checkout.directory / VERSIONS).glob("*.py"))
    assert left == [f"{MIDDLE}_baseline.py", *(f"{each}_change.py" for each in IDS[7:])]
    assert len(list((checkout.directory / ARCHIVE).glob("*.py"))) == 9

    succeeded(checkout.inv("al-up", *NEW))
    for env in (DEV, NEW):
        assert "no difference" in succeeded(checkout.inv("drift", *env))
        assert "(head)" in succeeded(checkout.inv("al-cur", *env))
    assert "no difference" in succeeded(checkout.inv("drift", *DEV, "--against", "local_new"))
    assert "nothing to do" in succeeded(checkout.inv("al-up", *DEV))
    # Revisions that were applied and archived since are neither edited nor gone.
    assert "note:" not in succeeded(checkout.inv("al-hist", *DEV))
    assert f"{MIDDLE} is the baseline already" in succeeded(checkout.inv(*ADVANCE, MIDDLE))

    next_command = f"git switch --detach {last}; inv al-up --env local_demo; git switch -"
    for words in (("al-up",), ("drift",), ("al-stamp", "--rev", MIDDLE)):
        told = refused(
            checkout.inv(*words, *DEMO), ExitCode.REFUSED, f"behind the baseline {MIDDLE}"
        )
        assert told.endswith(f"next:  {next_command}")
    assert next_command in succeeded(checkout.inv("al-cur", *DEMO))
    git(checkout, "switch", "--quiet", "--detach", last)
    succeeded(checkout.inv("al-up", *DEMO))
    git(checkout, "switch", "--quiet", "-")
    assert "nothing to do" in succeeded(checkout.inv("al-up", *DEMO))
    assert "no difference" in succeeded(checkout.inv("drift", *DEMO))

    # Once more, to the head: each revision is still known by the commit that runs it.
    second = git(checkout, "rev-parse", "HEAD")
    succeeded(checkout.inv(*ADVANCE, "head"))
    text = (checkout.directory / VERSIONS / f"{IDS[-1]}_baseline.py").read_text()
    assert text.index(last) < text.index(BASELINE) < text.index(second) < text.index(f'"{MIDDLE}"')
    assert "no difference" in succeeded(checkout.inv("drift", *DEV))
    assert "no difference" in succeeded(checkout.inv("drift", *NEW))


def test_alembic_by_itself_is_stopped_by_the_new_baseline_in_an_empty_database(checkout):
    succeeded(checkout.inv(*ADVANCE, MIDDLE))
    checkout.psql("CREATE DATABASE nothing TEMPLATE template0", database="postgres")
    checkout.psql("GRANT ALL ON SCHEMA public TO sanbou_owner", database="nothing")
    reached = {**checkout.libpq(), "PGDATABASE": "nothing"}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "alembic",
            "--config",
            "migrations_v2/alembic.ini",
            "upgrade",
            "head",
        ],
        cwd=checkout.directory,
        env=checkout.variables(**reached, DATABASE_URL="postgresql+psycopg2://"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert f"revision {MIDDLE}: 42P01 the baseline snapshot is not in this database" in done.stderr


@pytest.mark.parametrize("how", ["interrupted", "killed"])
def test_stopped_while_it_writes_it_leaves_the_checkout_as_it_was(checkout, how, tmp_path):
    before, seen = tree(checkout), tmp_path / "seen"
    slow = SLOW_MV.format(name=f"{IDS[1]}_", seen=seen, mv=shutil.which("mv"))
    (tmp_path / "mv").write_text(slow)
    (tmp_path / "mv").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    running = checkout.start(*ADVANCE, MIDDLE, PATH=path)
    until(seen.exists, "the files to move")
    if how == "interrupted":
        os.killpg(running.pid, signal.SIGINT)
        _, error = running.communicate()
        assert running.returncode == ExitCode.INTERRUPTED, error
    else:
        kill_everything(running, checkout)
        told = refused(checkout.inv("al-up", *DEV), ExitCode.FAILED, "which has no file")
        assert "baseline-advance was killed" in told
        mine = checkout.directory / VERSIONS / "20990101_000000000_mine.py"
        mine.write_text("work that nobody committed\n")
        told = refused(checkout.inv(*ADVANCE, MIDDLE), ExitCode.FAILED, "baseline-advance stopped")
        assert "changes that the interrupted move did not make" in told
        assert f"{VERSIONS}/{mine.name}" in told
        assert mine.read_text() == "work that nobody committed\n"
        mine.unlink()
        told = succeeded(checkout.inv(*ADVANCE, MIDDLE))
        assert f"{BASELINE} is the baseline of this checkout" in told
    after = tree(checkout)
    assert {each: after[each].split()[-1] for each in after} == {
        each: before[each].split()[-1] for each in before
    }
    assert git(checkout, "status", "--porcelain") == ""
    assert checkout.psql("SELECT datname FROM pg_database WHERE datname ~ '_dbops_'") == ""


def newest(project, statement):
    """Commit one more revision; local_dev says that it is there already, and is not looked at."""
    write(project, NEWEST, IDS[-1], statement)
    commit(project)
    stamp(project, NEWEST)


def stamp(project, revision):
    project.psql(f"UPDATE alembic_version SET version_num = '{revision}'")


def test_rows_that_a_new_database_would_lack_are_named_and_have_to_be_accepted(checkout):
    newest(checkout, "INSERT INTO ref.driver (name) VALUES ('a')")
    before = tree(checkout)
    done = checkout.inv(*ADVANCE, "20980101")
    told = refused(done, ExitCode.FAILED, "a snapshot holds no rows")
    assert "revision 20980101_000000000 writes rows" in done.stderr
    assert "ref.driver\t1" in told
    names = "ref.driver,ref.driver_id_seq"
    accepting = "inv baseline-advance --env local_dev --rev 20980101_000000000 --accept-rows"
    assert f"next: {accepting} {names}" in told
    assert tree(checkout) == before
    succeeded(checkout.inv(*ADVANCE, "20980101", "--accept-rows", names))
    assert (checkout.directory / ARCHIVE / "20980101_000000000_change.py").exists()


def test_a_privilege_that_the_roles_script_does_not_give_stops_it(checkout):
    newest(checkout, "GRANT DELETE ON ref.driver TO sanbou_readonly")
    before = tree(checkout)
    told = refused(checkout.inv(*ADVANCE, "head"), ExitCode.FAILED, "stopped at: prove")
    assert "changed    grant table ref.driver to sanbou_readonly" in told
    assert tree(checkout) == before


def test_changes_that_are_not_committed_are_refused(checkout):
    with (checkout.directory / SNAPSHOT).open("a") as file:
        file.write("-- by hand\n")
    told = refused(
        checkout.inv(*ADVANCE, MIDDLE), ExitCode.REFUSED, "changes that are not committed"
    )
    assert SNAPSHOT in told


def test_an_environment_before_the_revision_is_upgraded_first(checkout):
    stamp(checkout, BEHIND)
    done = checkout.inv(*ADVANCE, MIDDLE)
    told = refused(done, ExitCode.REFUSED, f"is at {BEHIND}, before {MIDDLE}")
    assert told.endswith("next:  inv al-up --env local_dev")


def test_a_revision_is_needed_and_has_to_exist(checkout):
    refused(checkout.inv("baseline-advance"), ExitCode.USAGE, "baseline-advance needs a revision")
    refused(checkout.inv(*ADVANCE, "nothing"), ExitCode.USAGE, "no revision is called 'nothing'")


def test_an_applied_revision_that_was_edited_or_vanished_is_named_with_its_hashes(checkout):
    folder = checkout.directory / VERSIONS
    (folder / f"{IDS[4]}_change.py").unlink()
    checkout.edit(f"{VERSIONS}/{IDS[5]}_change.py", IDS[4], IDS[3])
    for words in (("al-hist",), ("al-up",), ("doctor",)):
        done = checkout.inv(*words, *DEV)
        told = done.stdout + done.stderr
        assert f"revision {IDS[4]} was applied and its file vanished (" in told, words
        assert f"revision {IDS[5]} was edited after it was applied (" in told, words
        assert " then, none now)" in told, words
    assert len(CHAIN) == 12
    assert HEAD not in told
