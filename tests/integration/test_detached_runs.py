"""Let go, come back, call off: a run at a person's terminal, and what is told of it afterwards."""

from __future__ import annotations

import json
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from deploying import Vm, ended
from terminal import rest, terminal
from watching import refused, succeeded

from dbops.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pexpect
    from rig.vm_rig import Rig

QUESTION = "c cancels the run, d detaches and lets it go on: "


@pytest.fixture(scope="module")
def vm(rig: Rig) -> Vm:
    return Vm(rig).make()


@contextmanager
def typed(vm: Vm, *words: str) -> Iterator[pexpect.spawn]:
    """Type a command at a terminal of the laptop."""
    vm.before = vm.on(f"ls {vm.state}/runs | tail -n 1").strip()
    laptop = vm.rig.laptop_machine
    variables = {**laptop.variables(), "TERM": "xterm"}
    with terminal(laptop.command("-H", vm.alias, *words), variables, vm.rig.laptop) as child:
        yield child


def answer(child: pexpect.spawn, letter: str) -> tuple[int, str]:
    """Press Ctrl-C, answer the question, and return the exit code and what was said then."""
    child.sendintr()
    child.expect_exact(QUESTION)
    child.sendline(letter)
    return rest(child)


def test_a_finished_run_is_shown_again_with_its_steps_commit_and_revision(vm: Vm):
    told = vm.fab("attach")
    commit = vm.on("git rev-parse HEAD")[:12]
    shown = succeeded(told)
    assert f"the database is at {vm.revision}, the checkout at {commit}" in told.stdout
    assert f"upgrade to {vm.revision}" in shown
    assert json.loads(succeeded(vm.fab("runs", "--json")))[0]["result"] == "ok"
    assert "end " in succeeded(vm.fab("journal"))


def test_ctrl_c_twice_detaches(vm: Vm):
    vm.commit(seconds=6)
    with typed(vm, "deploy") as child:
        child.expect_exact(f"upgrade to {vm.revision}")
        vm.wait_for_sleep()
        child.sendintr()
        child.expect_exact(QUESTION)
        child.sendintr()
        code, told = rest(child)
    assert code == ExitCode.INTERRUPTED
    assert "\nerror: vm_stg: detached; the run goes on there" in told
    assert "the database is at" in succeeded(vm.fab("attach"))


def test_ctrl_c_and_d_detaches_and_attach_follows_to_the_true_end(vm: Vm):
    vm.commit(seconds=6)
    with typed(vm, "deploy") as child:
        child.expect_exact(f"upgrade to {vm.revision}")  # read on: a full terminal blocks it
        vm.wait_for_sleep()
        code, told = answer(child, "d")
    assert code == ExitCode.INTERRUPTED
    assert "error: vm_stg: detached; the run goes on there" in told
    assert "next:  fab -H stg attach, or fab -H stg cancel" in told
    assert vm.newest()["result"] == "running"
    with typed(vm, "attach") as child:
        child.expect_exact(f"upgrade to {vm.revision}")
        child.expect_exact(f"the database is at {vm.revision}")
        code, _ = rest(child)
    assert code == ExitCode.OK
    vm.check_settled()


def test_ctrl_c_and_c_rolls_the_running_revision_back(vm: Vm):
    before = vm.revision
    vm.commit(seconds=600)
    with typed(vm, "deploy") as child:
        child.expect_exact(f"upgrade to {vm.revision}")  # read on: a full terminal blocks it
        vm.wait_for_sleep()
        code, told = answer(child, "c")
    assert code == ExitCode.INTERRUPTED, told
    assert "is interrupted" in told
    assert "error: vm_stg: deploy was interrupted" in told
    assert f"where: upgrade to {vm.revision}" in told
    assert vm.applied() == (before, "0")
    assert (vm.end()["code"], vm.end()["to"]) == (ExitCode.INTERRUPTED, [before])
    assert vm.newest()["result"] == "cancelled"
    assert vm.fab("attach").returncode == ExitCode.INTERRUPTED
    settle(vm, before)


def settle(vm: Vm, before: str) -> None:
    """Take the revision that sleeps for ever away, and see that a deploy works again."""
    vm.rig.commit(
        {
            f"migrations_v2/alembic/versions/{vm.revision}_take_a_while.py": (
                vm.rig.laptop / f"migrations_v2/alembic/versions/{vm.revision}_take_a_while.py"
            )
            .read_text(encoding="utf-8")
            .replace("pg_sleep(600)", "pg_sleep(0)")
        },
        "Take no time",
    )
    assert vm.applied() == (before, "0")
    vm.check_settled()


def test_ctrl_c_without_a_terminal_lets_go_and_cancel_calls_it_off(vm: Vm):
    before = vm.revision
    vm.commit(seconds=600)
    running = vm.begin("deploy")
    vm.wait_for_sleep()
    running.send_signal(signal.SIGINT)
    code, told = ended(running)
    assert (code, "detached; the run goes on there" in told) == (ExitCode.INTERRUPTED, True), told
    cancelled = succeeded(vm.fab("cancel"))
    assert f"is cancelled; the database is at {before}" in cancelled
    assert "has ended already: cancelled" in succeeded(vm.fab("cancel"))
    settle(vm, before)


def test_cancelled_while_alembic_only_starts_nothing_is_applied(vm: Vm):
    before = vm.revision
    vm.commit(seconds=0)
    running = vm.begin("deploy")
    vm.wait_for_step("upgrade to")
    succeeded(vm.fab("cancel"))
    code, _ = ended(running)
    at, often = vm.applied()
    # On a slow machine the run may have come to its end before the cancel got there.
    assert code == ExitCode.INTERRUPTED or (code, at) == (ExitCode.OK, vm.revision)
    assert (at, often) in {(before, "0"), (vm.revision, "1")}
    assert vm.end()["to"] == [at]
    vm.check_settled()


def test_cancelled_during_the_backup_no_half_a_dump_counts(vm: Vm):
    vm.commit(seconds=0)
    running = vm.begin("deploy")
    vm.wait_for_step("back up")
    succeeded(vm.fab("cancel"))
    code, told = ended(running)
    assert code == ExitCode.INTERRUPTED, told
    assert succeeded(vm.fab("backups", "--verify"))
    vm.check_settled()


def test_attach_of_a_run_nobody_knows_names_the_command_that_lists_them(vm: Vm):
    why = refused(vm.fab("attach", "--run", "1999"), ExitCode.FAILED, "there is no such run")
    assert "next:  fab -H stg runs" in why
