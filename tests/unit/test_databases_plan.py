from __future__ import annotations

import shlex
from dataclasses import replace

import handmade
import pytest
from handmade import BASELINE, HEAD, LEGACY

from dbops.environments.model import Migrations
from dbops.errors import ExitCode, Problem
from dbops.operations import databases

LOAD = "load sql/schema_baseline.sql"
BUILD = [
    "make the directories of the server",
    "create the data directory, PostgreSQL 17",
    "start PostgreSQL on port 24001",
    "create the database sanbou_dev",
]


@pytest.fixture
def target(tmp_path):
    return handmade.make_target(tmp_path / "work")


def _titles(runbook):
    return [each.title for each in runbook.steps]


def _told(code, act, *arguments, **options):
    with pytest.raises(Problem) as raised:
        act(*arguments, **options)
    assert raised.value.code == code
    return raised.value.message


# db-apply-snapshot


def test_apply_loads_the_snapshot_alone_in_one_transaction(target):
    runbook = databases.apply_snapshot(target, handmade.empty(target))
    assert _titles(runbook) == [f"{LOAD}, in one transaction"]
    words = shlex.split(runbook.steps[0].command)
    assert "--single-transaction" in words
    assert f"--file={target.snapshot.path}" in words
    assert not any("alembic_version" in each for each in words)
    assert "SELECT count(*) >= 2 FROM pg_catalog.pg_class" in runbook.steps[0].verify
    assert runbook.destructive
    assert runbook.loses == "the snapshot is loaded into sanbou_dev"


def test_apply_leaves_out_what_an_older_server_does_not_know(target):
    path = target.snapshot.path
    timeout = "SET transaction_timeout = 0;\nSET client_encoding"
    path.write_text(handmade.SNAPSHOT.replace("SET client_encoding", timeout))
    target.__dict__.pop("snapshot")
    line = path.read_text().split("\n").index("SET transaction_timeout = 0;") + 1
    old = databases.apply_snapshot(target, handmade.empty(target, server_version=150018))
    new = databases.apply_snapshot(target, handmade.empty(target))
    assert f'sed -e {line}d {path} >"$1"/snapshot.sql\n' in old.steps[0].command
    assert '--file="$1"/snapshot.sql' in old.steps[0].command
    assert "sed" not in shlex.split(new.steps[0].command)


def test_apply_checks_that_the_file_is_still_the_one_it_was_planned_with(target):
    (step,) = databases.apply_snapshot(target, handmade.empty(target)).steps
    assert step.command.startswith("case $(sha256sum <")
    assert f"in {target.snapshot.sha256}*) ;;" in step.command.splitlines()[0]


def test_apply_of_this_very_snapshot_again_does_nothing_and_says_why(target):
    state = handmade.running(target, snapshot=target.snapshot.sha256)
    runbook = databases.apply_snapshot(target, state)
    assert (runbook.steps, runbook.reason) == ((), "this very snapshot is loaded already")


@pytest.mark.parametrize("snapshot", ["", "0" * 64])
@pytest.mark.parametrize("versions", [(), (HEAD,), (LEGACY,)])
def test_apply_refuses_a_database_that_holds_anything(target, versions, snapshot):
    state = handmade.running(target, *versions, snapshot=snapshot)
    assert _told(ExitCode.REFUSED, databases.apply_snapshot, target, state) == (
        "error: local_dev: the database is not empty\n"
        "where: sanbou_dev: raw.slips, mart.daily\n"
        "why:   it holds 2 objects; a snapshot is loaded into an empty one\n"
        "next:  inv al-adopt --env local_dev, or db-init-from-snapshot instead"
    )


def test_apply_refuses_objects_that_are_no_relations(target):
    state = handmade.empty(target, objects=1)
    told = _told(ExitCode.REFUSED, databases.apply_snapshot, target, state)
    assert "\nwhere: sanbou_dev\nwhy:   it holds 1 objects;" in told


def test_apply_refuses_an_empty_database_with_a_version_row(target):
    state = handmade.empty(target, BASELINE, snapshot=target.snapshot.sha256)
    assert _told(ExitCode.REFUSED, databases.apply_snapshot, target, state) == (
        f"error: local_dev: the database says that it is at {BASELINE}\n"
        "where: sanbou_dev, alembic_version\n"
        "why:   it holds no objects, so the row is wrong\n"
        "next:  inv db-init-from-snapshot --env local_dev"
    )


