"""The revision whose schema a database has is found, whatever its version row says."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest
from chains import CHAIN, CHANGES, DATA_ONLY, REVISION, REVISIONS, name, write, write_chain
from conftest import make_project
from states import keep, renew
from watching import BASELINE, HEAD, LEGACY, contents, refused

from dbops import environments
from dbops.errors import ExitCode
from dbops.operations import scratch, walk, which
from dbops.probe import probe
from dbops.target import Target

DEV = ("--env", "local_dev")


@pytest.fixture(scope="module")
def chain():
    """A project with a history of 120 revisions; local_dev is at the baseline."""
    made = make_project()
    try:
        write_chain(made)
        made.must("up", *DEV)
        made.must("db-init-from-snapshot", *DEV)
        made.must("al-stamp", "--rev", BASELINE, *DEV)
        made.must("db-bootstrap-roles", *DEV)  # the version table belongs to the owner then
        keep(made, "baseline")
        yield made
    finally:
        made.remove()


@pytest.fixture
def dev(chain):
    renew(chain, "baseline")
    return chain


def looked_at(project):
    os.environ["DBOPS_ENVIRONMENTS"] = str(project.directory / "environments.yaml")
    try:
        target = Target(environment=environments.find("local_dev", usage=""))
        return target, probe(target)
    finally:
        del os.environ["DBOPS_ENVIRONMENTS"]


def same_schema(revision):
    """Return the revisions that differ from REVISION by rows alone, itself among them."""
    if revision in {BASELINE, HEAD}:
        return [BASELINE, HEAD]  # the roles' file has given what that one grants
    number = REVISIONS.index(revision) - 1
    first = number - 1 if number % len(CHANGES) == DATA_ONLY else number
    last = first + 1 if (first + 1) % len(CHANGES) == DATA_ONLY else first
    return [each for each in map(name, range(first, last + 1)) if each in REVISIONS]


DRIVER = """\
import sys
from alembic.config import main
for line in sys.stdin:
    try:
        main(argv=["--config", sys.argv[1], "upgrade", line.strip()])
    except SystemExit as end:
        print("failed" if end.code else "done", flush=True)
    else:
        print("done", flush=True)
