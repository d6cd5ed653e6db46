"""`inv schedule --install` on a machine that systemd runs: its timers fire by themselves."""

from __future__ import annotations

import time

import pytest
from rig.machine import succeeded
from rig.systemd import make_systemd_machine
from scheduled import TOKEN, Monitor
from timers import Sampler, Timers, service, timer
from watching import until

# systemd refuses a sixth start within 10 seconds.
OFTEN = "*:*:0/3"
CALENDARS = {
    **dict.fromkeys(
        ("vm_ok", "vm_secret", "vm_busy", "vm_late", "vm_hang", "vm_own", "vm_away", "vm_held"),
        OFTEN,
    ),
    "vm_long": "*:*:*",
}
MISSED_SECONDS = 25
SKIPPED = 75


@pytest.fixture(scope="module")
def timers(systemd_image):
    machine = make_systemd_machine(systemd_image)
    try:
        with Monitor() as monitor:
            machine.boot()
            missed = time.strftime("%F %T UTC", time.gmtime(time.time() + 3600))
            made = Timers(machine, monitor, {**CALENDARS, "vm_missed": missed})
            made.install("vm_hang")
            yield made
    finally:
        machine.remove()


def test_the_timer_starts_the_run_which_is_told_before_and_after(timers):
    assert "vm_ok: systemd refreshes it, next " in timers.install("vm_ok")
    until(lambda: timers.pings("vm_ok")[3:], "two runs")
    assert "nothing to do" in timers.install("vm_ok")
    timers.ended("vm_ok", "inactive", "success", 0)
    assert timers.pings("vm_ok")[:4] == ["start", "0", "start", "0"]
    assert timers.seen("vm_ok")[:4] == ["begin", "end", "begin", "end"]
    state = "~/.local/state/dbops/sanbou/vm_ok/refresh"
    assert succeeded(timers.machine.on(f"stat --format=%U {state}/last_ok")) == "deploy"


def test_what_root_wrote_is_the_owners(timers):
    timers.install("vm_ok")
    timers.stop("vm_ok")
    # rc is written after the last step; anybody may read it, and the owner removes it.
    others = "find .dbops -not -user deploy -not -path '*/runs/*/rc'"
    assert succeeded(timers.machine.root(others)) == ""