def test_apply_refuses_schemas_that_the_snapshot_creates(target):
    state = handmade.empty(target, schemas=("public", "raw", "mart", "own"))
    assert _told(ExitCode.REFUSED, databases.apply_snapshot, target, state) == (
        "error: local_dev: schemas of the snapshot exist already\n"
        "where: mart, raw\n"
        "why:   the snapshot creates them itself\n"
        "next:  inv psql --env local_dev --command 'DROP SCHEMA \"mart\"'"
    )


def test_apply_refuses_a_snapshot_that_is_missing(target):
    (target.environment.project_directory / "sql" / "schema_baseline.sql").unlink()
    told = _told(ExitCode.USAGE, databases.apply_snapshot, target, handmade.empty(target))
    assert "sql/schema_baseline.sql" in told


@pytest.mark.parametrize("make", [handmade.absent, handmade.stopped])
@pytest.mark.parametrize("act", [databases.apply_snapshot, databases.bootstrap_roles])
def test_without_a_running_server_the_next_command_starts_it(target, act, make):
    state = make(target)
    assert _told(ExitCode.UNREACHABLE, act, target, state) == (
        "error: local_dev: PostgreSQL is not running\n"
        "where: sanbou_dev\n"
        f"why:   {target.place.describe(state.service)}\n"
        "next:  inv up --env local_dev"
    )


def test_the_conclusion_of_apply_counts_and_names_what_follows(target):
    conclusion = databases.applied(target, handmade.running(target))
    said = "local_dev: sql/schema_baseline.sql is loaded, 2 relations in 3 schemas"
    assert conclusion.sentence == said
    assert conclusion.next_command == "inv db-bootstrap-roles --env local_dev"


# db-bootstrap-roles


def test_the_roles_script_gets_the_declared_names_and_no_others(target):
    (step,) = databases.bootstrap_roles(target, handmade.running(target)).steps
    words = shlex.split(step.command)
    assert [each for each in words if each.startswith("--set=") and "ON_ERROR" not in each] == [
        "--set=owner=sanbou_owner",
        "--set=app=sanbou_app",
        "--set=schemas=raw,mart",
    ]
    assert words[-1] == f"--file={target.environment.project_directory}/sql/bootstrap_roles.sql"


def test_without_a_roles_script_there_is_nothing_to_bootstrap(tmp_path):
    bare = handmade.make_target(tmp_path / "bare", migrations=Migrations(roles=None))
    runbook = databases.bootstrap_roles(bare, handmade.running(bare))
    assert (runbook.steps, runbook.reason) == ((), "migrations.roles names no file for it")


def test_roles_that_are_missing_afterwards_are_a_problem(target):
    state = handmade.running(target, roles=("sanbou_app",))
    assert _told(ExitCode.FAILED, databases.roles_ready, target, state) == (
        "error: local_dev: roles are missing\n"
        "where: sanbou_owner\n"
        "why:   sql/bootstrap_roles.sql did not create them\n"
        "next:  add them there, then inv db-bootstrap-roles --env local_dev"
    )


def test_roles_that_are_ready_are_counted(target):
    conclusion = databases.roles_ready(target, handmade.running(target))
    assert conclusion.sentence == "local_dev: 2 roles have their privileges"


@pytest.mark.parametrize(("version", "told"), [(160015, True), (170010, False), (0, False)])
def test_what_the_refresher_may_not_do_before_17_is_said(target, version, told):
    roles = replace(target.environment.roles, refresher="sanbou_refresher")
    other = replace(target, environment=replace(target.environment, roles=roles))
    state = handmade.running(
        other, server_version=version, roles=("sanbou_owner", "sanbou_app", "sanbou_refresher")
    )
    sentence = databases.roles_ready(other, state).sentence
    limit = "may not refresh: PostgreSQL 16 lets only the owner"
    assert (limit in sentence) == told


# db-reset-volume