"""


def upgrading(project):
    """Start what upgrades local_dev to each revision it is told, in one process."""
    ini = str(project.directory / "migrations_v2" / "alembic.ini")
    variables = {**os.environ, **project.libpq(), "DATABASE_URL": "postgresql+psycopg2://"}
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, ini],
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def test_every_revision_of_a_long_chain_is_found(dev, monkeypatch):
    target, state = looked_at(dev)
    told = dict(walk.catalogues(target, state))
    assert list(told) == REVISIONS
    monkeypatch.setattr(scratch, "kept", lambda _target, _state, each: told[each])
    wrong = {}
    with upgrading(dev) as driver:
        for number, revision in enumerate(REVISIONS):
            driver.stdin.write(f"{revision}\n")
            driver.stdin.flush()
            assert driver.stdout.readline() == "done\n"
            # Each is asked for where it is claimed, every tenth also where nothing is.
            for versions in [(revision,), ()][: 2 if number % 10 == 0 else 1]:
                there = replace(state, database=replace(state.database, versions=versions))
                found = which.which(target, there)
                if (found["revisions"], found["differences"]) != (same_schema(revision), []):
                    wrong[revision] = found
        driver.stdin.close()
    assert not wrong


def test_what_one_process_noted_is_what_a_database_built_for_it_has(dev):
    target, state = looked_at(dev)
    noted = dict(walk.catalogues(target, state))
    for revision in (REVISIONS[1], REVISIONS[60], REVISIONS[-1]):
        with scratch.Scratch.of(target, state) as built:
            built.load()
            built.upgrade(revision)
            assert built.catalogue(revision).sha256 == noted[revision].sha256


def test_a_database_that_says_what_it_is_has_nothing_to_do_but_to_go_on(dev):
    done = dev.inv("al-which", *DEV)
    assert done.returncode == ExitCode.OK, done.stderr
    assert done.stdout == (
        f"local_dev has the schema of {BASELINE}, {HEAD}, which is what it says\n"
    )
    assert done.stderr.endswith("next: inv al-up --env local_dev\n")


def test_a_wrong_stamp_is_told_with_the_right_one(dev):
    upgrade(dev, name(30))
    dev.psql(f"UPDATE alembic_version SET version_num = '{name(99)}'")
    done = dev.inv("al-which", *DEV)
    assert done.returncode == ExitCode.DIFFERENCES, done.stderr
    assert done.stdout == (
        f"local_dev has the schema of {name(30)}, but it says that it is at {name(99)}\n"
    )
    command = f"al-stamp --rev {name(30)}"
    assert done.stderr.endswith(f"next: inv {command} --env local_dev\n")
    dev.must(*command.split(), *DEV)
    assert dev.json("al-which", *DEV)["says"] == "right"


def upgrade(project, revision):
    with upgrading(project) as driver:
        assert driver.communicate(f"{revision}\n")[0] == "done\n"


def test_a_database_without_a_version_is_told_its_revision(dev):
    upgrade(dev, name(12))
    dev.psql("DROP TABLE alembic_version")
    found = dev.json("al-which", *DEV)
    assert found["revisions"] == [name(11), name(12)]
    assert (found["says"], found["compared"]) == ("nothing", CHAIN)
    assert found["next"] == f"inv al-stamp --rev {name(12)} --env local_dev"


def test_a_legacy_database_that_equals_the_baseline_is_led_to_adopt(dev):
    dev.psql(f"UPDATE alembic_version SET version_num = '{LEGACY}'")
    done = dev.inv("al-which", *DEV)
    assert done.returncode == ExitCode.OK, done.stderr
    assert f"while it says that it is at {LEGACY}, of the legacy history" in done.stdout
    assert done.stderr.endswith("next: inv al-adopt --env local_dev\n")


def test_the_nearest_is_named_with_what_differs(dev):
    upgrade(dev, name(20))
    dev.psql("DROP INDEX raw.slip_10", "DROP TABLE alembic_version")
    done = dev.inv("al-which", *DEV)
    assert done.returncode == ExitCode.DIFFERENCES, done.stderr
    assert "missing    index raw.slip_10  [speed]\n" in done.stdout
    assert "repair: CREATE INDEX slip_10 ON raw.slip" in done.stdout
    assert done.stdout.endswith(
        "local_dev has the schema of no revision; "
        f"the nearest is {name(20)}, with 1 difference, while it says nothing\n"
    )
    stamp = f"inv al-stamp --rev {name(20)} --env local_dev"
    assert done.stderr.endswith(f"next: {stamp}, then inv drift --env local_dev\n")


def test_drift_is_named_where_the_version_is_right_but_the_schema_is_not(dev):
    upgrade(dev, name(22))
    dev.psql("ALTER TABLE raw.slip ADD COLUMN by_hand text")
    found = dev.inv("al-which", *DEV)
    assert found.returncode == ExitCode.DIFFERENCES, found.stderr
    assert "unexpected column raw.slip.by_hand" in found.stdout
    assert found.stderr.endswith("next: inv drift --env local_dev\n")


def test_missing_privileges_are_given_before_anything_is_stamped(dev):
    dev.psql("REVOKE SELECT ON raw.slip FROM sanbou_readonly", "DROP TABLE alembic_version")
    found = dev.inv("al-which", *DEV)
    assert found.returncode == ExitCode.DIFFERENCES, found.stderr
    assert "next: inv db-bootstrap-roles --env local_dev, then inv al-which" in found.stderr


def test_an_empty_database_has_the_schema_of_no_revision(dev):
    renew(dev)
    done = dev.inv("al-which", *DEV)
    told = refused(done, ExitCode.FAILED, "local_dev: the database is empty")
    assert told.endswith("next:  inv al-up --env local_dev")


def test_a_revision_that_cannot_be_built_hides_only_what_follows_it(dev):
    number = CHAIN - 1
    write(dev, number, "SELECT 1 / 0")
    write(dev, number + 1, "CREATE TABLE raw.after ()")
    folder = dev.directory / "migrations_v2" / "alembic" / "versions"
    try:
        dev.psql("DROP TABLE alembic_version")
        done = dev.inv("al-which", *DEV)
        assert done.returncode == ExitCode.OK, done.stderr
        assert f"the schema of {name(number)} and what follows it is unknown" in done.stderr
        assert "division by zero" in done.stderr
    finally:
        for each in (number, number + 1):
            (folder / f"{name(each)}.py").unlink()


def test_both_sides_of_a_fork_and_where_they_meet_are_told_apart(dev):
    folder = dev.directory / "migrations_v2" / "alembic" / "versions"
    parents = {"west": name(CHAIN - 2), "east": name(CHAIN - 2), "met": ("east", "west")}
    try:
        for each, parent in parents.items():
            text = REVISION.format(
                number=each, revision=each, parent="", statement=f"CREATE TABLE raw.{each} ()"
            ).replace('down_revision = ""', f"down_revision = {parent!r}")
            (folder / f"{each}.py").write_text(text, encoding="utf-8")
        told = dict(walk.catalogues(*looked_at(dev)))
        there = {
            each: [other for other in parents if ("table", f"raw.{other}") in told[each].objects]
            for each in parents
        }
        assert there == {"west": ["west"], "east": ["east"], "met": ["west", "east", "met"]}
    finally:
        for each in parents:
            (folder / f"{each}.py").unlink(missing_ok=True)


def test_looking_changes_nothing(dev):
    upgrade(dev, name(5))
    dev.psql(f"UPDATE alembic_version SET version_num = '{name(50)}'")
    before = contents(dev)
    dev.inv("al-which", *DEV)
    assert contents(dev) == before
    databases = dev.psql("SELECT datname FROM pg_database", database="postgres").split()
    assert not [each for each in databases if "scratch" in each]
