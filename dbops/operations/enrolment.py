"""Enrolment: a host and a database say, once and on purpose, which environment they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbops import guard
from dbops.commands.shell import lines, words
from dbops.errors import Refused, UsageProblem
from dbops.output import Conclusion
from dbops.runbook import Runbook, Step

if TYPE_CHECKING:
    from dbops.state import State
    from dbops.target import Target


def enroll(target: Target, _state: State) -> Runbook:
    """Plan to mark this machine as the host of the environment."""
    environment = target.environment
    if environment.host is None:
        raise UsageProblem(
            f"{target.name} lives on whatever machine its commands run on",
            where=f"environments.{target.name}",
            why="it has no host, so there is nothing to mark",
            next_command=f"inv up --env {target.name}",
        )
    file = guard.marker(environment)
    said = file.read_text(encoding="utf-8").strip() if file.is_file() else ""
    if said and said != target.name:
        raise Refused(
            f"this machine says that it is {said}",
            where=str(file),
            why=f"it cannot be {target.name} as well",
            next_command=f"remove {file} if that is wrong",
        )
    steps = () if said else (_mark(target),)
    return Runbook(
        verb="enroll",
        environment=target.name,
        steps=steps,
        destructive=True,
        loses=f"commands for {target.name} will act on this machine",
        reason="this machine is marked already",
    )


def _mark(target: Target) -> Step:
    file = guard.marker(target.environment)
    return Step(
        title=f"mark this machine as {target.name}",
        command=lines(
            words("mkdir", "-p", "--", file.parent),
            f"echo {words(target.name)} >{words(file)}",
        ),
    )


def enrolled(target: Target, _state: State) -> Conclusion:
    """Say that this machine is marked."""
    return Conclusion(
        sentence=f"{target.name}: this machine is its host",
        next_command=f"inv up --env {target.name}",
        facts=(("marker", str(guard.marker(target.environment))),),
    )
