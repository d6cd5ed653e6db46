"""What a timer on a jump host runs: the wrapper and the real refresh, with nobody watching."""

from __future__ import annotations

import json
import shlex
import subprocess
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT
from rig.hosts import CHECKOUT, Put
from rig.systemd import make_systemd_machine
from scheduled import TOKEN, Monitor
from timers import NOW
from watching import HEAD, refused, succeeded, until

from dbops.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rig.systemd import SystemdMachine
    from rig.vm_rig import Rig

LIVE = "SELECT oid FROM pg_database WHERE datname = 'sanbou_stg'"
NAMES = "SELECT datname FROM pg_database WHERE datname LIKE 'sanbou%' ORDER BY 1"
AT = "SELECT version_num FROM public.alembic_version"
ASLEEP = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
SEED = "sql/seed_stg.sql"
SECONDS = 300
JUMP_STATE = "/home/deploy/.local/state/dbops/sanbou/vm_stg/refresh"


class Timer:
    """The jump host's timer: the words of its unit, run as systemd does, and who is told."""

    def __init__(self, rig: Rig, directory: Path, monitor: Monitor) -> None:
        self.rig, self.monitor = rig, monitor
        self.state = directory / "state"
        self.secret = directory / "ping"
        self.secret.write_text(f"{monitor.url}\n", encoding="utf-8")
        self.secret.chmod(0o600)
        edit = rig.laptop_machine.edit
        edit("# calendar: Mon..Fri 05:30 Asia/Tokyo", "calendar: Mon..Fri 05:30 Asia/Tokyo")
        edit("# ping_url_file: ~/.config/dbops/ping", f"ping_url_file: {self.secret}")
        edit("# seed:", "seed:")
        (rig.laptop / ".venv").symlink_to(ROOT / ".venv")

    def words(self) -> list[str]:
        """Return what the service starts, as `inv schedule` writes it, with a state of its own."""
        laptop = self.rig.laptop_machine
        asked = laptop.command("schedule", "--env", "vm_stg", "--json", program="invoke")
        done = laptop.run(*asked)
        succeeded(done)
        units = json.loads(done.stdout)["units"]
        service = next(text for name, text in units.items() if name.endswith(".service"))
        start = next(each for each in service.splitlines() if each.startswith("ExecStart="))
        words = shlex.split(start.removeprefix("ExecStart="))
        words[words.index("--state") + 1] = str(self.state)
        return words

    def __call__(self, *, seconds: int = SECONDS, host: str = "vm_stg") -> SimpleNamespace:
        """Run it once; return how it ended, what it said and logged, and what was pinged."""
        words = [host if each == "vm_stg" else each for each in self.words()]
        words[words.index("--timeout") + 1] = str(seconds)
        before = len(self.monitor.pings)
        done = subprocess.run(
            words,
            # What systemd gives a service; no terminal, no agent, no variable of a person.
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.rig.laptop_machine.home)},
            cwd=self.rig.laptop,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=2 * SECONDS,
            check=False,
        )
        log = max((self.state / "logs").glob("*.log")).read_text(encoding="utf-8")
        said = done.stdout + done.stderr
        assert TOKEN not in said + log
        pings = self.monitor.pings[before:]
        return SimpleNamespace(code=done.returncode, said=said, log=log, pings=pings)


@pytest.fixture(scope="module")
def timer(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Timer]:
    succeeded(rig.laptop_run("-H", "stg", "enroll"))
    succeeded(rig.laptop_run("-H", "stg", "deploy"))
    with Monitor() as monitor:
        made = Timer(rig, tmp_path_factory.mktemp("timer"), monitor)
        seeded(rig, "SELECT 1;\n")
        yield made


def seeded(rig: Rig, text: str) -> None:
    """Bring a seed of TEXT into the checkout of the VM."""
    rig.rewind()
    rig.commit({SEED: text}, "Rows for staging")
    pull = "git fetch --quiet && git reset --quiet --hard origin/main"
    succeeded(rig.on("vm_stg", pull))


def serving(rig: Rig) -> list[str]:
    """Return the live database's oid, its revision, and every database of the application."""
    return rig.psql("vm_stg", LIVE, AT, NAMES).split()


def test_the_timer_refreshes_and_tells_before_and_after(rig: Rig, timer: Timer):
    before = serving(rig)
    done = timer()
    after = serving(rig)
    assert (done.code, done.pings) == (0, ["start", "0"]), done.said + done.log
    assert after[0] != before[0]
    assert after[1:] == [HEAD, "sanbou_stg"]
    assert f"vm_stg: rebuilt from the snapshot, at {HEAD} (head)" in done.log
    assert (timer.state / "last_ok").exists()


def test_the_unit_starts_the_wrapper_of_this_checkout_and_names_no_secret(rig: Rig, timer: Timer):
    words = timer.words()
    assert words == [
        *("/bin/sh", str(rig.laptop / "scripts/scheduled.sh"), "--state", str(timer.state)),
        *("--timeout", "7200", "--ping-url-file", str(timer.secret), "--"),
        *(str(rig.laptop / "fab"), "-H", "vm_stg", "refresh"),
    ]


