"""The life cycle of an environment's PostgreSQL: up, down, restart, and how it is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from dbops import guard, output
from dbops.commands import database as commands
from dbops.errors import Problem
from dbops.operations import require
from dbops.output import Conclusion
from dbops.runbook import Runbook, Step

if TYPE_CHECKING:
    from dbops.state import State
    from dbops.target import Target


def up(target: Target, state: State) -> Runbook:
    """Plan to start the server and to have its database, whatever was there before."""
    require.binaries(target, state)
    steps = starting(target, state)
    if steps:
        return Runbook(
            verb="up",
            environment=target.name,
            steps=steps,
            continues=state.service.status != "absent",
        )
    reason = target.place.describe(state.service)
    return Runbook(verb="up", environment=target.name, reason=reason)


def starting(target: Target, state: State) -> tuple[Step, ...]:
    """Return the steps that are missing for a running server with its database."""
    beside = target.backend(state)
    steps = beside.start()
    if state.database and state.database.exists and not state.database.is_open:
        # First: the application cannot become well while its database lets nobody in.
        return (commands.reopen(beside, target.environment), *steps)
    is_new = state.service.status == "absent"
    if (is_new and not beside.brings_database) or (state.database and not state.database.exists):
        return (*steps, commands.create(beside, target.environment))
    if is_new or (state.database and not state.database.environment):
        return (*steps, commands.identify(beside, target.environment))
    return steps


def down(target: Target, state: State) -> Runbook:
    """Plan to stop the server; its data stays."""
    return Runbook(
        verb="down",
        environment=target.name,
        steps=target.backend(state).stop(),
        reason="it is not running",
    )


def restart(target: Target, state: State) -> Runbook:
    """Plan to stop the server and start it again."""
    require.binaries(target, state)
    if state.service.status == "absent":
        return Runbook(verb="restart", environment=target.name, steps=starting(target, state))
    runs_already = state.service.status == "running"
    steps = target.backend(state).restart() if runs_already else target.backend(state).start()
    return Runbook(verb="restart", environment=target.name, steps=steps)


def is_up(target: Target, state: State) -> Conclusion:
    """Say whether the server runs, and where."""
    runs = state.service.status == "running"
    return Conclusion(
        sentence=f"{target.name}: {target.place.describe(state.service)}",
        next_command=target.command("al-up" if runs else "up"),
        facts=tuple(target.place.facts(state.service).items()),
    )


def healthy(target: Target, state: State) -> Conclusion:
    """Say that the database answers and is at head.

    Raises:
        Unreachable: it does not answer (exit 69).
        Problem: it is not at head, or a service is not well (exit 1).
    """
    found = require.database(target, state)
    current = require.known_version(target, found)
    facts = {"current": current, "head": target.graph.head}
    _check_services(target, state, facts)
    if current != target.graph.head or not found.objects:
        raise Problem(
            f"{target.name}: the database answers, but is not at head",
            where=target.environment.database.name,
            why=f"it is at {current or 'no revision'} and holds {found.objects} objects; "
            f"the head is {target.graph.head}",
            next_command=target.command("al-up"),
            facts={"healthy": False, **facts},
        )
    return Conclusion(
        sentence=f"{target.name}: healthy: the database answers and is at {current} (head)",
        facts=(("healthy", True), *facts.items()),
    )


def _check_services(target: Target, state: State, facts: dict[str, str | None]) -> None:
    if target.backend(state).start():
        raise Problem(
            f"{target.name}: a service is not well",
            where=target.environment.database.name,
            why=target.place.describe(state.service),
            next_command=target.command("up"),
            facts={"healthy": False, **facts},
        )
    url = target.environment.health.url
    failed = target.machine.fetch(url, target.environment.health.timeout_seconds) if url else ""
    if failed:
        raise Problem(
            f"{target.name}: the application is not well",
            where=url or "",
            why=failed,
            next_command=target.command("logs"),
            facts={"healthy": False, **facts},
        )


def logs(target: Target, *, lines: int, service: str | None, follow: bool) -> int:
    """Show the end of the log on this terminal and return the exit code of what shows it."""
    found = target.place.probe()
    if found.unreadable is not None:
        raise found.unreadable
    beside = target.place.backend(found)
    return target.machine.hand_over(beside.logs(lines, service, follow=follow))


def psql(target: Target, state: State, command: str | None) -> int:
    """Open psql on this terminal, or run COMMAND or what is piped in; return its exit code.

    Raises:
        Refused: host or database say that they are another environment (exit 3).
    """
    require.database(target, state)
    guard.check_identity(target.environment, state)
    beside = target.backend(state)
    piped = command is None and not (sys.stdin and sys.stdin.isatty())
    safe = ["--set=ON_ERROR_STOP=1"] if piped or command is not None else []
    words = beside.terminal(*safe, *([] if command is None else [f"--command={command}"]))
    if not (piped and target.environment.remote):
        return target.machine.hand_over(words)
    answer = target.machine.read(words, text=sys.stdin.read() if sys.stdin else "")
    output.said(answer.out, answer.error)
    return answer.code
