"""The rig is what the tests of remote commands take it for."""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from rig.machine import docker, must, succeeded
from rig.vm_rig import make_rig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rig.vm_rig import Rig

VMS = ("vm_stg", "vm_prod")


@pytest.fixture(scope="module")
def running(rig: Rig) -> Rig:
    rig.start("vm_stg")
    return rig


def address(rig: Rig, host: str) -> str:
    shown = "--format={{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    return must("inspect", shown, rig.machines[host].container)


def unanswered(rig: Rig, host: str) -> bool:
    return "timed out" in rig.ssh(host, "true").stderr


@pytest.mark.parametrize("host", VMS)
def test_a_vm_is_reached_as_deploy_through_the_jump_host(rig: Rig, host: str):
    came_from = succeeded(rig.ssh(host, 'echo "$(id -un)@$(hostname) ${SSH_CLIENT%% *}"'))
    jump = rig.on("jump", "hostname -I").stdout.split()
    name, client = came_from.split()
    assert name == f"deploy@{rig.machines[host].name}"
    assert client in jump


def test_the_jump_host_alone_publishes_a_port_and_this_machine_has_no_way_inside(rig: Rig):
    published = {host: docker("port", each.container).stdout for host, each in rig.machines.items()}
    subnet = f"{address(rig, 'vm_prod').rpartition('.')[0]}.0/24"
    routes = subprocess.run(
        ["ip", "-json", "route", "show", "root", subnet], capture_output=True, check=True
    )
    assert published == {"jump": f"22/tcp -> 127.0.0.1:{rig.port}\n", "vm_stg": "", "vm_prod": ""}
    assert json.loads(routes.stdout or "[]") == []


def test_a_vm_has_no_python_and_what_a_deploy_needs(rig: Rig):
    found = rig.on("vm_prod", "for p in python3 psql git make awk docker; do command -v $p; done")
    assert found.stdout.split() == [f"/usr/bin/{p}" for p in ("git", "make", "awk", "docker")]
    assert succeeded(rig.ssh("vm_prod", "docker compose version --short")).startswith("2.")


def test_the_env_file_is_closed_to_others_and_unknown_to_git(rig: Rig):
    shown = rig.on("vm_prod", "stat --format '%a %U' .env.prod; git status --porcelain --branch")
    assert shown.stdout == "600 deploy\n## main...origin/main\n"


def test_a_commit_on_the_laptop_can_be_pulled_on_a_vm_and_taken_back(rig: Rig):
    sha = rig.commit({"docs/try.md": "tried\n"}, "Try it")
    fetched = succeeded(rig.on("vm_stg", "git pull --quiet --ff-only && git rev-parse HEAD"))
    rig.rewind()
    rig.fresh("vm_stg")
    assert fetched == sha != rig.first
    assert succeeded(rig.on("vm_stg", "git rev-parse HEAD origin/main")).split() == [rig.first] * 2
    assert rig.laptop_machine.git("status", "--porcelain") == ""


def test_environments_yaml_of_the_laptop_leads_to_the_rig(rig: Rig):
    words = rig.laptop_machine.command("config", "--env=vm_prod", "--json", program="invoke")
    host = json.loads(succeeded(rig.laptop_machine.run(*words)))["host"]
    assert (host["address"], host["jump"]) == ("vm-prod", f"deploy@127.0.0.1:{rig.port}")
    assert (host["key"], host["known_hosts"]) == (
        str(rig.laptop_machine.key),
        str(rig.laptop_machine.known_hosts),
    )


def test_services_start_from_the_seed_without_building_anything_but_the_application(running: Rig):
    built = running.on("vm_stg", "docker history --format '{{.CreatedBy}}' vm_stg-core_api")
    assert "COPY app app" in built.stdout
    assert running.psql("vm_stg", "SELECT current_database()") == "sanbou_stg"
    assert "(healthy)" in running.compose("vm_stg", "ps", "core_api")


def test_a_snapshot_sees_a_row_a_file_a_volume_and_a_restart_and_nothing_else(running: Rig):
    def changed(*, by: str) -> set[str]:
        before = running.snapshot_of("vm_stg")
        succeeded(running.on("vm_stg", by))
        after = running.snapshot_of("vm_stg")
        return {name for name in before if before[name] != after[name]}

    running.psql("vm_stg", "CREATE TABLE tried (a int)")
    insert = "psql --username=postgres --dbname=sanbou_stg --command='INSERT INTO tried VALUES (1)'"
    assert changed(by="true") == set()
    assert changed(by=f"docker exec vm_stg-db-1 {insert}") == {"database"}
    assert changed(by="mkdir -p backups && echo a > backups/a.dump") == {"backups"}
    assert changed(by="echo >> README.md") == {"checkout"}
    assert changed(by="docker volume create tried") == {"volumes"}
    assert changed(by="docker restart -t 1 vm_stg-core_api-1") == {"containers"}


