"""A revision recorded as applied, while nothing runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbops import catalogue
from dbops.commands import database as commands
from dbops.errors import Refused, UsageProblem
from dbops.operations import require, scratch
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
            next_command=f"{target.command('al-which')}, which names it",
        )
    found = require.database(target, state)
    wanted = target.graph.resolve(revision)
    steps: tuple[Step, ...] = ()
    if found.versions != (wanted,):
        if not _is_known(target, found, wanted):
            _check_schema(target, state, wanted)
        _check_objects(target, state, wanted)
        steps = (step(target, state, wanted, "stamp"),)
    return Runbook(
        verb="al-stamp",
        environment=target.name,
        steps=steps,
        destructive=True,
        loses=f"{target.name} will count as being at {wanted}, whatever it holds",
        reason=f"it is at {wanted} already",
    )


def _is_known(target: Target, found: Database, wanted: str) -> bool:
    """Return whether nothing is forgotten by WANTED: the rows are known, and one, or lead to it.

    Raises:
        Refused: one is behind the baseline (exit 3).
    """
    for each in found.versions:
        require.not_behind(target, each)
    if len(found.versions) > 1:
        return target.graph.ancestors([wanted]).issuperset(found.versions)
    legacy = target.environment.migrations.legacy_heads
    return all(each in target.graph or each in legacy for each in found.versions)


def _check_schema(target: Target, state: State, wanted: str) -> None:
    """Refuse to forget a revision nobody here knows, unless all that is known speaks for WANTED.

    That is the whole schema, and the database's own log where it ends at a revision known here.
    """
    found = require.database(target, state)
    known = require.recorded(target, found)
    if known is not None and known in target.graph and known != wanted:
        raise _forgets(target, found, f"its own log ends at {known}", f"al-stamp --rev {known}")
    expected = scratch.expected(target, state, wanted, any_roles=True)
    if catalogue.differences(expected, scratch.live(target, state)):
        raise _forgets(target, found, f"its schema is not that of {wanted}", "al-which")


def _forgets(target: Target, found: Database, why: str, following: str) -> Refused:
    return Refused(
        f"{target.name} is at {', '.join(found.versions)}, and {why}",
        where=f"{target.environment.database.name}, alembic_version",
        why="stamping would forget a revision that is not in this checkout, or on another branch",
        next_command=f"git pull, or {target.command(following)}",
    )


def _check_objects(target: Target, state: State, wanted: str) -> None:
    """Refuse where relations of WANTED are missing; a later revision may have dropped some."""
    found = require.database(target, state)
    missing = require.missing(target, found)
    if missing and wanted != target.environment.migrations.baseline:
        expected = scratch.expected(target, state, wanted, any_roles=True).objects
        missing = sorted({*missing}.intersection(each.identity for each in expected))
    if missing:
        is_there = require.holds_some(target, found)
        raise Refused(
            f"{target.name}: {len(missing)} relations of {wanted} are missing",
            where=require.shortened(missing),
            why="a stamp says that they are there",
            next_command=target.command("al-which" if is_there else "db-apply-snapshot"),
        )


def step(target: Target, state: State, wanted: str, operation: str) -> Step:
    """Return the step that makes WANTED the version; OPERATION is the word it is recorded under."""
    return commands.stamp(
        target.backend(state),
        target.environment,
        revision=wanted,
        expected=require.database(target, state).versions,
        operation=operation,
        sha256=target.graph[wanted].sha256,
    )
