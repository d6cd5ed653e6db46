"""Enrolment: a host and a database say, once and on purpose, which environment they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbops import guard
from dbops.commands import database as commands
from dbops.commands.shell import lines, words
from dbops.errors import Refused, UsageProblem
from dbops.output import Conclusion
from dbops.runbook import Runbook, Step

if TYPE_CHECKING:
    from dbops.state import State
    from dbops.target import Target


def enroll(target: Target, state: State) -> Runbook:
    """Plan to mark the host, and its database where it can be asked, as the environment's."""
    environment = target.environment
    if environment.host is None:
        raise UsageProblem(
            f"{target.name} lives on whatever machine its commands run on",
            where=f"environments.{target.name}",
            why="it has no host, so there is nothing to mark",
            next_command=target.command("up"),
        )
    said = _marker(target)
    _check(target, said, who=_machine(target), where=str(guard.marker(environment)))
    steps = (*(() if said else (_mark(target),)), *_identify(target, state))
    return Runbook(
        verb="enroll",
        environment=target.name,
        steps=steps,
        destructive=True,
        loses=f"commands for {target.name} will act on {_machine(target)}",
        reason=f"{_machine(target)} is marked already",
        notes=_notes(target, state),
    )


def _machine(target: Target) -> str:
    return "that host" if target.environment.remote else "this machine"


def _marker(target: Target) -> str:
    return (target.machine.text(guard.marker(target.environment)) or "").strip()


def _check(target: Target, said: str, *, who: str, where: str) -> None:
    if said and said != target.name:
        raise Refused(
            f"{who} says that it is {said}",
            where=where,
            why=f"it cannot be {target.name} as well",
            next_command=f"remove {where} if that is wrong",
        )


def _identify(target: Target, state: State) -> tuple[Step, ...]:
    """Return the step that lets the database say who it is, where it runs and has not yet."""
    found = state.database
    if found is None or not (found.exists and found.is_open):
        return ()
    where = f"the setting dbops.environment of {target.environment.database.name}"
    _check(target, found.environment, who="the database", where=where)
    if found.environment:
        return ()
    return (commands.identify(target.backend(state), target.environment),)


def _mark(target: Target) -> Step:
    file = guard.marker(target.environment)
    return Step(
        title=f"mark {_machine(target)} as {target.name}",
        command=lines(
            words("mkdir", "-p", "--", file.parent),
            f"echo {words(target.name)} >{words(file)}",
        ),
    )


def _notes(target: Target, state: State) -> tuple[str, ...]:
    if state.host is None:
        return ()
    key = getattr(target.machine, "host_key", "")
    return (f"the host calls itself {state.host.name}; its key is {key}",)


def enrolled(target: Target, state: State) -> Conclusion:
    """Say that the machine is marked."""
    following = "deploy" if target.environment.remote else "up"
    says = state.database is not None and bool(state.database.environment)
    return Conclusion(
        sentence=f"{target.name}: {_machine(target)} is its host"
        + (", and its database says so, too" if says else ""),
        next_command=target.command(following),
        facts=(("marker", str(guard.marker(target.environment))), ("database", says)),
    )