def test_two_runs_never_overlap_although_the_timer_is_due_again_and_again(timers):
    timers.install("vm_long")
    until(lambda: timers.seen("vm_long").count("end") > 1, "two runs of 2.5 seconds")
    timers.stop("vm_long")
    seen = timers.seen("vm_long")
    assert seen == ["begin", "end"] * (len(seen) // 2)


def test_a_timer_that_finds_a_run_going_on_is_skipped_and_did_not_fail(timers):
    timers.install("vm_held")
    until(lambda: timers.seen("vm_held") == ["begin"], "a run")
    by_hand = timers.machine.on(timers.by_hand("vm_held"))
    assert by_hand.returncode == SKIPPED
    assert by_hand.stdout == "skipped; the run before it still goes on\n"
    timers.release("vm_held")
    timers.stop("vm_held")
    seen = len(timers.seen("vm_held"))
    timers.hold("vm_held")
    succeeded(timers.machine.on(f"{timers.by_hand('vm_held')} >/dev/null 2>&1 &"))
    until(lambda: len(timers.seen("vm_held")) > seen, "the run by hand")
    pings = timers.pings("vm_held")
    timers.install("vm_held")
    timers.ended("vm_held", "inactive", "success", SKIPPED)
    assert timers.said("vm_held", "skipped; the run before it still goes on")
    assert timers.pings("vm_held") == pings
    assert len(timers.seen("vm_held")) == seen + 1
    timers.release("vm_held")


def test_a_run_that_ends_with_75_is_a_skip_until_it_is_the_third(timers):
    timers.install("vm_busy")
    until(lambda: timers.pings("vm_busy")[5:], "three runs")
    timers.ended("vm_busy", "inactive", "success", SKIPPED)
    assert timers.pings("vm_busy")[:6] == ["start", "0", "start", "0", "start", "75"]


def test_a_real_refresh_of_a_host_that_is_away_fails_with_69_and_is_tried_again(timers):
    timers.install("vm_away")
    until(lambda: timers.pings("vm_away")[3:], "two runs")
    timers.ended("vm_away", "failed", "exit-code", 69)
    assert timers.pings("vm_away")[:4] == ["start", "69", "start", "69"]
    assert timers.said("vm_away", "127.0.0.1")


def test_systemd_ends_a_run_when_its_own_time_is_over_and_it_is_told(timers):
    timers.install("vm_late")
    until(lambda: timers.pings("vm_late"), "a run")
    # A failed run stays to be seen; the next one would begin at once.
    timers.stop("vm_late")
    timers.ended("vm_late", "failed", "timeout", 143)
    assert timers.pings("vm_late") == ["start", "143"]


def test_a_run_that_is_stopped_is_told_and_leaves_nothing_behind(timers):
    timers.hold("vm_held")
    begun = len(timers.seen("vm_held"))
    timers.install("vm_held")
    until(lambda: len(timers.seen("vm_held")) > begun, "a run")
    assert timers.left("vm_held")
    succeeded(timers.machine.root(f"systemctl stop {timer('vm_held')} {service('vm_held')}"))
    assert timers.pings("vm_held")[-2:] == ["start", "143"]
    assert timers.left("vm_held") == []


def test_the_token_is_in_no_unit_journal_log_or_process(timers):
    timers.monitor.delay = 0.2
    with Sampler() as sampler:
        timers.install("vm_secret")
        until(lambda: timers.pings("vm_secret")[3:], "two runs")
        timers.stop("vm_secret")
    timers.monitor.delay = 0
    found = b"\n".join(sampler.found)
    assert b"curl\0" in found
    assert TOKEN.encode() not in found
    places = "/etc/systemd /home/deploy/.local .dbops /run/systemd"
    everything = (
        f"set -e; journalctl --sync; journalctl --no-pager --output=export; systemctl show '*';"
        f" find {places} -type f -exec cat {{}} +"
    )
    said = succeeded(timers.machine.root(everything))
    assert service("vm_secret") in said
    assert TOKEN not in said


def test_an_account_without_root_is_told_what_root_has_to_allow_and_then_has_its_own(timers):
    command = "./inv schedule --env vm_own --install"
    done = timers.machine.typed(command)
    assert done.returncode == 1
    assert "why:   Could not enable linger: Access denied\n" in done.stderr
    assert "  root has to allow it once: loginctl enable-linger deploy\nnext:  " in done.stderr
    succeeded(timers.machine.root("loginctl enable-linger deploy"))
    succeeded(timers.machine.typed(command))
    until(lambda: timers.pings("vm_own")[3:], "two runs after the logout")
    assert timers.pings("vm_own")[:4] == ["start", "0", "start", "0"]
    assert "nothing to do" in timers.machine.typed(command).stderr
    unit = timers.machine.shown(service("vm_own"), user=True)
    assert (unit["Result"], unit["ExecMainStatus"]) == ("success", "0")
    timers.machine.typed(f"systemctl --user disable --now {timer('vm_own')}")


def test_a_run_that_hangs_is_ended_when_its_time_is_over(timers):
    until(lambda: timers.pings("vm_hang")[1:], "the minute to be over", seconds=90)
    assert timers.pings("vm_hang")[:2] == ["start", "124"]
    assert timers.said("vm_hang", "it was not done within 60 seconds")
    assert timers.said("vm_hang", "status=124/n/a")
    # Of two runs that hang the second at most still does.
    assert timers.machine.root("pgrep --count --full 'sleep 471[1]'").stdout in {"0\n", "1\n"}
    succeeded(timers.machine.root(f"systemctl disable --now {timer('vm_hang')}"))


def test_after_a_downtime_timers_go_on_and_what_was_missed_is_done_at_once(timers):
    timers.install("vm_ok")
    seen = len(timers.seen("vm_ok"))
    due = time.time() + MISSED_SECONDS
    when = time.strftime("%F %T UTC", time.gmtime(due))
    timers.edit("vm_missed", when)
    timers.install("vm_missed")
    timers.machine.halt()
    assert time.time() < due, "the machine took too long to stop"
    time.sleep(due + 1 - time.time())
    assert timers.pings("vm_missed") == []
    timers.machine.boot()
    until(lambda: timers.pings("vm_missed")[1:], "the missed run")
    assert timers.pings("vm_missed") == ["start", "0"]
    until(lambda: len(timers.seen("vm_ok")) > seen + 2, "runs after the boot")
