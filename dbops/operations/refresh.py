"""Refresh: a staging database built anew beside the live one, proven, and swapped in by rename."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbops.commands import database, refresh
from dbops.errors import Problem, Refused, UsageProblem
from dbops.operations import durations, require, require_host, services, standing, views
from dbops.output import Conclusion
from dbops.runbook import Runbook, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dbops.state import HostFacts, State
    from dbops.target import Target

_PRODUCTION = re.compile(r"(?<![a-z])(?:prod|prd|production)(?![a-z])", re.IGNORECASE)


def plan(target: Target, state: State) -> Runbook:
    """Plan to rebuild the database from refresh.source; the live one serves until it is replaced.

    Raises:
        UsageProblem: no host is named, or the seed file is missing (exit 4).
        Refused: the environment is protected, says production, or has no server of ours (exit 3).
        Locked: somebody is migrating the database (exit 75).
    """
    host = require_host.facts(state, "refresh")
    _check_replaceable(target, state, host)
    starting = services.starting(target, state)
    found = state.database
    continues = found is None or not (found.exists and found.is_open)
    building = () if continues else _rebuilding(target, state)
    return Runbook(
        verb="refresh",
        environment=target.name,
        steps=(*starting, *building),
        destructive=True,
        continues=continues,
        loses=f"every row of {target.name} is replaced by those of a new database",
        notes=durations.seconds((*starting, *building), host.journal),
    )


def _check_replaceable(target: Target, state: State, host: HostFacts) -> None:
    """Refuse every target whose rows somebody might need, whatever was typed."""
    environment = target.environment
    if environment.backend == "server":
        raise _refused(target, "others use its server, too", f"environments.{target.name}.backend")
    if environment.is_protected:
        raise _refused(target, "it is protected", f"environments.{target.name}.guard.protected")
    for what, name in _names(target, state, host):
        if _PRODUCTION.search(name):
            raise _refused(target, f"{what} says production", name)


def _refused(target: Target, why: str, where: str) -> Refused:
    return Refused(
        f"{target.name} is never refreshed",
        where=where,
        why=f"a refresh replaces every row, and {why}",
        next_command="name a staging environment",
    )


def _names(target: Target, state: State, host: HostFacts) -> Iterator[tuple[str, str]]:
    """Yield everything by which the target says what it is."""
    environment = target.environment
    yield from (("its name", each) for each in (target.name, *environment.aliases))
    yield "its database's name", environment.database.name
    yield "its host's marker", host.marker
    yield "its host's name", host.name
    if environment.host:
        yield "its host's address", environment.host.address
    if state.database:
        yield "its database", state.database.environment
    if environment.compose:
        yield "its compose project", environment.compose.project
        yield "its volume", environment.compose.volume


def _rebuilding(target: Target, state: State) -> tuple[Step, ...]:
    found = require.database(target, state)
    require_host.nobody_migrates(target, found, "refresh")
    beside, environment, head = target.backend(state), target.environment, target.graph.head
    steps = (
        refresh.make(beside, environment),
        *_SOURCES[environment.refresh.source](target, state),
        *_seeding(target, state),
        refresh.populate(beside, environment),
        refresh.finish(beside, environment),
        refresh.check(beside, environment, head),
        refresh.swap(beside, environment, head),
    )
    new = refresh.building(environment)
    building = tuple(database.or_dropped(each, beside, new) for each in steps)
    return (*building, refresh.drop(beside, environment))


def _from_snapshot(target: Target, state: State) -> tuple[Step, ...]:
    """Return the steps from the empty database to the head: the structure, without rows."""
    beside, environment = target.backend(state), target.environment
    load = database.load_snapshot(
        beside,
        environment,
        snapshot=target.snapshot,
        leave_out=target.leave_out(require.database(target, state).server_version),
        stamp=True,
        roles=environment.migrations.roles is not None,
        database=refresh.building(environment),
    )
    is_head = target.graph.head == environment.migrations.baseline
    return (load, *(() if is_head else (refresh.upgrade(beside, environment, target.graph.head),)))


# What refresh.source may say: each ends at the head.
_SOURCES: dict[str, Callable[[Target, State], tuple[Step, ...]]] = {"snapshot": _from_snapshot}


def _seeding(target: Target, state: State) -> tuple[Step, ...]:
    environment = target.environment
    seed = environment.refresh.seed
    if seed is None:
        return ()
    measured = target.machine.measure(environment.path(seed))
    if measured is None:
        raise UsageProblem(
            f"{target.name}: the seed file is missing",
            where=str(environment.path(seed)),
            why=f"environments.{target.name}.refresh.seed names it",
            next_command=f"commit {seed}, then {target.command('deploy')}",
        )
    return (refresh.seed(target.backend(state), environment, seed, measured.sha256),)


def refreshed(target: Target, state: State) -> Conclusion:
    """Say what the database that serves now holds.

    Raises:
        Problem: it is not at head (exit 1).
    """
    found, now = require.database(target, state), standing.current(target, state)
    if not now["at_head"]:
        raise Problem(
            f"{target.name}: refreshed, and no longer at head",
            where=target.environment.database.name,
            why=f"it is {standing.place(target, found)}",
            next_command=target.command("journal"),
        )
    populated = sum(each.populated for each in views.views(target, state))
    return Conclusion(
        sentence=f"{target.name}: rebuilt from the {target.environment.refresh.source}, "
        f"{standing.place(target, found)}; {len(found.relations)} relations, "
        f"{populated} materialized views populated",
        facts=(*now.items(), ("relations", len(found.relations)), ("views", populated)),
    )
