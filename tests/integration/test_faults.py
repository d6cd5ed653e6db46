"""Lines long or cut, sessions killed, machines off: runs end, attach tells how, deploys work."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from deploying import Vm, ended
from watching import refused, until

from dbops.errors import ExitCode

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from rig.vm_rig import Rig

STEPS = (
    "see that nothing",
    "back up",
    "fast-forward",
    "start the services",
    "bootstrap the roles",
    "upgrade to",
    "wait until",
)
MIDDLE = "in the middle of the upgrade"
POINTS = (*STEPS, MIDDLE)
# Signs of life, asked for every few seconds, are nothing that a command waits for.
NO_PULSE = """\
import threading

def start(thread, started=threading.Thread.start):
    if type(thread).__name__ == "Pulse":
        thread.last = float("inf")
    else:
        started(thread)

threading.Thread.start = start
"""
LOST = "the connection was lost; the run goes on there"


@pytest.fixture(scope="module")
def vm(rig: Rig) -> Vm:
    return Vm(rig).make()


@pytest.mark.parametrize("steps", [0, len(STEPS)])
def test_a_deploy_waits_for_fifteen_round_trips_at_most(vm: Vm, tmp_path: Path, steps: int):
    if steps:
        vm.commit(seconds=0)
    (tmp_path / "sitecustomize.py").write_text(NO_PULSE, encoding="utf-8")
    with vm.rig.delayed(0.5) as line:
        done = vm.rig.laptop_run("-H", vm.alias, "deploy", PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stderr.count("  ok  ")) == (ExitCode.OK, steps), done.stderr
    assert line.connections == 1
    assert 8 <= line.trips <= 15


def begun_until(vm: Vm, point: str) -> subprocess.Popen[str]:
    """Begin a deploy of a new revision and return with the run held at POINT."""
    vm.commit(seconds=2 if point == MIDDLE else 0)
    running = vm.begin("deploy")
    if point == MIDDLE:
        vm.wait_for_sleep()
    else:
        vm.hold(point)
    return running


def check_goes_on(vm: Vm, point: str) -> None:
    """The run comes to its end without who began it, and `attach` shows that end."""
    if point != MIDDLE:
        vm.go_on()
    attached = vm.fab("attach")
    assert attached.returncode == ExitCode.OK, attached.stderr
    assert f"the database is at {vm.revision}" in attached.stdout
    end = vm.end()
    assert (end["code"], [each["code"] for each in end["steps"]]) == (0, [0] * len(STEPS))
    assert vm.applied() == (vm.revision, "1")


def check_lost(running: subprocess.Popen[str]) -> None:
    code, told = ended(running)
    assert (code, LOST in told) == (ExitCode.UNREACHABLE, True), told
    assert "next:  fab -H stg attach" in told


@pytest.mark.parametrize("point", POINTS)
def test_the_laptop_is_killed_and_the_run_goes_on(vm: Vm, point: str):
    running = begun_until(vm, point)
    running.kill()
    running.communicate()
    check_goes_on(vm, point)


@pytest.mark.parametrize("point", POINTS)
def test_the_sessions_of_sshd_are_killed_and_the_run_goes_on(vm: Vm, point: str):
    running = begun_until(vm, point)
    vm.rig.kill_sessions(vm.host)
    check_lost(running)
    check_goes_on(vm, point)


def test_the_line_is_cut_at_each_point_and_the_run_goes_on(vm: Vm):
    """Each laptop's own connection is cut; while it waits in vain, the next one deploys."""
    with ThreadPoolExecutor(len(POINTS)) as pool:
        waiting = []
        for point in POINTS:
            running = begun_until(vm, point)
            assert vm.rig.cut_connections() == 1
            waiting.append(pool.submit(lost_after, running))
            check_goes_on(vm, point)
        seconds = [each.result() for each in waiting]
    assert min(seconds) > 15, seconds
    assert max(seconds) < 40, seconds


def lost_after(running: subprocess.Popen[str]) -> float:
    """Return how many seconds a laptop takes to say that its line is cut."""
    began = time.monotonic()
    check_lost(running)
    return time.monotonic() - began


def test_after_every_lost_laptop_nothing_is_left_to_do(vm: Vm):
    vm.check_settled()


