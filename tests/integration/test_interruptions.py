"""Killed, interrupted, doubled: whatever happens to a run, the next one ends at head."""

from __future__ import annotations

import signal

import pytest
from watching import (
    HEAD,
    began,
    contents,
    journal,
    kill,
    kill_everything,
    nothing_is_made,
    refused,
    runs,
    sleeping,
    succeeded,
    until,
    waiting,
)

from dbops.errors import ExitCode

UP = ("al-up", "--env", "local_dev")
GRANT = "migrations_v2/alembic/versions/20251212_100000000_grant_comprehensive_permissions.py"
SLEEP_SECONDS = 3


@pytest.mark.parametrize("step", range(1, 7))
def test_killed_as_a_step_begins_the_next_run_ends_at_head(project, step):
    running = project.start(*UP)
    until(lambda: began(project, step), f"step {step} to begin")
    kill_everything(running, project)
    _ends_at_head(project)


def test_killed_inside_initdb_no_half_made_data_directory_is_used(project):
    running = project.start(*UP)
    partial = project.directory / ".dbops" / "local_dev" / "data.partial" / "base"
    until(partial.exists, "initdb to write")
    kill_everything(running, project)
    assert project.json("ps", "--env", "local_dev")["status"] == "absent"
    _ends_at_head(project)


def test_a_database_that_is_still_being_made_for_a_killed_run_is_waited_for(project):
    project.must("up", "--env", "local_dev")
    project.psql("DROP DATABASE sanbou_dev", database="postgres")
    with nothing_is_made(project):
        killed = project.start(*UP)
        until(lambda: waiting(project, "CREATE DATABASE"), "the database to be made")
        kill_everything(killed, project)
        assert waiting(project, "CREATE DATABASE"), "the server goes on without its client"
        following = project.start(*UP)
        until(lambda: waiting(project, "DO %pg_advisory_lock"), "the next run to wait for it")
    _, error = following.communicate()
    assert following.returncode == ExitCode.OK, error
    _ends_at_head(project)


def test_killed_inside_the_load_nothing_of_the_snapshot_stays(project):
    snapshot = project.directory / "sql" / "schema_baseline.sql"
    whole = snapshot.read_text(encoding="utf-8")
    place = "\nCREATE MATERIALIZED VIEW mart.mv_receive_daily"
    slow = whole.replace(place, f"\nSELECT pg_sleep({SLEEP_SECONDS});\n{place}", 1)
    assert slow != whole
    snapshot.write_text(slow, encoding="utf-8")
    running = project.start(*UP)
    until(lambda: sleeping(project), "the load to sleep")
    kill_everything(running, project)
    until(lambda: not sleeping(project), "the server to notice")
    assert project.psql("SELECT to_regnamespace('mart') IS NULL") == "t"
    snapshot.write_text(whole, encoding="utf-8")
    _ends_at_head(project)


def test_killed_inside_a_revision_it_is_rolled_back(project):
    _make_the_revision_sleep(project)
    running = project.start(*UP)
    until(lambda: sleeping(project), "the revision to sleep")
    kill_everything(running, project)
    until(lambda: not sleeping(project), "the server to notice")
    assert project.psql("SELECT version_num FROM alembic_version") == "0001_baseline"
    _ends_at_head(project)


def _make_the_revision_sleep(project):
    project.edit(
        GRANT, "    op.execute(_NOTICES)", f'    op.execute("SELECT pg_sleep({SLEEP_SECONDS})")'
    )


def _ends_at_head(project):
    succeeded(project.inv(*UP))
    assert project.json("al-cur", "--env", "local_dev")["at_head"] is True
    assert "nothing to do" in succeeded(project.inv(*UP))
    objects = project.psql("SELECT count(*) FROM pg_matviews WHERE schemaname = 'mart'")
    assert int(objects) > 5
    _every_run_has_an_end(project)


def _every_run_has_an_end(project):
    found = [(each["event"], each["run"]) for each in journal(project)]
    assert {run for event, run in found if event == "begin"} == {
        run for event, run in found if event == "end"
    }


@pytest.mark.parametrize("step", [2, 5])
def test_when_python_alone_is_killed_the_work_goes_on_and_the_next_command_waits(project, step):
    first = project.start(*UP)
    until(lambda: began(project, step), f"step {step} to begin")
    kill(first)
    second = succeeded(project.inv(*UP))
    assert "local_dev: waiting for al-up by " in second
    assert "nothing to do: it is at" in second
    assert len(runs(project)) == 1
    assert [each["event"] for each in journal(project)] == ["begin", "end"]
    assert journal(project)[-1]["recovered"] is True
    assert journal(project)[-1]["code"] == 0


def test_of_two_at_once_one_does_it_and_the_other_waits_and_finds_nothing_to_do(project):
    both = [project.start(*UP), project.start(*UP)]
    told = [each.communicate() for each in both]
    assert [each.returncode for each in both] == [0, 0], told
    waited = ["nothing to do: it is at" in error for _, error in told]
    assert sorted(waited) == [False, True], told
    assert "waiting for al-up by" in told[waited.index(True)][1]
    assert all(out.startswith(f"local_dev: at {HEAD} (head)") for out, _ in told)
    assert len(runs(project)) == 1
    upgrades = "SELECT count(*) FROM dbops.revision_log WHERE operation = 'upgrade'"
    assert project.psql(upgrades) == "1"


def test_ctrl_c_during_a_revision_rolls_it_back_and_frees_the_lock(project):
    project.must("db-init-from-snapshot", "--env", "local_dev")
    project.must("al-stamp", "--rev", "0001_baseline", "--env", "local_dev")
    project.must("db-bootstrap-roles", "--env", "local_dev")
    before = contents(project)
    project.edit(GRANT, "    op.execute(_NOTICES)", '    op.execute("SELECT pg_sleep(600)")')
    running = project.start(*UP)
    until(lambda: sleeping(project), "the revision to sleep")
    running.send_signal(signal.SIGINT)
    out, error = running.communicate()
    assert running.returncode == ExitCode.INTERRUPTED, out + error
    assert "error: local_dev: al-up was interrupted" in error
    assert "next:  inv al-up --env local_dev" in error
    assert "Traceback" not in error
    assert contents(project) == before
    assert not sleeping(project)
    assert journal(project)[-1]["code"] == ExitCode.INTERRUPTED
    project.edit(GRANT, '    op.execute("SELECT pg_sleep(600)")', "    op.execute(_NOTICES)")
    _ends_at_head(project)


def test_ctrl_c_while_waiting_for_another_command_changes_nothing(project):
    _make_the_revision_sleep(project)
    first = project.start(*UP)
    until(lambda: sleeping(project), "the revision to sleep")
    second = project.start(*UP)
    said = second.stderr.readline()
    while said and "waiting for al-up" not in said:
        said = second.stderr.readline()
    second.send_signal(signal.SIGINT)
    _, error = second.communicate()
    assert second.returncode == ExitCode.INTERRUPTED, error
    assert "Traceback" not in error
    first.communicate()
    assert first.returncode == 0
    assert len(runs(project)) == 1


def test_a_failed_revision_names_its_sqlstate_and_the_next_run_goes_on(project):
    project.edit(GRANT, "    op.execute(_NOTICES)", '    op.execute("SELECT 1/0")')
    told = refused(project.inv(*UP), ExitCode.FAILED, "al-up stopped at: upgrade to")
    assert "22012" in told
    assert project.json("al-cur", "--env", "local_dev")["current"] == ["0001_baseline"]
    project.edit(GRANT, '    op.execute("SELECT 1/0")', "    op.execute(_NOTICES)")
    _ends_at_head(project)
