"""Two who change one environment at once: one does it, the other is refused or waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from deploying import Vm, ended
from watching import refused, succeeded, until

from dbops.errors import ExitCode

if TYPE_CHECKING:
    from rig.vm_rig import Rig

RAW = (
    "docker exec --env DBOPS_RUN_ID=by-hand vm_stg-core_api-1"
    " alembic --config /srv/migrations_v2/alembic.ini upgrade head 2>&1"
)
HOLDERS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"


@pytest.fixture(scope="module")
def vm(rig: Rig) -> Vm:
    return Vm(rig).make()


def test_a_second_command_during_a_deploy_is_refused_and_told_who_since_when(vm: Vm):
    vm.commit(seconds=14)
    first = vm.begin("deploy")
    vm.wait_for_sleep()
    for verb in ("deploy", "al-up"):
        why = refused(vm.fab(verb), ExitCode.LOCKED, "vm_stg: another command is changing")
        assert "why:   deploy by " in why
        assert ", since 20" in why
        assert "next:  fab -H stg attach" in why
    assert ended(first)[0] == ExitCode.OK
    vm.check_settled()


def test_of_two_deploys_at_the_same_moment_one_does_it(vm: Vm):
    vm.commit(seconds=4)
    both = [vm.begin("deploy"), vm.begin("deploy")]
    codes = sorted(ended(each)[0] for each in both)
    assert codes == [ExitCode.OK, ExitCode.LOCKED]
    vm.check_settled()


def test_reading_goes_on_during_a_deploy(vm: Vm):
    before = vm.revision
    vm.commit(seconds=10)
    first = vm.begin("deploy")
    vm.wait_for_sleep()
    assert before in succeeded(vm.fab("al-cur"))
    assert vm.newest()["result"] == "running"
    assert ended(first)[0] == ExitCode.OK


def test_alembic_by_hand_during_a_deploy_waits_and_finds_nothing_to_do(vm: Vm):
    vm.commit(seconds=6)
    first = vm.begin("deploy")
    vm.wait_for_sleep()
    by_hand = succeeded(vm.rig.on(vm.host, RAW))
    code, told = ended(first)
    assert code == ExitCode.OK, told
    assert "waiting: the migration lock is held by" in by_hand
    assert "nothing to do: already at" in by_hand
    vm.check_settled()


def test_a_deploy_during_alembic_by_hand_is_refused_and_then_finds_it_done(vm: Vm):
    vm.commit(seconds=6)
    succeeded(vm.rig.on(vm.host, "git pull --quiet --ff-only"))
    succeeded(vm.rig.on(vm.host, f"setsid --fork sh -c '{RAW} >/dev/null' </dev/null"))
    until(lambda: vm.rig.psql(vm.host, HOLDERS) == "1", "alembic to begin")
    why = refused(vm.fab("deploy"), ExitCode.LOCKED, "somebody is migrating the database")
    assert "by-hand" in why
    until(lambda: vm.applied() == (vm.revision, "1"), "alembic to end")
    vm.check_settled()


def test_alembic_by_hand_that_begins_first_ends_once_beside_a_running_deploy(vm: Vm):
    vm.commit(seconds=4)
    first = vm.begin("deploy")
    vm.wait_for_step("start the services")
    by_hand = vm.rig.on(vm.host, RAW)
    code, told = ended(first)
    assert code == ExitCode.OK, told + by_hand.stdout
    vm.check_settled()
