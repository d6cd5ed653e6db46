"""Rollback: code and revision as they were before a run, by downgrade or by that run's backup."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dbops.commands import backup, health, remote
from dbops.commands import rollback as commands
from dbops.commands.shell import by_kind
from dbops.environments.frozen import Frozen
from dbops.errors import Refused
from dbops.operations import (
    durations,
    releases,
    require,
    require_host,
    restore,
    standing,
    ways_back,
)
from dbops.output import Conclusion
from dbops.runbook import Runbook, Step

if TYPE_CHECKING:
    from dbops.commands.shell import Question
    from dbops.operations.releases import Before
    from dbops.operations.ways_back import Way
    from dbops.state import State
    from dbops.target import Target


class Undone(Frozen):
    """What the checkout loses: its commits, newest first; and the heads of the old one's files."""

    log: tuple[str, ...]
    heads: tuple[str, ...]


def foreseen(target: Target) -> tuple[Question, ...]:
    """Return what the plan will ask of the host."""
    return (remote.migration_files(target.environment),)


def plan(target: Target, state: State, *, run: str | None) -> Runbook:
    """Plan to bring host and database back to what they were before a run.

    Args:
        target: the environment, reached over SSH.
        state: how it is now.
        run: the beginning of the run's id, the newest deploy that changed something when None.

    Raises:
        Refused: there is nothing to go back to, the run's backup is needed and missing or changed,
            or host or database are elsewhere than after that run (exit 3).
        Locked: somebody is migrating the database (exit 75).
    """
    host = require_host.facts(state, "rollback")
    found = require.database(target, state)
    require_host.clean_checkout(target, host)
    require_host.nobody_migrates(target, found, "rollback")
    before = releases.before(target, host, found.versions, run)
    undone = _undone(target, before)
    way = ways_back.way(target, state, before)
    is_needed = undone.log or way.steps or releases.unreleased(host)
    steps = _steps(target, state, before, way, undone) if is_needed else ()
    return Runbook(
        verb="rollback",
        environment=target.name,
        steps=steps,
        reason=f"it is at {before.commit[:12]} and {before.revision}, as before {before.told}",
        destructive=True,
        releases=True,
        loses=f"{target.name} goes back to {before.commit[:12]} and {before.revision}; {way.loses}",
        notes=(
            f"back to what was before {before.told}, which began at {before.at}",
            way.loses,
            *(f"without commit {each}" for each in undone.log),
            *way.notes,
            *standing.notes(target, found),
            *durations.seconds(steps, host.journal),
        ),
    )


def _undone(target: Target, before: Before) -> Undone:
    """Return what the checkout loses.

    Raises:
        Refused: the checkout is not past the old commit (exit 3).
    """
    asked = commands.since(target.environment, before.commit)
    said = by_kind(target.ask(asked).out)
    if "contained" not in said:
        raise Refused(
            f"{target.name}: the checkout on the host does not hold {before.commit[:12]}",
            where=str(target.environment.project_directory),
            why=f"it is not what it became by {before.told}",
            next_command=f"{target.command('runs')}, then rollback --to another one",
        )
    old = replace(target, archive="".join(said.get("tar", ())))
    return Undone(log=tuple(said.get("log", ())), heads=old.graph.heads)


def _steps(
    target: Target, state: State, before: Before, way: Way, undone: Undone
) -> tuple[Step, ...]:
    """Return all steps, in the order in which any of them may be the last.

    The schema goes back by the present files, so before the checkout. What was done is seen by the
    next plan; services that were not built again are, since the run did not end well.
    """
    beside, environment = target.backend(state), target.environment
    return (
        *way.first,
        backup.gate(beside, environment, require.database(target, state).tables),
        *way.steps,
        *((commands.back(environment, before.commit),) if undone.log else ()),
        *beside.bring_up(),
        # The application is well at the head of its files alone.
        *(_well(target) if undone.heads == (before.revision,) else ()),
    )


def _well(target: Target) -> tuple[Step, ...]:
    settings = target.environment.health
    return (health.wait(settings.url, settings.timeout_seconds),) if settings.url else ()


def rolled_back(target: Target, state: State) -> Conclusion:
    """Say which commit and revision host and database are at now, and how it stays so."""
    found = require.database(target, state)
    commit, git = require_host.facts(state, "rollback").commit, target.environment.git
    aside = restore.kept(target, state)
    kept = f"; kept aside: {', '.join(aside)}" if aside else ""
    return Conclusion(
        sentence=f"{target.name}: at commit {commit[:12]}, {standing.place(target, found)}; "
        f"{target.place.describe(state.service)}{kept}; "
        f"the next deploy goes forward to {git.remote}/{git.branch} again",
        next_command=target.command("lock --message 'until a correction is pushed'"),
        facts=(*standing.current(target, state).items(), ("commit", commit), ("kept", aside)),
    )
