"""The two ways a database goes back: by downgrade, or by the backup a run took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbops import manifest
from dbops.commands import backup, database, restore
from dbops.commands import rollback as commands
from dbops.environments.frozen import Frozen
from dbops.errors import Refused
from dbops.operations import authoring, require

if TYPE_CHECKING:
    from pathlib import Path

    from dbops.operations.releases import Before
    from dbops.revision_graph import Revision
    from dbops.runbook import Step
    from dbops.state import State
    from dbops.target import Target


class Way(Frozen):
    """How the database goes back.

    Attributes:
        first: the steps that come before the fresh backup.
        steps: those that come after it.
        loses: what is lost, as the end of a sentence.
        notes: what a person should know.
    """

    first: tuple[Step, ...] = ()
    steps: tuple[Step, ...] = ()
    loses: str
    notes: tuple[str, ...] = ()


def way(target: Target, state: State, before: Before) -> Way:
    """Return how the database goes back, or that it stays where it is.

    Raises:
        Refused: it is not past the revision, or a backup is needed that is not as it was (exit 3).
    """
    current = require.version(target, require.database(target, state))
    if current == before.revision:
        return Way(loses="no row is lost")
    if current is None or current not in target.graph:
        return _restore(target, state, before, f"{current or 'no version'} has no file there")
    if before.revision not in target.graph.ancestors([current]):
        raise Refused(
            f"{target.name} is at {current}, which does not follow {before.revision}",
            where=target.environment.database.name,
            why="a rollback only goes backwards",
            next_command=target.command("al-hist"),
        )
    undone = target.graph.between([before.revision], current)[::-1]
    stuck = [each.id for each in undone if not _can_go(each)]
    if stuck:
        return _restore(target, state, before, f"{', '.join(stuck)} cannot be downgraded")
    return _downgrade(target, state, before, undone)


def _can_go(revision: Revision) -> bool:
    # Below a merge Alembic leaves the rows of both branches.
    return revision.reversible and len(revision.parents) == 1


def _downgrade(target: Target, state: State, before: Before, undone: tuple[Revision, ...]) -> Way:
    beside, roles = target.backend(state), target.environment.migrations.roles
    step = commands.downgrade(
        beside,
        target.environment,
        before.revision,
        f"downgrade to {before.revision} ({len(undone)} revision{'s' * (len(undone) > 1)})",
    )
    written = authoring.sql_between(target, undone[0].id, before.revision, "downgrade")
    return Way(
        # What a revision takes from the roles may be what their own script gives them.
        steps=(step, *((database.bootstrap_roles(beside, target.environment),) if roles else ())),
        loses=f"what {', '.join(each.id for each in undone)} added is lost, with its rows",
        notes=(
            *(f"without revision {each.id}: {each.title}" for each in undone),
            f"the SQL that takes them back:\n{written.rstrip()}",
        ),
    )


def _restore(target: Target, state: State, before: Before, why: str) -> Way:
    dump, file = _dump(target, before)
    beside, environment = target.backend(state), target.environment
    found = manifest.of(target.machine, before.dump) if before.dump else None
    name = restore.restoring(environment)
    steps = (
        backup.read_back(beside, file, before.sha256),
        *restore.restore_dump(beside, environment, file, name, len(found.rows) if found else None),
        commands.is_at(beside, name, before.revision),
        *((restore.compare_rows(beside, found, name),) if found else ()),
        restore.swap(beside, environment, before.revision),
        commands.let_go(target.home),
    )
    keeping = () if dump == file else (commands.keep(dump, file, before.sha256),)
    return Way(
        first=keeping,
        steps=steps,
        loses=f"every row written since {before.since} is lost; the present database is kept aside",
        notes=(f"restores {dump.name}, because {why}",),
    )


def _dump(target: Target, before: Before) -> tuple[Path, Path]:
    """Return where the run's backup is, and where it is kept while a newer one is taken.

    Raises:
        Refused: the run took none, or it is missing or changed (exit 3).
    """
    if before.dump is None:
        raise _no_backup(target, before, "the run took none")
    file = commands.kept(target.home, before.sha256)
    why = "it is missing"
    for each in (before.dump, file):
        measured = target.machine.measure(each)
        if measured and measured.sha256 == before.sha256:
            return each, file
        why = "its sha256 is another one" if measured else why
    raise _no_backup(target, before, why)


def _no_backup(target: Target, before: Before, why: str) -> Refused:
    return Refused(
        f"{target.name}: the backup to go back to cannot be used",
        where=str(before.dump or before.told),
        why=f"{why}, and the database cannot be downgraded to {before.revision}",
        next_command=target.command("backups --verify"),
    )
