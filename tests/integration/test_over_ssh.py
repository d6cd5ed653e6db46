"""The commands of the table over SSH, by the same operations: each once, on a deployed staging."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from releases import Fab, held, newest_run, revision, version
from watching import BASELINE, HEAD, refused, succeeded, until

from dbops.errors import ExitCode

if TYPE_CHECKING:
    from rig.vm_rig import Rig

NEXT = "20260101_000000000"
STG = ("-H", "stg")


@pytest.fixture(scope="module")
def fab(rig: Rig) -> Fab:
    made = Fab(rig)
    made.enroll("stg")
    made.deploy("stg")
    return made


def answer(fab: Fab, *words: str) -> object:
    """Return the JSON document a command prints on stdout, and nothing else there."""
    done = fab(*STG, *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def out(fab: Fab, *words: str) -> str:
    done = fab(*STG, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


# Reading


def test_no_reading_command_leaves_a_trace_on_the_host(rig: Rig, fab: Fab):
    before = held(rig, "vm_stg")
    runs = succeeded(rig.on("vm_stg", "find .dbops -type f -exec sha256sum {} +"))
    assert answer(fab, "ps")["services"] == "core_api healthy, db healthy"
    assert out(fab, "al-cur") == f"{HEAD} (head)\n"
    current = answer(fab, "al-cur")
    assert (current["current"], current["heads"], current["at_head"]) == ([HEAD], [HEAD], True)
    assert out(fab, "al-heads").startswith(HEAD)
    assert [each["revision"] for each in answer(fab, "al-hist")] == [HEAD, BASELINE]
    assert "nothing to upgrade: the database is at head" in fab.must(*STG, "al-plan")
    assert "at 20251212_100000000 (head)" in out(fab, "health")
    told = fab(*STG, "doctor")
    assert told.returncode == ExitCode.DIFFERENCES
    assert "there is no backup" in told.stdout + told.stderr
    assert answer(fab, "config")["compose"]["project"] == "vm_stg"
    assert held(rig, "vm_stg") == before
    assert succeeded(rig.on("vm_stg", "find .dbops -type f -exec sha256sum {} +")) == runs


def test_logs_are_those_of_the_services_on_the_host(fab: Fab):
    told = out(fab, "logs", "--service", "core_api", "--lines", "3")
    assert 0 < len(told.splitlines()) <= 3
    assert all("core_api-1" in each for each in told.splitlines())


def test_psql_runs_a_statement_in_the_database_on_the_host(fab: Fab):
    told = out(fab, "psql", "--command", 'SELECT current_database() || \' $HOME; "x"\' AS "it\'s"')
    assert told.split("\n")[2].strip() == 'sanbou_stg $HOME; "x"'
    assert fab(*STG, "psql", "--command", "SELECT 1/0").returncode == 1


def test_psql_over_ssh_runs_what_is_piped_in_and_stops_at_the_first_error(rig: Rig):
    script = "SELECT 'one' || ' \"$HOME\"';\nSELECT 1/0;\nSELECT 'never';\n"
    laptop = rig.laptop_machine
    done = subprocess.run(
        laptop.command(*STG, "psql"),
        env=laptop.variables(),
        cwd=laptop.checkout,
        input=script,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert 'one "$HOME"' in done.stdout
    assert "division by zero" in done.stderr
    assert "never" not in done.stdout
    assert done.returncode == 3


@pytest.mark.parametrize("fault", ["kill_sessions", "cut"])
def test_a_terminal_whose_line_is_lost_ends_with_69(rig: Rig, fault: str):
    laptop = rig.laptop_machine
    with subprocess.Popen(
        laptop.command(*STG, "psql", "--command", f"SELECT pg_sleep(50) AS {fault}"),
        env=laptop.variables(),
        cwd=laptop.checkout,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        asleep = f"SELECT count(*) FROM pg_stat_activity WHERE query LIKE '% AS {fault}'"
        until(lambda: rig.psql("vm_stg", asleep) == "1", "psql to sleep")
        getattr(rig, fault)("vm_stg")
        try:
            _, error = running.communicate(timeout=45)
        finally:
            if fault == "cut":
                rig.mend("vm_stg")
    assert running.returncode == ExitCode.UNREACHABLE, error
    assert "error: vm_stg: the connection was lost" in error
    assert "Traceback" not in error


def test_psql_is_refused_where_the_host_says_that_it_is_another(rig: Rig, fab: Fab):
    succeeded(rig.on("vm_stg", "echo vm_prod >.dbops/environment"))
    try:
        told = fab(*STG, "psql", "--command", "SELECT 1")
        refused(told, ExitCode.REFUSED, "says that it is vm_prod")
    finally:
        succeeded(rig.on("vm_stg", "echo vm_stg >.dbops/environment"))


def test_runs_and_journal_tell_what_was_done_by_whom(fab: Fab):
    runs = answer(fab, "runs")
    assert [each["verb"] for each in runs] == ["deploy", "enroll"]
    assert all(each["result"] == "ok" for each in runs)
    entries = answer(fab, "journal")
    assert [each["event"] for each in entries] == ["begin", "end"] * 2
    assert [each["previous"] for each in entries[1:]] == [each["hash"] for each in entries[:-1]]


def test_what_the_laptops_shell_names_chooses_no_target(fab: Fab):
    named = {"PGHOST": "db.example.com", "DOCKER_HOST": "tcp://db.example.com"}
    url = "postgresql://db.example.com/other"
    assert fab(*STG, "al-cur", DATABASE_URL=url, **named).stdout == f"{HEAD} (head)\n"


def test_a_reading_command_asks_several_hosts_and_sums_up(rig: Rig, fab: Fab):
    done = fab("-H", "stg,prod", "al-cur")
    assert done.returncode == ExitCode.UNREACHABLE
    assert done.stdout == f"{HEAD} (head)\n"
    assert "2 hosts: stg ok, prod exit 69" in done.stderr
    both = json.loads(fab("-H", "stg,prod", "ps", "--json").stdout)
    found = {host: (each["code"], each["answer"]["status"]) for host, each in both.items()}
    assert found == {"stg": (0, "running"), "prod": (0, "absent")}


@pytest.mark.parametrize("command", ["deploy", "al-up", "backup", "lock"])
def test_a_changing_command_takes_exactly_one_host(fab: Fab, command: str):
    lines = refused(fab("-H", "stg,prod", command), ExitCode.USAGE, f"{command} takes one host")
    assert lines.endswith(f"next:  fab -H stg {command}")
    refused(fab("-H", "stg,prod", "al-cur", command), ExitCode.USAGE, f"{command} takes one host")


def test_a_dump_is_restored_on_one_host_at_a_time(fab: Fab):
    told = fab("-H", "stg,prod", "backups", "--restore-test")
    refused(told, ExitCode.USAGE, "backups --restore-test takes one host")


def test_what_stands_after_a_double_dash_never_runs(rig: Rig, fab: Fab):
    told = fab(*STG, "ps", "--", "touch", "/tmp/pwned")
    refused(told, ExitCode.USAGE, "only commands of this tool run on a host")
    assert rig.on("vm_stg", "test -e /tmp/pwned").returncode == 1


# On the laptop and on the host itself


@pytest.mark.parametrize("command", ["al-up", "ps", "backup"])
def test_on_the_laptop_inv_names_the_command_over_ssh(rig: Rig, command: str):
    words = rig.laptop_machine.command(command, "--env", "vm_stg", program="invoke")
    lines = refused(rig.laptop_machine.run(*words), ExitCode.REFUSED, "vm_stg lives on vm-stg")
    assert f"next:  fab -H stg {command}" in lines


def test_deploy_is_a_command_of_fab_alone(rig: Rig):
    words = rig.laptop_machine.command("deploy", "--env", "vm_stg", program="invoke")
    lines = refused(rig.laptop_machine.run(*words), ExitCode.USAGE, "deploy goes to a host")
    assert lines.endswith("next:  fab -H ALIAS deploy")


# Changing


def test_the_roles_are_bootstrapped_again(rig: Rig, fab: Fab):
    rig.psql("vm_stg", "REVOKE SELECT ON ref.tax_rate FROM sanbou_readonly")
    assert "6 roles have their privileges" in fab.must(*STG, "db-bootstrap-roles")
    asked = "SELECT has_table_privilege('sanbou_readonly', 'ref.tax_rate', 'SELECT')"
    assert rig.psql("vm_stg", asked) == "t"


def test_the_snapshot_is_not_loaded_twice(rig: Rig, fab: Fab):
    before = held(rig, "vm_stg")
    said = fab.must(*STG, "db-apply-snapshot")
    assert "nothing to do: this very snapshot is loaded already" in said
    assert held(rig, "vm_stg") == before


def test_a_materialized_view_is_refreshed(rig: Rig, fab: Fab):
    rig.psql("vm_stg", "REFRESH MATERIALIZED VIEW mart.mv_receive_daily WITH NO DATA")
    said = fab.must(*STG, "mv-refresh", "--view", "mart.mv_receive_daily")
    assert "refresh mart.mv_receive_daily" in said
    asked = "SELECT relispopulated FROM pg_class WHERE relname = 'mv_receive_daily'"
    assert rig.psql("vm_stg", asked) == "t"


def test_a_backup_is_taken_proven_and_restored(rig: Rig, fab: Fab):
    before = rig.psql("vm_stg", "SELECT count(*) FROM ref.tax_rate")
    assert "is proven" in fab.must(*STG, "backup")
    (found,) = answer(fab, "backups", "--verify")
    assert (found["damage"], found["revision"]) == ("", HEAD)
    rig.psql("vm_stg", "DELETE FROM ref.tax_rate")
    said = fab.must(*STG, "restore", "--dump", found["dump"])
    assert "swap it in as sanbou_stg" in said
    assert rig.psql("vm_stg", "SELECT count(*) FROM ref.tax_rate") == before
    assert rig.psql("vm_stg", "SELECT current_setting('dbops.environment')") == "vm_stg"
    kept = "SELECT count(*) FROM pg_database WHERE datname LIKE 'sanbou_stg_before_%'"
    assert rig.psql("vm_stg", kept) == "1"
    fab.must(*STG, "restore-forget")
    assert rig.psql("vm_stg", kept) == "0"


def test_a_pending_revision_is_planned_applied_and_taken_back(rig: Rig, fab: Fab):
    rig.commit(revision(NEXT, "note"), "Give tax rates a note")
    succeeded(rig.on("vm_stg", "git pull --quiet --ff-only"))
    assert "ADD COLUMN note text" in out(fab, "al-plan")
    assert answer(fab, "al-cur")["at_head"] is False
    assert f"at {NEXT} (head)" in fab.must(*STG, "al-up")
    assert version(rig, "vm_stg") == NEXT
    assert "nothing to do" in fab.must(*STG, "al-up")
    fab.must(*STG, "al-down")
    assert version(rig, "vm_stg") == HEAD
    assert f"at {NEXT}" in fab.must(*STG, "al-stamp", "--rev", NEXT)
    assert (
        rig.psql("vm_stg", "SELECT operation FROM dbops.revision_log ORDER BY id DESC LIMIT 1")
        == "stamp"
    )
    fab.must(*STG, "al-stamp", "--rev", HEAD)


def test_a_locked_environment_is_changed_by_nobody_until_it_is_unlocked(rig: Rig, fab: Fab):
    message = "look at $(id) 'first'"
    fab.must(*STG, "lock", "--message", message)
    before = held(rig, "vm_stg")
    for command in ("deploy", "al-up", "backup", "restart"):
        lines = refused(fab(*STG, command), ExitCode.LOCKED, "vm_stg is locked by ")
        assert f"why:   {message}" in lines
    assert "nothing to do" in fab.must(*STG, "lock", "--message", "mine")
    assert held(rig, "vm_stg") == before
    assert "not locked" in fab.must(*STG, "unlock")
    assert "nothing to do: nobody locked it" in fab.must(*STG, "unlock")
    fab.must(*STG, "backup")


def test_what_runs_on_the_host_is_the_plan_byte_for_byte(rig: Rig, fab: Fab):
    plan = out(fab, "backup", "--plan")
    fab.must(*STG, "backup")
    assert newest_run(rig, "vm_stg", "run.sh") == plan


def test_services_go_down_and_come_up_and_keep_their_volume(rig: Rig, fab: Fab):
    fab.must(*STG, "restart")
    fab.must(*STG, "down")
    assert answer(fab, "ps")["status"] == "stopped"
    fab.must(*STG, "up")
    assert version(rig, "vm_stg") == HEAD


def test_the_database_is_made_anew_from_the_snapshot_and_its_volume_removed(rig: Rig, fab: Fab):
    fab.must(*STG, "db-init-from-snapshot", "--finish")
    assert version(rig, "vm_stg") == NEXT
    fab.must(*STG, "db-reset-volume")
    assert rig.on("vm_stg", "docker volume ls --quiet").stdout == ""
    assert "nothing to do" in fab.must(*STG, "db-reset-volume")
