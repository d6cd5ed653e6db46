"""What is to be repeated: the schedule of an environment's refresh, on this machine."""

from __future__ import annotations

import os
import pwd
from typing import TYPE_CHECKING

from dbops.commands.schedule import Schedule
from dbops.commands.shell import words
from dbops.errors import Refused, UsageProblem

if TYPE_CHECKING:
    from pathlib import Path

    from dbops.environments.model import Environment


def of(environment: Environment) -> Schedule:
    """Return the schedule of the environment's refresh, as environments.yaml has it.

    Raises:
        Refused: the environment is protected, so it is never refreshed (exit 3).
        UsageProblem: it has no host or no calendar, or a path that no unit can hold (exit 4).
    """
    calendar = _calendar(environment)
    is_system = os.geteuid() == 0
    checkout = environment.tool_directory
    owner = _account(checkout.stat().st_uid if is_system else os.geteuid(), checkout)
    file = environment.file if environment.file != checkout / "environments.yaml" else None
    schedule = Schedule(
        environment=environment.name,
        project=environment.project,
        calendar=calendar,
        timeout_minutes=environment.refresh.timeout_minutes,
        checkout=checkout,
        account=owner.pw_name,
        home=environment.project_directory / owner.pw_dir,
        is_system=is_system,
        file=file,
        ping_url_file=_secret(environment, owner.pw_dir),
    )
    _check_paths(schedule)
    return schedule


def _calendar(environment: Environment) -> str:
    where = f"environments.{environment.name}"
    if environment.is_protected:
        raise Refused(
            f"{environment.name} is protected",
            where=f"{where}.guard.protected",
            why="a refresh replaces the database; a protected one is never refreshed",
            next_command="name another environment",
        )
    if environment.host is None:
        raise UsageProblem(
            f"{environment.name} has no host to refresh over SSH",
            where=f"{where}.host",
            why="it lives on whatever machine its commands run on",
            next_command="name an environment with a host",
        )
    if environment.refresh.calendar is None:
        raise UsageProblem(
            f"{environment.name} has no calendar",
            where=f"{where}.refresh.calendar",
            why="nobody has said when it is to be refreshed",
            next_command=f"write refresh.calendar into {environment.file.name},"
            ' such as "Mon..Fri 05:30 Asia/Tokyo"',
        )
    return environment.refresh.calendar


def _account(number: int, checkout: Path) -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(number)
    except KeyError:
        raise UsageProblem(
            f"user id {number} has no account on this machine",
            where=str(checkout),
            why="the refresh runs as the owner of the checkout",
            next_command=words("chown", "-R", "deploy", checkout),
        ) from None


def _secret(environment: Environment, home: str) -> Path | None:
    """Return the file with the ping URL; ~ is the home of the account that refreshes."""
    named = environment.refresh.ping_url_file
    if named is None:
        return None
    return environment.project_directory / (f"{home}{named[1:]}" if named[:1] == "~" else named)


def _check_paths(schedule: Schedule) -> None:
    """Refuse what a line of a unit cannot hold."""
    for path in map(str, (schedule.checkout, schedule.home, schedule.file, schedule.ping_url_file)):
        if not path.isprintable() or path.endswith((" ", "\\")):
            raise UsageProblem(
                "a path cannot be written in a systemd unit",
                where=repr(path),
                why="it holds a character that does not print, or ends with a space or a backslash",
                next_command="move the checkout to a plainer path",
            )
