from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from dbops.commands import cron
from dbops.commands import schedule as commands
from dbops.commands.schedule import Schedule
from dbops.environments.text import Calendar, SecretFile

CALENDAR = "Mon..Fri 05:30 Asia/Tokyo"
ODD = Path('/srv/our app/100%"$HOME"\'s\\x')


def _schedule(**changed):
    settings = {
        "environment": "vm_stg",
        "project": "sanbou",
        "calendar": CALENDAR,
        "timeout_minutes": 120,
        "checkout": Path("/srv/sanbou_app"),
        "account": "deploy",
        "home": Path("/home/deploy"),
        "is_system": False,
    }
    return Schedule(**{**settings, **changed})


SERVICE = """\
[Unit]
Description=Refresh of vm_stg (sanbou)

[Service]
Type=oneshot
WorkingDirectory=/srv/sanbou_app
Environment=HOME=/home/deploy
ExecStart=/bin/sh /srv/sanbou_app/scripts/scheduled.sh \
--state /home/deploy/.local/state/dbops/sanbou/vm_stg/refresh --timeout 7200 \
-- /srv/sanbou_app/fab -H vm_stg refresh
TimeoutStartSec=125min
TimeoutStopSec=3min
KillMode=mixed
SuccessExitStatus=75
StandardInput=null
UMask=0077
NoNewPrivileges=true
LockPersonality=true
RestrictRealtime=true
RestrictSUIDSGID=true
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
"""
TIMER = """\
[Unit]
Description=When vm_stg (sanbou) is refreshed

[Timer]
OnCalendar=Mon..Fri 05:30 Asia/Tokyo
Persistent=true
RandomizedDelaySec=2min
AccuracySec=1min

[Install]
WantedBy=timers.target
"""


def test_the_units_of_an_account_are_these():
    assert _schedule().texts == {
        "dbops-sanbou-vm_stg-refresh.service": SERVICE,
        "dbops-sanbou-vm_stg-refresh.timer": TIMER,
    }
    assert _schedule().units == Path("/home/deploy/.config/systemd/user")


def test_the_units_of_root_run_as_the_owner_and_wait_for_the_network():
    lines = commands.service(_schedule(is_system=True)).splitlines()
    assert {"User=deploy", "After=network-online.target", "ProtectSystem=full"} <= set(lines)
    assert _schedule(is_system=True).units == Path("/etc/systemd/system")


def test_the_service_names_the_file_with_the_ping_url_and_another_environments_file():
    file, secret = Path("/etc/other.yaml"), Path("/home/deploy/ping")
    words = commands.wrapped(_schedule(file=file, ping_url_file=secret))
    assert words[words.index("--ping-url-file") + 1] == "/home/deploy/ping"
    assert words[words.index("--") + 1 :][:2] == ("env", "DBOPS_ENVIRONMENTS=/etc/other.yaml")


def test_a_path_with_every_special_character_is_escaped_for_systemd():
    lines = commands.service(_schedule(checkout=ODD, home=ODD)).splitlines()
    assert 'WorkingDirectory=/srv/our app/100%%"$HOME"\'s\\x' in lines
    assert 'Environment="HOME=/srv/our app/100%%\\"$HOME\\"\'s\\\\x"' in lines
    executed = next(each for each in lines if each.startswith("ExecStart="))
    assert executed.endswith(' "/srv/our app/100%%\\"$$HOME\\"\'s\\\\x/fab" -H vm_stg refresh')


def test_cron_reads_back_the_very_words_systemd_runs():
    schedule = _schedule(checkout=ODD, home=ODD)
    line = cron.crontab(schedule).splitlines()[-1]
    # cron takes the backslash before a % away, and would end the command at any other.
    bare = line.replace(r"\%", "\0")
    assert "%" not in bare
    words = shlex.split(bare.replace("\0", "%"))
    assert words[:5] == ["30", "5", "*", "*", "1-5"]
    assert tuple(words[5:-1]) == commands.wrapped(schedule)
    assert words[-1] == ">/dev/null"


def test_cron_is_told_the_time_zone_and_what_it_cannot_do():
    assert cron.crontab(_schedule()).splitlines()[:3] == [
        "# for the crontab of deploy; cron does not catch up after a downtime",
        "# Asia/Tokyo is meant; a cron that ignores CRON_TZ (Debian's) takes the host's own time",
        "CRON_TZ=Asia/Tokyo",
    ]
    assert "CRON_TZ" not in cron.crontab(_schedule(calendar="05:30"))


def test_a_calendar_that_cron_cannot_say_leaves_a_comment_and_no_job():
    text = cron.crontab(_schedule(calendar="*-*~01 05:00"))
    assert all(each.startswith("#") for each in text.splitlines())
    assert "# write '*-*~01 05:00' as five fields before this:" in text


@pytest.mark.parametrize(
    ("calendar", "fields", "zone"),
    [
        ("05:30", "30 5 * * *", ""),
        ("Mon..Fri 05:30 Asia/Tokyo", "30 5 * * 1-5", "Asia/Tokyo"),
        ("Mon,Wed..Fri *-*-* 05,17:30:00 UTC", "30 5,17 * * 1,3-5", "UTC"),
        ("Sunday 4:05", "5 4 * * 7", ""),
        ("*:0/15", "0-59/15 * * * *", ""),
        ("*-*-01,15 08..18/2:15", "15 8-18/2 1,15 * *", ""),
        ("1-1 4:00", "0 4 1 1 *", ""),
        ("hourly", "0 * * * *", ""),
        ("daily Asia/Tokyo", "0 0 * * *", "Asia/Tokyo"),
        ("weekly", "0 0 * * 1", ""),
        ("monthly", "0 0 1 * *", ""),
    ],
)
def test_a_calendar_becomes_the_fields_of_cron(calendar, fields, zone):
    assert cron.time(calendar) == (fields, zone)


@pytest.mark.parametrize(
    "calendar",
    [
        "2026-12-01 05:30",
        "*-*~01 05:30",
        "05:30:30",
        "Mon *-*-01 05:30",
        "25:00",
        "Fri..Mon 05:30",
        "Someday 05:30",
        "minutely",
        "*:*/15",
    ],
)
def test_a_calendar_that_cron_would_misread_becomes_nothing(calendar):
    assert cron.time(calendar) is None


@pytest.mark.parametrize(
    ("kind", "value", "accepted"),
    [
        (Calendar, CALENDAR, True),
        (Calendar, "*-*-1/2 4:00", True),
        (Calendar, "05:30\nPersistent=false", False),
        (Calendar, "05:30 \\", False),
        (Calendar, "--help", False),
        (SecretFile, "~/.config/dbops/ping", True),
        (SecretFile, "/etc/dbops/ping", True),
        (SecretFile, "https://ping.example.com/token", False),
        (SecretFile, "~other/ping", False),
    ],
)
def test_the_file_of_environments_takes_a_calendar_and_a_path_only(kind, value, accepted):
    (rule,) = kind.__metadata__
    assert rule.accepts(value) is accepted