@pytest.mark.parametrize(
    ("make", "titles"),
    [
        (handmade.absent, []),
        (handmade.stopped, ["remove the data directory"]),
        (handmade.running, ["stop PostgreSQL", "remove the data directory"]),
        (handmade.dropped, ["stop PostgreSQL", "remove the data directory"]),
    ],
)
def test_reset_stops_what_runs_and_removes_what_is_there(target, make, titles):
    runbook = databases.reset_volume(target, make(target))
    assert _titles(runbook) == titles
    assert runbook.reason == "there is no data directory"
    assert runbook.destructive
    assert runbook.loses == "every row of local_dev is removed"


def test_half_a_data_directory_never_looks_like_a_whole_one(target):
    state = handmade.stopped(target)
    (step,) = databases.reset_volume(target, state).steps
    data = state.service.data
    lines = step.command.splitlines()
    assert lines[1] == f"mv -- {data} {data}.removing"
    assert step.verify == f"test '!' -e {data}"


def test_the_conclusion_of_reset_says_that_nothing_is_stored(target):
    state = handmade.absent(target)
    conclusion = databases.removed(target, state)
    assert conclusion.sentence == f"local_dev: there is no data directory at {state.service.data}"


# db-init-from-snapshot


@pytest.mark.parametrize(
    ("make", "removing"),
    [
        (handmade.absent, []),
        (handmade.stopped, ["remove the data directory"]),
        (handmade.running, ["stop PostgreSQL", "remove the data directory"]),
        (handmade.empty, ["stop PostgreSQL", "remove the data directory"]),
        (handmade.dropped, ["stop PostgreSQL", "remove the data directory"]),
    ],
)
def test_init_removes_what_is_there_and_builds_up_to_the_roles(target, make, removing):
    runbook = databases.init_from_snapshot(target, make(target), finish=False)
    assert _titles(runbook) == [*removing, *BUILD, f"{LOAD}, the roles, in one transaction"]
    assert runbook.destructive
    assert runbook.loses == "every row of local_dev is removed"


def test_init_with_finish_also_stamps_and_upgrades(target):
    runbook = databases.init_from_snapshot(target, handmade.running(target, LEGACY), finish=True)
    assert _titles(runbook)[-2:] == [
        f"{LOAD}, the roles, stamp {BASELINE}, in one transaction",
        f"upgrade to {HEAD}",
    ]


def test_init_builds_with_the_binaries_that_are_there_now(tmp_path):
    target = handmade.make_target(tmp_path / "work")
    postgres = tmp_path / "bin" / "postgres"
    postgres.parent.mkdir()
    postgres.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 18.1 (Debian 18.1-1)'\n")
    postgres.chmod(0o755)
    target.place.__dict__["binaries"] = postgres.parent
    state = handmade.State(
        service=handmade.service(target, binaries_major=0),
        database=handmade.running(target).database,
    )
    runbook = databases.init_from_snapshot(target, state, finish=False)
    assert "create the data directory, PostgreSQL 18" in _titles(runbook)


def test_init_reads_the_snapshot_before_anything_is_removed(target):
    (target.environment.project_directory / "sql" / "schema_baseline.sql").unlink()
    state = handmade.running(target)
    told = _told(ExitCode.USAGE, databases.init_from_snapshot, target, state, finish=False)
    assert "sql/schema_baseline.sql" in told


def test_init_refuses_two_heads_before_anything_is_removed(target):
    handmade.write_revision(target.environment.project_directory, "other", BASELINE)
    state = handmade.running(target)
    told = _told(ExitCode.FAILED, databases.init_from_snapshot, target, state, finish=True)
    assert told.startswith(f"error: 2 heads: {HEAD}, other\n")


@pytest.mark.parametrize(
    ("versions", "place", "next_command"),
    [
        (
            (),
            "",
            f"inv al-stamp --rev {BASELINE} --env local_dev, then inv al-up --env local_dev",
        ),
        ((HEAD,), f", at {HEAD}", "inv mv-refresh --env local_dev"),
    ],
)
def test_the_conclusion_of_init_names_what_is_left_to_type(target, versions, place, next_command):
    conclusion = databases.initialised(target, handmade.running(target, *versions))
    loaded = "local_dev: sql/schema_baseline.sql is loaded, 2 relations in 3 schemas"
    assert conclusion.sentence == loaded + place
    assert conclusion.next_command == next_command
