"""Revisions that run on a database: upgrade and downgrade."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbops.commands import backup
from dbops.commands import database as commands
from dbops.errors import Problem, Refused
from dbops.operations import databases, require, services, standing
from dbops.runbook import Runbook, Step

if TYPE_CHECKING:
    from dbops.state import Database, State
    from dbops.target import Target


def upgrade(target: Target, state: State, *, rehearse: str | None = None) -> Runbook:
    """Plan to bring the database to head, from nothing, from behind, or not at all.

    Args:
        target: the environment.
        state: how it is now.
        rehearse: full, schema or off; what the environment says when None.

    Raises:
        UsageProblem: REHEARSE is none of them (exit 4).
    """
    require.binaries(target, state)
    if state.database is None:
        return _upgrade_without_server(target, state)
    found = state.database
    if not found.exists:
        return _upgrade_from_nothing(target, state)
    if not found.is_open:
        return _upgrade_without_server(target, state)
    current = require.known_version(target, found)
    if not found.objects:
        return _upgrade_empty(target, state, current)
    if current is None:
        raise not_stamped(target, found)
    check_applied(target, found, current)
    return _upgrade_from(target, state, current, rehearse)


def _upgrade_without_server(target: Target, state: State) -> Runbook:
    if state.service.status == "absent":
        return _upgrade_from_nothing(target, state)
    steps = services.starting(target, state)
    return Runbook(verb="al-up", environment=target.name, steps=steps, continues=True)


def _upgrade_from_nothing(target: Target, state: State) -> Runbook:
    if target.environment.is_protected:
        raise Refused(
            f"{target.name}: there is no database to upgrade",
            where=target.environment.database.name,
            why="a protected environment is built only on purpose",
            next_command=f"{target.command('db-init-from-snapshot')} --force",
        )
    beside, baseline = target.backend(state), target.environment.migrations.baseline
    return Runbook(
        verb="al-up",
        environment=target.name,
        steps=(
            *databases.from_nothing(target, state, stamp=True),
            *databases.upgrading(
                target, beside, baseline, schemas=databases.loaded_schemas(target)
            ),
        ),
        releases=True,
        notes=(
            f"the database is empty: it is built from {target.environment.migrations.snapshot}",
        ),
    )


def _upgrade_empty(target: Target, state: State, current: str | None) -> Runbook:
    if current is not None:
        raise Refused(
            f"{target.name}: stamped {current}, but the database is empty",
            where=target.environment.database.name,
            why="a version row without its tables; the snapshot was never applied",
            next_command=target.command("db-init-from-snapshot"),
        )
    databases.empty(target, require.database(target, state))
    return _upgrade_from_nothing(target, state)


def not_stamped(target: Target, found: Database) -> Problem:
    """Return the problem of a database with objects and no version row.

    Raises:
        Refused: it was at a revision behind the baseline (exit 3).
    """
    known = require.recorded(target, found)
    why, following = "nobody recorded which revision its schema is", "al-adopt"
    if known is not None:
        require.not_behind(target, known)
        why = f"somebody removed the version row: its own log ends at {known}"
        following = f"al-stamp --rev {known}" if known in target.graph else "al-which"
    elif found.snapshot == target.snapshot.sha256:
        why = "the snapshot was applied and not yet stamped"
        following = f"al-stamp --rev {target.environment.migrations.baseline}"
    return Problem(
        f"{target.name}: the database holds {found.objects} objects but no version",
        where=f"{target.environment.database.name}, alembic_version",
        why=why,
        next_command=target.command(following),
    )


def check_applied(target: Target, found: Database, current: str) -> None:
    """Refuse to go on from a baseline whose objects are not there.

    Raises:
        Refused: the snapshot was never applied; an upgrade would end in 42P01 (exit 3).
    """
    if current != target.environment.migrations.baseline:
        return
    missing = require.missing(target, found)
    if missing:
        is_there = require.holds_some(target, found)
        raise Refused(
            f"{target.name}: stamped {current}, but {len(missing)} relations of it are missing",
            where=require.shortened(missing),
            why="somebody dropped them" if is_there else "the snapshot was never applied",
            next_command=target.command("drift" if is_there else "db-init-from-snapshot"),
        )


def _upgrade_from(target: Target, state: State, current: str, rehearse: str | None) -> Runbook:
    found = require.database(target, state)
    beside = target.backend(state)
    is_protected = target.environment.is_protected
    steps = databases.upgrading(target, beside, current, schemas=found.schemas)
    rehearsing, told = _rehearsed(target, state, rehearse) if steps or rehearse else ((), ())
    if steps and is_protected:
        told = (*_judged(target, current), *told)
    roles_needed = steps or databases.missing_roles(target, found)
    if roles_needed and target.environment.migrations.roles:
        steps = (commands.bootstrap_roles(beside, target.environment), *steps)
    if steps and (is_protected or rehearsing):
        # Never without a proven backup of this very run.
        gate = backup.gate(beside, target.environment, found.tables)
        steps = (gate, *rehearsing, *steps)
    return Runbook(
        verb="al-up",
        environment=target.name,
        steps=steps,
        releases=True,
        reason=f"it is at {current}, the head",
        notes=(*told, *standing.notes(target, found)),
    )


def _judged(target: Target, current: str) -> tuple[str, ...]:
    """Return what al-lint says of the pending revisions, or refuse them."""
    from dbops.operations import lint  # at head there is nothing to judge

    return lint.release(target, target.graph.between([current], target.graph.head))


def _rehearsed(
    target: Target, state: State, rehearse: str | None
) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """Return the steps that rehearse an upgrade to head, and what an earlier rehearsal told."""
    from dbops.operations import rehearsal  # at head there is nothing to rehearse

    head = target.graph.head
    steps = rehearsal.steps(target, state, rehearsal.mode(target, rehearse), head)
    return steps, rehearsal.notes(target, state, rehearse, head)


def downgrade(target: Target, state: State) -> Runbook:
    """Plan to take the newest applied revision back."""
    found = require.database(target, state)
    current = require.known_version(target, found)
    baseline = target.environment.migrations.baseline
    parents = target.graph[current].parents if current else ()
    if current is None or current == baseline or not parents:
        raise Refused(
            f"{target.name}: nothing is below {current or 'no revision'}",
            where=target.environment.database.name,
            why="the baseline is where this history begins",
            next_command=target.command("al-cur"),
        )
    if not target.graph[current].has_downgrade:
        raise Refused(
            f"{target.name}: {current} has no downgrade()",
            where=str(target.graph[current].path),
            why="nothing says how it is taken back",
            next_command=target.command("restore --dump FILE") + ", of a backup from before it",
        )
    if len(parents) > 1:
        raise Refused(
            f"{target.name}: {current} merges {len(parents)} revisions, and is not taken back",
            where=", ".join(sorted(parents)),
            why="below it the database would be at several revisions at once",
            next_command=target.command("restore --dump FILE") + ", of a backup from before it",
        )
    beside, roles = target.backend(state), target.environment.migrations.roles
    step = commands.migrate(
        beside,
        "downgrade",
        "-1",
        expected=",".join(sorted(parents)),
        title=f"downgrade from {current} to {', '.join(parents)}",
    )
    return Runbook(
        verb="al-down",
        environment=target.name,
        # What the revision takes from the roles may be what their own script gives them.
        steps=(step, *((commands.bootstrap_roles(beside, target.environment),) if roles else ())),
        destructive=True,
        loses=f"what revision {current} added to {target.name} is lost",
    )
