"""The units, the line for cron and their installation, as systemd and sh understand them."""

from __future__ import annotations

import os
import pwd
import shlex
import subprocess
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from scheduled import ODD, Monitor, Scheduled

from dbops import runner
from dbops.commands import cron
from dbops.commands import schedule as commands
from dbops.commands.schedule import Schedule
from dbops.environments.model import Database, Environment, Host, Refresh
from dbops.operations import schedule as operation
from dbops.state import Service, State
from dbops.target import Target

UNASKED = State(service=Service(status="absent"), database=None)


@pytest.fixture
def monitor():
    with Monitor() as made:
        yield made


@pytest.fixture
def scheduled(tmp_path, monitor):
    return Scheduled(tmp_path, monitor.url)


# The units and the line for cron


def _schedule(scheduled, **changed):
    settings = {
        "environment": "vm_stg",
        "project": "sanbou",
        "calendar": "Mon..Fri 05:30 Asia/Tokyo",
        "timeout_minutes": 120,
        "checkout": scheduled.checkout,
        "account": pwd.getpwuid(os.getuid()).pw_name,
        "home": scheduled.checkout,
        "is_system": False,
        "ping_url_file": scheduled.secret,
    }
    return Schedule(**{**settings, **changed})


@pytest.mark.parametrize("is_system", [True, False])
def test_systemd_finds_nothing_wrong_with_the_units(scheduled, tmp_path, is_system):
    schedule = _schedule(scheduled, is_system=is_system)
    done = subprocess.run(
        ["sh", "-ec", commands.checked(schedule), "sh", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Normalized form: Mon..Fri *-*-* 05:30:00 Asia/Tokyo\n" in done.stdout


def test_systemd_reads_every_special_character_as_it_is_meant():
    odd = Path("/srv") / ODD
    schedule = _schedule(SimpleNamespace(checkout=odd, secret=odd / "ping"))
    said = _understood(schedule)
    assert f"WorkingDirectory: {odd}" in said
    assert f"Environment: HOME={odd}" in said
    executed = next(each for each in said if each.startswith("Command Line: ") and ODD[:4] in each)
    words = shlex.split(executed.removeprefix("Command Line: ").replace(r"\$", "$"))
    # A doubled $ is how systemd keeps one until it starts the program.
    assert tuple(each.replace("$$", "$") for each in words) == commands.wrapped(schedule)


def _understood(schedule):
    """Return the lines by which a user's systemd, which refuses root, shows all it has read."""
    with tempfile.TemporaryDirectory() as home:
        units = Path(home) / "units"
        units.mkdir()
        (units / schedule.service).write_text(commands.service(schedule), encoding="utf-8")
        account = os.getuid() or pwd.getpwnam("nobody").pw_uid
        for each in (home, units):
            os.chown(each, account, -1)
        done = subprocess.run(
            ["/lib/systemd/systemd", "--user", "--test", f"--unit={schedule.service}"],
            env={
                "HOME": home,
                "XDG_RUNTIME_DIR": home,
                "SYSTEMD_UNIT_PATH": f"{units}:",
                "SYSTEMD_LOG_TARGET": "console",
            },
            user=account,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
    return [each.strip() for each in done.stdout.splitlines()]


@pytest.mark.parametrize("calendar", ["25:00", "Fri..Mon 05:30", "now and then"])
def test_systemd_refuses_a_wrong_calendar_before_anything_is_written(scheduled, tmp_path, calendar):
    schedule = _schedule(scheduled, calendar=calendar)
    done = subprocess.run(
        ["sh", "-ec", commands.checked(schedule), "sh", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "Failed to parse calendar specification" in done.stderr


@pytest.mark.parametrize(
    "calendar", ["Mon,Wed..Fri 05:30 UTC", "*:0/15", "*-*-01,15 08..18/2:15", "1-1 4:00", "weekly"]
)
def test_cron_gets_the_same_time_from_a_calendar_and_from_what_systemd_makes_of_it(calendar):
    command = ["systemd-analyze", "calendar", "--", calendar]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    normal = next(each for each in said.splitlines() if "Normalized form: " in each)
    text = normal.partition(": ")[2].replace("/15:00", "/15")
    assert cron.time(text) == cron.time(calendar) is not None


def test_the_line_for_cron_runs_in_a_directory_with_every_special_character(scheduled, monitor):
    scheduled.fab("echo $*")
    line = cron.crontab(_schedule(scheduled)).splitlines()[-1]
    command = line.removeprefix("30 5 * * 1-5 ").replace(r"\%", "%")
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert monitor.pings == ["start", "0"]
    state = scheduled.checkout / ".local/state/dbops/sanbou/vm_stg/refresh"
    (log,) = (state / "logs").glob("*.log")
    assert log.read_text(encoding="utf-8").startswith("-H vm_stg refresh\n")


# The installation


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A systemctl and a loginctl that note their words and know what was enabled."""
    directory = tmp_path / "systemd"
    directory.mkdir()
    note = f"echo \"${{0##*/}} $*\" >>'{directory}/seen'\n"
    enabled = f"'{directory}/enabled'"
    texts = {
        "systemctl": f"""case "$*" in
            *is-system-running*) echo running ;;
            *enable\\ *) touch {enabled} ;;
            *is-*) test -e {enabled} ;;
            *show*) echo 'Mon 2026-11-23 05:30:00 JST' ;;
            esac""",
        "loginctl": f"""case "$1" in
            enable-linger) touch '{directory}/lingers' ;;
            *) test -e '{directory}/lingers' && echo yes || echo no ;;
            esac""",
    }
    for name, text in texts.items():
        file = directory / name
        file.write_text(f"#!/bin/sh\n{note}{text}\n", encoding="utf-8")
        file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")
    return directory


def _perform(runbook, directory):
    lock = os.open(directory.parent / "lock", os.O_RDWR | os.O_CREAT)
    try:
        return runner.run(runbook, directory, lock=lock, environment={}, watch=lambda _: None)
    finally:
        os.close(lock)


@pytest.mark.parametrize("is_system", [True, False])
def test_an_installation_writes_and_starts_the_units_and_the_next_one_has_nothing_to_do(
    tmp_path, programs, monkeypatch, is_system
):
    entry = pwd.getpwuid(os.getuid())
    account = pwd.struct_passwd(("deploy", *entry[1:5], str(tmp_path / "home"), entry[6]))
    monkeypatch.setattr(pwd, "getpwuid", lambda _number: account)
    monkeypatch.setattr(os, "geteuid", lambda: 0 if is_system else 1000)
    monkeypatch.setattr(commands, "SYSTEM_UNITS", tmp_path / "etc/systemd/system")
    (tmp_path / ".dbops" / "vm_stg").mkdir(parents=True)
    target = _target(tmp_path)
    run = _perform(operation.install(target, UNASKED), tmp_path / "run")
    assert run.code == 0, run.log
    units = tmp_path / ("etc/systemd/system" if is_system else "home/.config/systemd/user")
    assert sorted(each.name for each in units.iterdir()) == [
        "dbops-sanbou-vm_stg-refresh.service",
        "dbops-sanbou-vm_stg-refresh.timer",
    ]
    assert all(each.stat().st_mode & 0o777 == 0o644 for each in units.iterdir())
    seen = (programs / "seen").read_text(encoding="utf-8").splitlines()
    manager = "systemctl" if is_system else "systemctl --user"
    reload, enable = f"{manager} daemon-reload", f"{manager} enable --now"
    assert seen.index(reload) < seen.index(f"{enable} dbops-sanbou-vm_stg-refresh.timer")
    assert ("loginctl enable-linger deploy" in seen) is not is_system
    assert operation.install(target, UNASKED).steps == ()
    said = operation.installed(target, UNASKED).sentence
    assert said == "vm_stg: systemd refreshes it, next Mon 2026-11-23 05:30:00 JST"


def _target(directory):
    environment = Environment(
        name="vm_stg",
        project="sanbou",
        project_directory=directory,
        file=directory / "environments.yaml",
        backend="compose",
        database=Database(name="sanbou_stg"),
        host=Host(address="stg.example.com", directory="/srv/sanbou_app"),
        refresh=Refresh(calendar="Mon..Fri 05:30 Asia/Tokyo"),
    )
    return Target(environment=environment)