def test_a_refresh_that_fails_is_told_with_its_code_and_the_old_database_serves_on(
    rig: Rig, timer: Timer
):
    before = serving(rig)
    seeded(rig, "SELECT 1 / 0;\n")
    done = timer()
    seeded(rig, "SELECT 1;\n")
    assert (done.code, done.pings) == (1, ["start", "1"])
    assert "division by zero" in done.log
    assert "division by zero" in done.said
    assert serving(rig) == before


def test_a_real_systemd_refreshes_at_its_time_and_tells(rig: Rig, timer: Timer, systemd_image: str):
    before = serving(rig)
    pings = len(timer.monitor.pings)
    machine = make_systemd_machine(systemd_image)
    try:
        machine.boot()
        move_in(machine, rig, timer)
        succeeded(machine.root("./inv schedule --env vm_stg --install"))
        until(lambda: timer.monitor.pings[pings + 1 :], "the refresh", seconds=SECONDS)
        log = machine.on(f"cat {JUMP_STATE}/logs/*.log; journalctl --no-pager").stdout
    finally:
        machine.remove()
    assert timer.monitor.pings[pings:] == ["start", "0"], log
    assert f"vm_stg: rebuilt from the snapshot, at {HEAD} (head)" in log
    assert TOKEN not in log
    after = serving(rig)
    assert after[0] != before[0]
    assert after[1:] == [HEAD, "sanbou_stg"]


def move_in(machine: SystemdMachine, rig: Rig, timer: Timer) -> None:
    """Give a machine the laptop's keys, and a calendar that is due once, a few seconds from now."""
    laptop, home = rig.laptop_machine, "/home/deploy"
    due = time.strftime("%F %T UTC", time.gmtime(time.time() + 15))
    text = (laptop.checkout / "environments.yaml").read_text(encoding="utf-8")
    for old, new in (
        ("Mon..Fri 05:30 Asia/Tokyo", due),
        (str(timer.secret), "~/ping"),
        (str(laptop.home), home),
    ):
        assert old in text
        text = text.replace(old, new)
    keys = {each: each.read_text(encoding="utf-8") for each in (laptop.key, laptop.known_hosts)}
    machine.put(
        {
            f"{CHECKOUT}/environments.yaml": Put(text),
            f"{home}/ping": Put(timer.secret.read_text(encoding="utf-8")),
            **{f"{home}/.ssh/{each.name}": Put(content) for each, content in keys.items()},
            "/etc/systemd/system/timer.d/now.conf": Put(NOW, 0o644, 0),
        }
    )


def test_a_locked_environment_is_skipped_which_is_no_failure(rig: Rig, timer: Timer):
    before = serving(rig)
    succeeded(rig.laptop_run("-H", "stg", "lock", "--message", "the acceptance test runs"))
    done = timer()
    succeeded(rig.laptop_run("-H", "stg", "unlock"))
    assert (done.code, done.pings) == (75, ["start", "0"])
    assert "skipped" in done.said
    assert "the acceptance test runs" in done.log
    assert serving(rig) == before


def test_a_host_that_cannot_be_reached_is_told_as_69(rig: Rig, timer: Timer):
    port, closed = f"deploy@127.0.0.1:{rig.port}", "deploy@127.0.0.1:1"
    rig.laptop_machine.edit(port, closed)
    done = timer()
    rig.laptop_machine.edit(closed, port)
    assert (done.code, done.pings) == (69, ["start", "69"])


def test_out_of_time_the_run_on_the_host_goes_on_and_the_next_is_skipped(rig: Rig, timer: Timer):
    before = serving(rig)
    seeded(rig, "SELECT pg_sleep(600);\n")
    late = timer(seconds=40)
    until(lambda: rig.psql("vm_stg", ASLEEP), "the seed to be loaded")
    skipped = timer()
    succeeded(rig.laptop_run("-H", "stg", "cancel"))
    until(lambda: not rig.psql("vm_stg", ASLEEP), "the run to be cancelled")
    rig.laptop_run("-H", "stg", "attach")
    seeded(rig, "SELECT 1;\n")
    assert (late.code, late.pings) == (124, ["start", "124"])
    assert (skipped.code, skipped.pings) == (75, ["start", "0"])
    assert serving(rig) == before
    assert timer().code == 0
    assert serving(rig)[0] != before[0]


def test_production_has_no_timer_and_refuses_one_that_somebody_wrote(rig: Rig, timer: Timer):
    laptop = rig.laptop_machine
    done = laptop.run(*laptop.command("schedule", "--env", "vm_prod", program="invoke"))
    refused(done, ExitCode.REFUSED, "vm_prod is protected")
    sure = ("--force", "--confirm=vm_prod")
    succeeded(rig.laptop_run("-H", "prod", "enroll", *sure))
    by_hand = timer(host="vm_prod")
    assert (by_hand.code, by_hand.pings) == (3, ["start", "3"])
    assert "vm_prod is never refreshed" in by_hand.log
    assert not rig.snapshot_of("vm_prod")["volumes"]