def test_a_reboot_ends_everything_and_brings_the_services_back(running: Rig):
    before = address(running, "vm_stg")
    succeeded(running.on("vm_stg", "setsid --fork sleep 1000 </dev/null >/dev/null 2>&1"))
    running.reboot("vm_stg")
    running.start("vm_stg")
    restarted = running.on("vm_stg", "docker inspect --format '{{.State.Running}}' vm_stg-db-1")
    assert restarted.stdout == "true\n"
    assert running.on("vm_stg", "pgrep -x sleep -u deploy").stdout == ""
    assert address(running, "vm_stg") == before
    assert running.ssh("vm_stg", "true").returncode == 0


def test_the_database_alone_can_be_restarted(running: Rig):
    asked = "SELECT pg_postmaster_start_time()"
    before = running.psql("vm_stg", asked)
    running.restart_database("vm_stg")
    running.start("vm_stg")
    assert running.psql("vm_stg", asked) > before


@pytest.mark.parametrize("host", ["jump", "vm_prod"])
def test_a_cut_line_is_silent_and_a_mended_one_carries_again(rig: Rig, host: str):
    rig.cut(host)
    silent = unanswered(rig, "vm_prod")
    rig.mend(host)
    assert silent
    assert rig.ssh("vm_prod", "true").returncode == 0


def test_a_session_dies_and_sshd_lives(rig: Rig):
    words = ("ssh", "-F", str(rig.laptop_machine.ssh_config), "vm-prod", "echo in; sleep 100")
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as session:
        assert session.stdout is not None
        assert session.stdout.readline() == b"in\n"
        rig.kill_sessions("vm_prod")
        assert session.wait(timeout=20) == 255
    assert rig.ssh("vm_prod", "true").returncode == 0


def test_a_runner_is_killed_by_the_path_of_its_script(rig: Rig):
    script = "mkdir -p ~/x/runs/1 && cd ~/x/runs/1 && echo 'sleep 1000' >run.sh && "
    start = "setsid --fork sh ~/x/runs/1/run.sh </dev/null >/dev/null 2>&1"
    succeeded(rig.on("vm_prod", script + start))
    assert rig.kill_runner("vm_prod")
    assert not rig.kill_runner("vm_prod")


@pytest.mark.parametrize("host", ["jump", "vm_prod"])
def test_a_changed_host_key_is_noticed_until_the_old_one_is_back(rig: Rig, host: str):
    rig.replace_host_key(host)
    refused = rig.ssh("vm_prod", "true")
    rig.restore_host_key(host)
    assert refused.returncode == 255
    assert "IDENTIFICATION HAS CHANGED" in refused.stderr
    assert rig.ssh("vm_prod", "true").returncode == 0


def test_a_delayed_line_costs_its_round_trips_and_counts_connections(rig: Rig):
    ssh = ("ssh", "-F", str(rig.laptop_machine.ssh_config))
    with rig.delayed(0.2) as proxy:
        started = time.monotonic()
        done = rig.laptop_machine.run(
            *ssh, "-o", f"Port={proxy.port}", "jump", "head -c 9999999 /dev/zero"
        )
        seconds = time.monotonic() - started
    assert done.returncode == 0
    assert len(done.stdout) == 9999999
    assert proxy.connections == 1
    assert seconds >= 5 * 0.2


def test_an_emptied_vm_has_no_container_volume_or_backup(running: Rig):
    running.fresh("vm_stg")
    left = running.snapshot_of("vm_stg")
    assert {name for name, found in left.items() if found} == {"checkout"}
    assert left["checkout"].split() == [running.first, "main"]


def test_two_rigs_live_beside_each_other_and_one_goes_without_the_other(
    rig: Rig, vm_images: Mapping[str, str]
):
    other = make_rig(vm_images)
    names = {each.container for each in (*rig.machines.values(), *other.machines.values())}
    other.remove()
    kinds = (("ps", "--all"), ("volume", "ls"), ("network", "ls"))
    left = [docker(*kind, "--quiet", f"--filter=label={other.label}").stdout for kind in kinds]
    assert len(names) == 6
    assert left == ["", "", ""]
    assert not other.laptop.exists()
    assert rig.ssh("vm_prod", "true").returncode == 0
