"""A release that takes the services with it: what is refused, and how the next commit mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from deploying import Vm
from watching import refused, succeeded

from dbops.errors import ExitCode

if TYPE_CHECKING:
    from rig.vm_rig import Rig

FILE = "docker/docker-compose.stg.yml"
ANCHOR = "    restart: unless-stopped\n\n  core_api:"
FAILING = '    restart: "no"\n    command: [postgres, -c, no_such_setting=1]\n\n  core_api:'


@pytest.fixture(scope="module")
def vm(rig: Rig) -> Vm:
    return Vm(rig).make()


@pytest.fixture
def whole(vm: Vm) -> str:
    return (vm.rig.laptop / FILE).read_text(encoding="utf-8")


def test_a_compose_file_nobody_can_read_is_mended_by_the_next_commit(vm: Vm, whole: str):
    broken = vm.rig.commit({FILE: "services: [\n"}, "Break the file")
    why = refused(vm.fab("deploy"), ExitCode.FAILED, "deploy stopped at: start the services")
    assert "now: vm_stg: docker compose cannot read the project" in why
    mended_by = "next:  push a commit that corrects it, then fab -H stg deploy"
    for words in (("deploy",), ("rollback", "--force"), ("up",), ("al-cur",), ("logs",)):
        said = refused(vm.fab(*words), ExitCode.UNREACHABLE, "docker compose cannot read the")
        assert said.endswith(mended_by)
    assert "locked by" in succeeded(vm.fab("lock", "--message", "the file is broken"))
    refused(vm.fab("deploy"), ExitCode.UNREACHABLE, "docker compose cannot read the")
    succeeded(vm.fab("unlock"))
    assert vm.on("git rev-parse HEAD").strip() == broken
    mended = vm.rig.commit({FILE: whole}, "Mend the file")
    told = succeeded(vm.fab("deploy"))
    assert f"fast-forward the checkout to {mended[:12]}" in told
    assert "back up " not in told
    assert "nothing to do" in succeeded(vm.fab("deploy"))


def test_a_database_that_does_not_start_is_mended_by_the_next_commit(vm: Vm, whole: str):
    vm.rig.commit({FILE: whole.replace(ANCHOR, FAILING)}, "Break the database")
    vm.commit(seconds=0)
    why = refused(vm.fab("deploy"), ExitCode.FAILED, "deploy stopped at: start the services")
    assert "no_such_setting" in why
    refused(vm.fab("deploy"), ExitCode.UNREACHABLE, "PostgreSQL is not running")
    vm.rig.commit({FILE: whole}, "Mend the database")
    told = succeeded(vm.fab("deploy"))
    assert "note: PostgreSQL does not run since a release that failed" in told
    assert told.rstrip().endswith("next: fab -H stg deploy")
    assert "upgrade to" not in told
    vm.check_settled()
