"""Links cut, sessions killed, machines off: the run ends, attach tells how, the next converges."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from deploying import Vm, ended
from watching import refused, until

from dbops.errors import ExitCode

if TYPE_CHECKING:
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
LOST = "the connection was lost; the run goes on there"


@pytest.fixture(scope="module")
def vm(rig: Rig) -> Vm:
    return Vm(rig).make()


@pytest.mark.parametrize("step", STEPS)
def test_the_laptop_or_its_session_dies_as_a_step_begins_and_the_run_goes_on(vm: Vm, step: str):
    vm.commit(seconds=0)
    running = vm.begin("deploy")
    vm.wait_for_step(step)
    if STEPS.index(step) % 2:
        vm.rig.kill_sessions(vm.host)
        code, told = ended(running)
        assert (code, LOST in told) == (ExitCode.UNREACHABLE, True), told
    else:
        running.kill()
        running.communicate()
    attached = vm.fab("attach")
    assert attached.returncode == ExitCode.OK, attached.stderr
    assert f"the database is at {vm.revision}" in attached.stdout
    assert vm.end()["code"] == 0
    assert [each["code"] for each in vm.end()["steps"]] == [0] * len(STEPS)
    assert vm.applied() == (vm.revision, "1")


def test_after_every_dead_laptop_nothing_is_left_to_do(vm: Vm):
    vm.check_settled()


def test_the_host_loses_its_power_as_each_step_begins_and_the_next_deploy_goes_on(vm: Vm):
    vm.commit(seconds=0)
    for step in STEPS:
        running = vm.begin("deploy")
        vm.wait_for_step(step)
        vm.rig.switch_off(vm.host)
        running.kill()  # what it says of a dead host is looked at below
        running.communicate()
        vm.rig.switch_on(vm.host)
        vm.wait_for_services()
        assert vm.newest()["result"] == "lost", step
    vm.check_settled()
    lost = [each for each in vm.journal() if each.get("recovered")]
    assert len(lost) == len(STEPS)
    steps = [len(each["steps"]) for each in lost]  # a step may end while the power goes
    assert steps == sorted(steps)
    assert (steps[0], steps[-1]) in {(1, 6), (1, 7), (2, 6), (2, 7)}


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


def test_a_cut_line_is_noticed_and_the_run_is_found_again(vm: Vm):
    vm.commit(seconds=3)
    running = vm.begin("deploy")
    vm.wait_for_sleep()
    vm.rig.cut("jump")
    started = time.monotonic()
    code, told = ended(running)
    seconds = time.monotonic() - started
    vm.rig.mend("jump")
    assert (code, LOST in told) == (ExitCode.UNREACHABLE, True), told
    assert "next:  fab -H stg attach" in told
    assert 15 < seconds < 40
    attached = vm.fab("attach")
    assert attached.returncode == ExitCode.OK, attached.stderr
    assert f"upgrade to {vm.revision}" in attached.stderr
    vm.check_settled()


@pytest.mark.parametrize("step", STEPS)
def test_the_database_restarts_as_a_step_begins_and_the_next_deploy_ends_at_head(vm: Vm, step: str):
    vm.commit(seconds=0)
    running = vm.begin("deploy")
    vm.wait_for_step(step)
    vm.rig.restart_database(vm.host)
    code, told = ended(running)
    attached = vm.fab("attach")
    # The run can end well just before the database goes: then only what is true is still unknown.
    if attached.returncode != code:
        assert (attached.returncode, code) == (ExitCode.OK, ExitCode.UNREACHABLE), told
        assert "PostgreSQL is not running" in told
    vm.wait_for_services()
    assert "Traceback" not in told + attached.stderr
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
    assert code == ExitCode.UNREACHABLE, told
    assert f"deploy stopped at: upgrade to {vm.revision}" in told
    vm.wait_for_services()
    assert refused(vm.fab("attach"), ExitCode.UNREACHABLE, "stopped at: upgrade to")
    assert vm.applied() == (before, "0")
    vm.check_settled()


def test_the_runner_is_killed_while_alembic_goes_on(vm: Vm):
    vm.commit(seconds=6)
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
    vm.commit(seconds=8)
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
