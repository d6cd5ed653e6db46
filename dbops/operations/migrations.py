"""Revisions of a database: upgrade, downgrade, stamp, adopt, and where it is."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from dbops.commands import backup
from dbops.commands import database as commands
from dbops.errors import Problem, Refused, UsageProblem
from dbops.operations import databases, rehearsal, require, services
from dbops.output import Conclusion
from dbops.probe import backend
from dbops.revisions import ARCHIVE
from dbops.runbook import Runbook, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    _check_applied(target, found, current)
    return _upgrade_from(target, state, current, rehearse)


def _upgrade_without_server(target: Target, state: State) -> Runbook:
    if state.service.status == "absent":
        return _upgrade_from_nothing(target, state)
    steps = services.starting(target, state)
    return Runbook(verb="al-up", environment=target.name, steps=steps, continues=True)


def _upgrade_from_nothing(target: Target, state: State) -> Runbook:
    if target.environment.guard.protected:
        raise Refused(
            f"{target.name}: there is no database to upgrade",
            where=target.environment.database.name,
            why="a protected environment is built only on purpose",
            next_command=f"{target.command('db-init-from-snapshot')} --force",
        )
    graph, baseline = target.graph, target.environment.migrations.baseline
    graph.head  # noqa: B018  two heads are refused before anything is created
    beside = backend(target, state)
    return Runbook(
        verb="al-up",
        environment=target.name,
        steps=(
            *databases.from_nothing(target, state, stamp=True),
            *databases.upgrading(target, beside, baseline),
        ),
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
    """Return the problem of a database with objects and no version row."""
    baseline = target.environment.migrations.baseline
    from_snapshot = found.snapshot == target.snapshot.sha256
    return Problem(
        f"{target.name}: the database holds {found.objects} objects but no version",
        where=f"{target.environment.database.name}, alembic_version",
        why="the snapshot was applied and not yet stamped"
        if from_snapshot
        else "nobody recorded which revision its schema is",
        next_command=target.command(f"al-stamp --rev {baseline}")
        if from_snapshot
        else target.command("al-adopt"),
    )


def _check_applied(target: Target, found: Database, current: str) -> None:
    """Refuse to go on from a baseline whose objects are not there.

    Raises:
        Refused: the snapshot was never applied; an upgrade would end in 42P01 (exit 3).
    """
    if current != target.environment.migrations.baseline:
        return
    missing = sorted(set(target.snapshot.relations) - set(found.relations))
    if missing:
        raise Refused(
            f"{target.name}: stamped {current}, but {len(missing)} relations of it are missing",
            where=", ".join(missing[:5]) + (" ..." if len(missing) > 5 else ""),  # noqa: PLR2004
            why="the snapshot was never applied, or somebody dropped them",
            next_command=target.command("db-init-from-snapshot"),
        )


def _upgrade_from(target: Target, state: State, current: str, rehearse: str | None) -> Runbook:
    found = require.database(target, state)
    beside = backend(target, state)
    is_protected = target.environment.guard.protected
    head = target.graph.head
    rehearsing = rehearsal.steps(target, state, rehearsal.mode(target, rehearse), head)
    steps = databases.upgrading(target, beside, current)
    roles_needed = steps or databases.missing_roles(target, found)
    told = rehearsal.notes(target, state, rehearse, head) if steps else ()
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
        releases=is_protected,
        reason=f"it is at {current}, the head",
        notes=(*told, *notes(target, found)),
    )


def notes(target: Target, found: Database) -> tuple[str, ...]:
    """Return what a person should know about applied revisions and indexes."""
    invalid = [
        f"index {each} is invalid, left by an interrupted CREATE INDEX CONCURRENTLY; "
        f"drop it: DROP INDEX CONCURRENTLY {each}"
        for each in found.invalid_indexes
    ]
    return (*_retold(target, found), *invalid)


def retold(target: Target, state: State) -> tuple[str, ...]:
    """Return a sentence for each applied revision whose file was edited since, or vanished."""
    return tuple(_retold(target, state.database)) if state.database else ()


def _retold(target: Target, found: Database) -> Iterator[str]:
    graph = target.graph
    for revision, applied in found.revision_files:
        then = f"{applied[:12]} then"
        if revision not in graph and revision not in graph.archived:
            yield f"revision {revision} was applied and its file vanished ({then}, none now)"
        elif revision in graph and not _is_as_applied(target, revision, applied):
            now = graph[revision].sha256[:12]
            yield f"revision {revision} was edited after it was applied ({then}, {now} now)"


def _is_as_applied(target: Target, revision: str, applied: str) -> bool:
    """Return whether the file of REVISION still has the sha256 APPLIED, here or in the archive."""
    found = target.graph[revision]
    if found.sha256 == applied or not found.replaces:
        return found.sha256 == applied
    # A baseline that was moved forward has the id of a revision that is archived.
    archived = target.versions.with_name(ARCHIVE).glob("*.py")
    return any(hashlib.sha256(each.read_bytes()).hexdigest() == applied for each in archived)


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
    step = commands.migrate(
        backend(target, state),
        "downgrade",
        "-1",
        expected=",".join(sorted(parents)),
        title=f"downgrade from {current} to {', '.join(parents)}",
    )
    return Runbook(
        verb="al-down",
        environment=target.name,
        steps=(step,),
        destructive=True,
        loses=f"what revision {current} added to {target.name} is lost",
    )


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
        steps = (_stamping(target, state, wanted, "stamp"),)
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
            where=", ".join(missing[:5]) + (" ..." if len(missing) > 5 else ""),  # noqa: PLR2004
            why="a stamp says that the snapshot's objects are there",
            next_command=target.command("db-apply-snapshot"),
        )


def _stamping(target: Target, state: State, wanted: str, operation: str) -> Step:
    return commands.stamp(
        backend(target, state),
        target.environment,
        revision=wanted,
        expected=require.database(target, state).versions,
        operation=operation,
        sha256=target.graph[wanted].sha256,
    )


def adopt(target: Target, state: State, *, accept: str | None) -> Runbook:
    """Plan to take a database of unknown or legacy history over at the baseline.

    Its schema is compared with the baseline's object by object first.

    Args:
        target: the environment.
        state: how it is now.
        accept: the hash of differences that were looked at and are wanted.

    Raises:
        DifferencesFound: the schemas differ and the difference was not accepted (exit 2).
    """
    from dbops.operations import adoption  # noqa: PLC0415  only adopt compares

    found = require.database(target, state)
    baseline = target.environment.migrations.baseline
    if len(found.versions) == 1 and found.versions[0] in target.graph:
        reason = f"it is at {found.versions[0]}, which this history knows"
        return Runbook(verb="al-adopt", environment=target.name, reason=reason)
    notes = adoption.compare(target, state, accept=accept)
    return Runbook(
        verb="al-adopt",
        environment=target.name,
        steps=(_stamping(target, state, baseline, "adopt"),),
        destructive=True,
        loses=f"{target.name} will count as being at {baseline}",
        notes=notes,
    )


def where(target: Target, state: State) -> Conclusion:
    """Say which revision the database is at."""
    found = require.database(target, state)
    facts = current(target, state)
    at = place(target, found)
    behind = not facts["at_head"]
    return Conclusion(
        sentence=f"{target.name}: {at}; {len(found.relations)} relations "
        f"in {len(found.schemas)} schemas",
        next_command=target.command("al-up") if behind else "",
        facts=tuple(facts.items()),
    )


def place(target: Target, found: Database) -> str:
    """Return at which revisions the database is, as the end of a sentence."""
    if not found.versions:
        return "at no revision"
    heads = target.graph.heads
    return "at " + ", ".join(
        f"{each}{' (head)' if each in heads else ''}" for each in found.versions
    )


def current(target: Target, state: State) -> dict[str, Any]:
    """Return where the database is, as data.

    Raises:
        Unreachable: the server does not run, or has no such database (exit 69).
    """
    found = require.database(target, state)
    heads, archived = target.graph.heads, target.graph.archived
    commits = [archived[each] for each in found.versions if each in archived]
    return {
        "current": list(found.versions),
        "heads": list(heads),
        "at_head": bool(found.objects) and sorted(found.versions) == sorted(heads),
        **({"behind_baseline": require.catching_up(target, commits[0])} if commits else {}),
    }


def history(target: Target, state: State) -> list[dict[str, Any]]:
    """Return every revision, newest first; applied is known only while the server runs."""
    versions = state.database.versions if state.database else ()
    applied = target.graph.ancestors(versions)
    heads = target.graph.heads
    return [
        {
            "revision": each.id,
            "title": each.title,
            "parents": list(each.parents),
            "head": each.id in heads,
            "current": each.id in versions,
            "applied": each.id in applied,
        }
        for each in reversed(target.graph.history)
    ]