def test_the_host_loses_its_power_as_each_step_begins_and_the_next_deploy_goes_on(vm: Vm):
    vm.commit(seconds=0)
    for step in STEPS:
        running = vm.begin("deploy")
        vm.hold(step)
        vm.rig.switch_off(vm.host)
        running.kill()  # what it says of a dead host is looked at below
        running.communicate()
        vm.rig.switch_on(vm.host)
        vm.wait_for_services()
        refused(vm.fab("attach"), ExitCode.FAILED, "deploy did not come to its end")
    vm.check_settled()
    lost = [each for each in vm.journal() if each.get("recovered")]
    last = [each["steps"][-1] for each in lost]
    assert len(last) == len(STEPS)
    assert {each["code"] for each in lost + last} == {None}
    assert all(each["title"].startswith(step) for each, step in zip(last, STEPS, strict=True))


def test_the_host_loses_its_power_during_an_upgrade(vm: Vm):
    before = vm.revision
    vm.commit(seconds=4)
    running = vm.begin("deploy")
    vm.wait_for_sleep()
    vm.rig.switch_off(vm.host)
    code, told = ended(running)
    vm.rig.switch_on(vm.host)
    vm.wait_for_services()
    assert (code, LOST in told) == (ExitCode.UNREACHABLE, True), told
    assert vm.newest()["result"] == "lost"
    why = refused(vm.fab("attach"), ExitCode.FAILED, "deploy did not come to its end")
    assert f"the host was restarted, or the run was killed; the database is at {before}" in why
    vm.check_settled()
    (recovered,) = [each for each in vm.journal()[-3:] if each.get("recovered")]
    assert recovered["code"] is None
    assert recovered["to"] == [before]
    assert recovered["steps"][-1]["code"] is None


@pytest.mark.parametrize("step", STEPS)
def test_the_database_restarts_as_a_step_begins_and_the_next_deploy_ends_at_head(vm: Vm, step: str):
    running = begun_until(vm, step)
    vm.rig.restart_database(vm.host)
    vm.go_on()
    code, told = ended(running)
    attached = vm.fab("attach")
    # The run can have ended well before the database is back: then only what is true afterwards is
    # still unknown.
    if attached.returncode != code:
        assert (attached.returncode, code) == (ExitCode.OK, ExitCode.UNREACHABLE), told
        assert "PostgreSQL is not running" in told
    assert "Traceback" not in told + attached.stderr
    vm.wait_for_services()
    if code:
        done = vm.fab("deploy")
        assert done.returncode == ExitCode.OK, done.stderr
    assert vm.applied() == (vm.revision, "1")


def test_the_database_restarts_during_an_upgrade(vm: Vm):
    before = vm.revision
    vm.commit(seconds=4)
    running = vm.begin("deploy")
    vm.wait_for_sleep()
    vm.rig.restart_database(vm.host, seconds=0)
    code, told = ended(running)
    # Not 69, which says that the run goes on.
    assert code == ExitCode.FAILED, told
    assert f"deploy stopped at: upgrade to {vm.revision}" in told
    vm.wait_for_services()
    assert refused(vm.fab("attach"), ExitCode.FAILED, "stopped at: upgrade to")
    assert vm.applied() == (before, "0")
    vm.check_settled()


def test_the_runner_is_killed_while_alembic_goes_on(vm: Vm):
    vm.commit(seconds=12)
    running = vm.begin("deploy")
    vm.wait_for_sleep()
    assert vm.rig.kill_runner(vm.host)
    code, told = ended(running)
    assert code == ExitCode.FAILED, told
    why = refused(vm.fab("deploy"), ExitCode.LOCKED, "another command is changing")
    assert "deploy by " in why
    vm.wait_for_end()
    vm.check_settled()


def test_everything_of_the_run_is_killed_on_the_host_while_alembic_goes_on(vm: Vm):
    vm.commit(seconds=14)
    running = vm.begin("deploy")
    vm.wait_for_sleep()
    vm.rig.kill_runner(vm.host, r"/runs/|compose.*alembic")
    code, told = ended(running)
    assert code == ExitCode.FAILED, told
    assert "deploy ended without a result" in told
    refused(vm.fab("deploy"), ExitCode.LOCKED, "somebody is migrating the database")
    until(lambda: vm.applied() == (vm.revision, "1"), "alembic to end")
    assert "did not come to its end" in vm.fab("attach").stderr
    vm.check_settled()
