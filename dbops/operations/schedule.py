"""Schedules: an environment's refresh, repeated by systemd or cron on this machine."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from dbops import runner
from dbops.commands import cron
from dbops.commands import schedule as commands
from dbops.commands.shell import words
from dbops.environments.inventory import VARIABLE
from dbops.errors import Problem, UsageProblem
from dbops.operations import timetable
from dbops.output import Conclusion
from dbops.runbook import Runbook, Step

if TYPE_CHECKING:
    from pathlib import Path

    from dbops.commands.schedule import Schedule
    from dbops.state import State
    from dbops.target import Target

# What systemctl calls a systemd that is there; elsewhere it says offline or nothing.
_RUNNING = {"initializing", "starting", "running", "degraded", "maintenance", "stopping"}


def shown(target: Target) -> Conclusion:
    """Return the units and the crontab as text, with the commands that install them by hand.

    Raises:
        Refused: the environment is protected, so it is never refreshed (exit 3).
        UsageProblem: it has no host, no calendar or one that systemd does not understand, or a
            path that no unit can hold (exit 4).
    """
    schedule = timetable.of(target.environment)
    _check_calendar(target, schedule)
    crontab = cron.crontab(schedule)
    units = {str(schedule.units / name): text for name, text in schedule.texts.items()}
    linger = (commands.linger(schedule),) if _needs_linger(schedule) else ()
    by_hand = (*linger, *commands.started(schedule).splitlines())
    return Conclusion(
        sentence="\n".join([*(f"# {file}\n{text}" for file, text in units.items()), crontab])[:-1],
        next_command="\n      ".join(
            [
                target.command("schedule --install"),
                "or write the two units by hand, then:",
                *by_hand,
                "or, without systemd: crontab -e",
            ]
        ),
        facts=(("units", units), ("crontab", crontab), ("by_hand", by_hand)),
    )


def install(target: Target, _state: State) -> Runbook:
    """Plan to have systemd refresh the environment from this machine.

    Root installs for the machine, and the refresh runs as the owner of the checkout; anybody else
    for their own systemd.

    Raises:
        Refused: the environment is protected, so it is never refreshed (exit 3).
        UsageProblem: systemd does not understand the calendar, or the file with the ping URL is
            missing or open to others (exit 4).
        Problem: no systemd answers here (exit 1).
    """
    schedule = timetable.of(target.environment)
    _check_systemd(target, schedule)
    _check_calendar(target, schedule)
    if schedule.ping_url_file:
        _check_secret(schedule.ping_url_file)
    is_done = _is_installed(schedule)
    return Runbook(
        verb="schedule --install",
        environment=target.name,
        steps=() if is_done else _steps(target, schedule),
        reason="systemd has these very units, and the timer waits",
        notes=() if is_done else _notes(schedule),
    )


def installed(target: Target, _state: State) -> Conclusion:
    """Say when systemd will refresh the environment next."""
    schedule = timetable.of(target.environment)
    asked = ("show", "--property=NextElapseUSecRealtime", "--value", schedule.timer)
    due = runner.read(commands.systemctl(schedule, *asked)).out.strip()
    return Conclusion(
        sentence=f"{target.name}: systemd refreshes it, next {due or schedule.calendar}",
        next_command=words(*commands.systemctl(schedule, "list-timers", schedule.timer)),
        facts=(
            ("timer", schedule.timer),
            ("service", schedule.service),
            ("due", due),
            ("logs", str(schedule.state / "logs")),
        ),
    )


def _check_systemd(target: Target, schedule: Schedule) -> None:
    said = _said(*commands.systemctl(schedule, "is-system-running"))
    if said not in _RUNNING:
        raise Problem(
            f"{target.name}: no systemd answers",
            where="this machine" if schedule.is_system else f"the session of {schedule.account}",
            why=f"systemctl says {said or 'nothing'}",
            next_command=f"{target.command('schedule')}, and take the line for cron",
        )


def _said(*command: str) -> str:
    answer = _answer(*command)
    return answer.out.strip() if answer else ""


def _answer(*command: str) -> runner.Answer | None:
    """Return what COMMAND answers; None where there is no such program."""
    return runner.read(command) if shutil.which(command[0]) else None


def _check_calendar(target: Target, schedule: Schedule) -> None:
    answer = _answer("systemd-analyze", "calendar", "--", schedule.calendar)
    if answer and answer.code:
        raise UsageProblem(
            f"systemd does not understand {schedule.calendar!r}",
            where=f"environments.{target.name}.refresh.calendar",
            why=answer.last_line,
            next_command="man systemd.time, CALENDAR EVENTS",
        )


def _check_secret(file: Path) -> None:
    if not file.is_file():
        raise UsageProblem(
            "the file with the ping URL is missing",
            where=str(file),
            why="refresh.ping_url_file names it",
            next_command=f"{words('install', '-m', '0600', '/dev/null', file)}, and fill it",
        )
    if file.stat().st_mode & 0o077:
        raise UsageProblem(
            "the file with the ping URL is open to others",
            where=str(file),
            why="the URL is a secret: whoever knows it can say that all is well",
            next_command=words("chmod", "0600", file),
        )


def _is_installed(schedule: Schedule) -> bool:
    units = ((schedule.units / name, text) for name, text in schedule.texts.items())
    if any(not path.is_file() or path.read_text(encoding="utf-8") != text for path, text in units):
        return False
    asked = ("is-enabled", "is-active")
    answers = (runner.read(commands.systemctl(schedule, each, schedule.timer)) for each in asked)
    return not any(each.code for each in answers) and not _needs_linger(schedule)


def _needs_linger(schedule: Schedule) -> bool:
    return not schedule.is_system and _said(*commands.lingering(schedule)) != "yes"


def _steps(target: Target, schedule: Schedule) -> tuple[Step, ...]:
    directory = target.environment.project_directory
    is_foreign = schedule.is_system and directory.stat().st_uid != 0
    return (
        Step(title="have systemd check the units", command=commands.checked(schedule)),
        Step(
            title=f"write the units to {schedule.units}",
            command=commands.written(schedule),
            verify=commands.same(schedule),
        ),
        *_starting(schedule),
        *([_giving_back(directory, target.name)] if is_foreign else ()),
    )


def _starting(schedule: Schedule) -> tuple[Step, ...]:
    title = f"let the systemd of {schedule.account} go on after a logout"
    lingering = Step(
        title=title, command=commands.let_linger(schedule), verify=commands.is_lingering(schedule)
    )
    start = Step(
        title=f"start {schedule.timer}",
        command=commands.started(schedule),
        verify=commands.is_started(schedule),
    )
    return (lingering, start) if _needs_linger(schedule) else (start,)


def _giving_back(directory: Path, name: str) -> Step:
    return Step(
        title="leave the record of this to the owner of the checkout",
        command=commands.given_back(directory, name),
    )


def _notes(schedule: Schedule) -> tuple[str, ...]:
    root = "the refresh runs as root, who owns the checkout; an account of its own is safer"
    other = f"the refresh reads {schedule.file}, which {VARIABLE} names"
    return (*((root,) if schedule.account == "root" else ()), *((other,) if schedule.file else ()))
