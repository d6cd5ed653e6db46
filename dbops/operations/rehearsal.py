"""Rehearsal: the upgrade of a protected environment, run first on its own fresh backup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbops import journal, output
from dbops.commands import rehearsal as commands
from dbops.errors import Problem, UsageProblem
from dbops.operations import require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbops.runbook import Step
    from dbops.state import State
    from dbops.target import Target

MODES = ("full", "schema", "off")


def mode(target: Target, asked: str | None) -> str:
    """Return what is rehearsed: full (with rows), schema or off.

    Args:
        target: the environment; an unprotected one rehearses only what is asked for.
        asked: the option as typed; None when it was not.

    Raises:
        UsageProblem: the option is none of them (exit 4).
    """
    environment = target.environment
    chosen = asked or (environment.guard.rehearsal if environment.is_protected else "off")
    if chosen not in MODES:
        raise UsageProblem(
            f"{chosen!r} is no way to rehearse",
            where="--rehearse",
            why=f"it is one of {', '.join(MODES)}",
            next_command="type the command again with one of them",
        )
    return chosen


def steps(target: Target, state: State, chosen: str, wanted: str) -> tuple[Step, ...]:
    """Return the steps that rehearse the upgrade to WANTED on the backup of the same run.

    Args:
        target: the environment, with the files of the release.
        state: how it is now.
        chosen: full, schema or off.
        wanted: where the upgrade ends.
    """
    if chosen == "off":
        return ()
    found = require.database(target, state)
    current = require.known_version(target, found)
    pending = target.graph.between([current], wanted) if current else ()
    if current is None or not pending:
        return ()
    upgrade = commands.Upgrade(
        current=current,
        wanted=wanted,
        count=len(pending),
        tables=found.tables,
        with_rows=chosen == "full",
        snapshot=target.snapshot,
        leave_out=target.leave_out(found.server_version),
    )
    beside, environment = target.backend(state), target.environment
    # The disk of a server elsewhere cannot be asked.
    asks = upgrade.with_rows and environment.backend != "server"
    room = (commands.room(beside, environment),) if asks else ()
    return (*room, commands.rehearse(beside, environment, upgrade))


def notes(target: Target, state: State, asked: str | None, wanted: str) -> tuple[str, ...]:
    """Return why nothing is rehearsed, or what the last rehearsal of the same upgrade showed."""
    chosen = mode(target, asked)
    if state.database is None or not state.database.objects:
        return ()
    if chosen == "off":
        by = "--rehearse off" if asked else f"guard.rehearsal of {target.name} is off"
        is_protected = target.environment.is_protected
        return (f"the upgrade is not rehearsed: {by}",) if is_protected else ()
    unasked = target.environment.backend == "server" and chosen == "full"
    elsewhere = "whether the server has room for a second copy is not known from here"
    return (*((elsewhere,) if unasked else ()), *_before(_entries(target, state), wanted))


def _entries(target: Target, state: State) -> Sequence[dict[str, Any]]:
    if state.host is not None:
        return state.host.journal
    try:
        return journal.read(target.journal)
    except Problem:  # a journal that was edited is told by `journal`, and stops no release
        return ()


def _before(entries: Sequence[dict[str, Any]], wanted: str) -> tuple[str, ...]:
    known = (each for each in reversed(entries) if each.get("rehearsal", {}).get("to") == wanted)
    entry = next(known, None)
    if entry is None:
        return ()
    told = "\n      ".join(output.rehearsal(entry["rehearsal"]))
    return (f"at {entry['at']}: {told}",)
