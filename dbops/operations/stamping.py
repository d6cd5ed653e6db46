"""A revision recorded as applied, while nothing runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbops.commands import database as commands
from dbops.errors import Refused, UsageProblem
from dbops.operations import require
from dbops.probe import backend
from dbops.runbook import Runbook, Step

if TYPE_CHECKING:
    from dbops.state import Database, State
    from dbops.target import Target


def stamp(target: Target, state: State, *, revision: str | None) -> Runbook:
    """Plan to mark REVISION as applied, also from a legacy head Alembic does not know."""
    if not revision:
        raise UsageProblem(
            "a stamp needs a revision",
            where="al-stamp",
            why="it is what the database will count as being at",
            next_command=target.command(f"al-stamp --rev {target.environment.migrations.baseline}"),
        )
    found = require.database(target, state)
    wanted = target.graph.resolve(revision)
    current = require.version(target, found)
    steps: tuple[Step, ...] = ()
    if current != wanted:
        _check_known(target, current)
        _check_objects(target, found, wanted)
        steps = (step(target, state, wanted, "stamp"),)
    return Runbook(
        verb="al-stamp",
        environment=target.name,
        steps=steps,
        destructive=True,
        loses=f"{target.name} will count as being at {wanted}, whatever it holds",
        reason=f"it is at {wanted} already",
    )


def _check_known(target: Target, current: str | None) -> None:
    legacy = target.environment.migrations.legacy_heads
    if current is None or current in target.graph or current in legacy:
        return
    require.not_behind(target, current)
    raise Refused(
        f"{target.name} is at {current}, which is neither in this checkout nor a legacy head",
        where=f"{target.environment.database.name}, alembic_version",
        why="stamping would forget a revision nobody here knows",
        next_command=f"git pull, or {target.command('al-adopt')}",
    )


def _check_objects(target: Target, found: Database, wanted: str) -> None:
    missing = sorted(set(target.snapshot.relations) - set(found.relations))
    if wanted == target.environment.migrations.baseline and missing:
        raise Refused(
            f"{target.name}: {len(missing)} relations of {wanted} are missing",
            where=require.shortened(missing),
            why="a stamp says that the snapshot's objects are there",
            next_command=target.command("db-apply-snapshot"),
        )


def step(target: Target, state: State, wanted: str, operation: str) -> Step:
    """Return the step that makes WANTED the version; OPERATION is the word it is recorded under."""
    return commands.stamp(
        backend(target, state),
        target.environment,
        revision=wanted,
        expected=require.database(target, state).versions,
        operation=operation,
        sha256=target.graph[wanted].sha256,
    )
