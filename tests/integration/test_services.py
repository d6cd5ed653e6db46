"""The life cycle of an embedded server, in all the states a machine leaves it in."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from conftest import Project, make_project
from servers import binaries
from watching import HEAD, contents, files, refused, succeeded, until

from dbops.embedded import _is_postmaster_of
from dbops.errors import ExitCode

DEV = ("--env", "local_dev")


@pytest.fixture
def running(project: Project) -> Project:
    """A project whose local_dev runs and holds one row."""
    project.must("up", *DEV)
    project.psql("CREATE TABLE public.kept AS SELECT 1 AS row")
    return project


def is_kept(project: Project) -> bool:
    return project.psql("SELECT row FROM public.kept") == "1"


def test_up_and_down_are_idempotent_and_lose_nothing(running):
    assert "nothing to do: PostgreSQL 17 runs" in succeeded(running.inv("up", *DEV))
    before = contents(running)
    assert "its data is kept" in succeeded(running.inv("down", *DEV))
    stopped = files(running)
    assert "nothing to do: it is not running" in succeeded(running.inv("down", *DEV))
    assert files(running) == stopped
    succeeded(running.inv("up", *DEV))
    assert contents(running) == before


def test_restart_makes_a_new_server_of_the_same_data(running):
    old = running.json("ps", *DEV)
    succeeded(running.inv("restart", *DEV))
    new = running.json("ps", *DEV)
    assert old["pid"] != new["pid"]
    assert {**old, "pid": 0} == {**new, "pid": 0}
    assert is_kept(running)


def test_commands_that_need_a_server_say_how_to_start_it(project):
    for words in (("health",), ("psql", "--command", "SELECT 1"), ("al-cur",), ("mv-refresh",)):
        told = refused(project.inv(words[0], *DEV, *words[1:]), ExitCode.UNREACHABLE, "not running")
        assert told.endswith("next:  inv up --env local_dev")
    assert not (project.directory / ".dbops" / "local_dev").exists()


def test_a_database_that_was_dropped_is_named_and_made_again(running):
    running.psql("DROP DATABASE sanbou_dev", database="postgres")
    refused(running.inv("al-cur", *DEV), ExitCode.UNREACHABLE, "no database sanbou_dev")
    succeeded(running.inv("up", *DEV))
    assert running.psql("SHOW dbops.environment") == "local_dev"


def test_psql_ends_with_the_exit_code_of_psql(running):
    assert succeeded(running.inv("psql", *DEV, "--command", "SELECT 6 * 7")).count("42") == 1
    failed = running.inv("psql", *DEV, "--command", "SELECT 1/0")
    assert (failed.returncode, "division by zero" in failed.stderr) == (1, True)


def test_health_and_logs_answer(running):
    told = refused(running.inv("health", *DEV), ExitCode.FAILED, "but is not at head")
    assert f"the head is {HEAD}" in told
    assert "database system is ready" in running.must("logs", *DEV)
    assert len(running.must("logs", *DEV, "--lines", "1").splitlines()) == 1


def test_a_killed_server_is_started_again_over_its_stale_pid_file(running):
    pid = running.json("ps", *DEV)["pid"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: not _is_postmaster_of(pid, running.data()), "the postmaster to die")
    assert (running.data() / "postmaster.pid").exists()
    assert running.json("ps", *DEV)["status"] == "stopped"
    succeeded(running.inv("up", *DEV))
    assert is_kept(running)


def test_a_stale_pid_file_with_the_pid_of_another_program_stops_nobody(running):
    running.must("down", *DEV)
    stale = running.data() / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{running.data()}\n1\n5\n/tmp\n", encoding="utf-8")
    shutil.chown(stale, running.data().owner())
    assert running.json("ps", *DEV)["status"] == "stopped"
    succeeded(running.inv("up", *DEV))
    assert is_kept(running)


def test_a_copied_checkout_leaves_the_server_of_the_original_alone(running):
    original = running.json("ps", *DEV)
    copy = Project(Path(f"{running.directory}-copy"))
    subprocess.run(["cp", "-a", running.directory, copy.directory], check=True)
    try:
        assert copy.json("ps", *DEV)["status"] == "stopped"
        assert "not running" in succeeded(copy.inv("down", *DEV))
        succeeded(copy.inv("up", *DEV))
        copied = copy.json("ps", *DEV)
        assert all(copied[each] != original[each] for each in ("pid", "port", "data", "socket"))
        copy.psql("DROP TABLE public.kept")
        copy.must("db-reset-volume", *DEV)
    finally:
        copy.remove()
    assert running.json("ps", *DEV) == original
    assert is_kept(running)


@pytest.mark.parametrize("state", ["running", "stopped"])
def test_a_moved_checkout_keeps_its_data(project, state):
    project.must("up", *DEV)
    project.psql("CREATE TABLE public.kept AS SELECT 1 AS row")
    if state == "stopped":
        project.must("down", *DEV)
    moved = Project(project.directory.rename(f"{project.directory}-moved"))
    try:
        assert moved.json("ps", *DEV)["status"] == state
        succeeded(moved.inv("up", *DEV))
        assert moved.json("ps", *DEV)["data"].startswith(str(moved.directory))
        assert is_kept(moved)
        assert "nothing to do" in succeeded(moved.inv("up", *DEV))
    finally:
        moved.remove()


def test_a_data_directory_of_another_major_is_refused_and_kept(project):
    older = {"DBOPS_POSTGRES_BIN": str(binaries(15))}
    project.must("up", *DEV, **older)
    project.psql("CREATE TABLE public.kept AS SELECT 1 AS row")
    project.must("down", *DEV, **older)
    before = files(project)
    for verb in ("up", "al-up", "restart"):
        told = refused(project.inv(verb, *DEV), ExitCode.FAILED, "is of PostgreSQL 15")
        assert "DBOPS_POSTGRES_BIN=" in told
    assert files(project) == before
    succeeded(project.inv("up", *DEV, **older))
    assert is_kept(project)


def test_a_configured_port_that_is_taken_is_named(project):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        project.edit(
            "environments.yaml", "aliases: [dev]", f"aliases: [dev]\n    embedded: {{port: {port}}}"
        )
        told = refused(project.inv("al-up", *DEV), ExitCode.USAGE, f"port {port} is taken")
        assert "environments.local_dev.embedded.port" in told
        assert not (project.directory / ".dbops" / "local_dev").exists()
    succeeded(project.inv("up", *DEV))
    assert project.json("ps", *DEV)["port"] == port


def test_removing_the_volume_stops_the_server_and_leaves_no_data(running):
    facts = running.json("ps", *DEV)
    succeeded(running.inv("db-reset-volume", *DEV))
    assert not Path(facts["data"]).exists()
    assert not _is_postmaster_of(facts["pid"], Path(facts["data"]))
    assert running.json("ps", *DEV)["status"] == "absent"
    assert "nothing to do" in succeeded(running.inv("db-reset-volume", *DEV))
    succeeded(running.inv("up", *DEV))


@pytest.mark.parametrize(
    "place", ["a" * 60 + "/" + "b" * 60, "名前 with 'quotes'; $(touch x) & \"more\""]
)
def test_any_path_will_do(place):
    project = make_project()
    inside = project.directory / place
    inside.mkdir(parents=True)
    deep = make_project(inside)
    deep.directory.chmod(0o755)
    try:
        succeeded(deep.inv("up", *DEV))
        facts = deep.json("ps", *DEV)
        assert len(f"{facts['socket']}/.s.PGSQL.{facts['port']}".encode()) < 108
        succeeded(deep.inv("restart", *DEV))
        assert deep.psql("SELECT 1") == "1"
    finally:
        deep.remove()
        project.remove()


def test_root_uses_a_checkout_below_a_closed_directory(project):
    inside = project.directory / "closed"
    inside.mkdir(mode=0o700)
    closed = make_project(inside)
    try:
        succeeded(closed.inv("al-up", *DEV))
        assert "nothing to do" in succeeded(closed.inv("al-up", *DEV))
        succeeded(closed.inv("restart", *DEV))
        assert closed.json("al-cur", *DEV)["at_head"] is True
        succeeded(closed.inv("db-reset-volume", *DEV))
        succeeded(closed.inv("up", *DEV))
    finally:
        closed.remove()
