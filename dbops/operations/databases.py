"""The database as a whole: load the snapshot, bootstrap roles, remove, build from nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dbops.commands import database as commands
from dbops.commands import sql
from dbops.commands.shell import words
from dbops.errors import Problem, Refused
from dbops.operations import require, services
from dbops.output import Conclusion
from dbops.runbook import Runbook, Step
from dbops.state import Database, State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbops.commands.backend import Backend
    from dbops.target import Target

_MAINTAIN = 17  # the first PostgreSQL that grants it


def apply_snapshot(target: Target, state: State) -> Runbook:
    """Plan to load the snapshot into the empty database."""
    found = require.database(target, state)
    steps: tuple[Step, ...] = ()
    is_loaded = found.snapshot == target.snapshot.sha256 and found.objects
    if not is_loaded or require.missing(target, found):
        empty(target, found)
        steps = (load(target, target.backend(state), state, stamp=False, roles=False),)
    return Runbook(
        verb="db-apply-snapshot",
        environment=target.name,
        steps=steps,
        destructive=True,
        loses=f"the snapshot is loaded into {target.environment.database.name}",
        reason="this very snapshot is loaded already",
    )


def empty(target: Target, found: Database) -> None:
    """Refuse a database that holds anything of an application.

    Raises:
        Refused: objects, or version rows, are there (exit 3).
    """
    where = f"{target.environment.database.name}: {', '.join(found.relations[:5])}"
    if found.objects:
        raise Refused(
            f"{target.name}: the database is not empty",
            where=where.rstrip(": "),
            why=f"it holds {found.objects} objects; a snapshot is loaded into an empty one",
            next_command=f"{target.command('al-adopt')}, or db-init-from-snapshot instead",
        )
    if found.versions:
        raise Refused(
            f"{target.name}: the database says that it is at {', '.join(found.versions)}",
            where=f"{target.environment.database.name}, alembic_version",
            why="it holds no objects, so the row is wrong",
            next_command=target.command("db-init-from-snapshot"),
        )
    taken = sorted(set(target.snapshot.schemas) & set(found.schemas) - {"public"})
    if taken:
        drop = f"DROP SCHEMA {sql.identifier(taken[0])}"
        raise Refused(
            f"{target.name}: schemas of the snapshot exist already",
            where=", ".join(taken),
            why="the snapshot creates them itself",
            next_command=f"{target.command('psql')} {words('--command', drop)}",
        )


def load(target: Target, beside: Backend, state: State, *, stamp: bool, roles: bool) -> Step:
    """Return the step that loads the snapshot, all or nothing."""
    server = state.database.server_version if state.database else 0
    major = server or state.service.binaries_major * 10000
    return commands.load_snapshot(
        beside,
        target.environment,
        snapshot=target.snapshot,
        leave_out=target.leave_out(major),
        stamp=stamp,
        roles=roles and target.environment.migrations.roles is not None,
    )


def applied(target: Target, state: State) -> Conclusion:
    """Say what the database holds after the snapshot."""
    found = require.database(target, state)
    return Conclusion(
        sentence=f"{target.name}: {target.environment.migrations.snapshot} is loaded, "
        f"{len(found.relations)} relations in {len(found.schemas)} schemas",
        next_command=target.command("db-bootstrap-roles"),
        facts=(("relations", len(found.relations)), ("schemas", found.schemas)),
    )


def bootstrap_roles(target: Target, state: State) -> Runbook:
    """Plan to create the roles and privileges that are missing; it may always run again."""
    require.database(target, state)
    if target.environment.migrations.roles is None:
        return Runbook(
            verb="db-bootstrap-roles",
            environment=target.name,
            reason="migrations.roles names no file for it",
        )
    step = commands.bootstrap_roles(target.backend(state), target.environment)
    return Runbook(verb="db-bootstrap-roles", environment=target.name, steps=(step,))


def roles_ready(target: Target, state: State) -> Conclusion:
    """Say which of the environment's roles exist.

    Raises:
        Problem: one is missing (exit 1).
    """
    found = require.database(target, state)
    missing = missing_roles(target, found)
    if missing:
        raise Problem(
            f"{target.name}: roles are missing",
            where=", ".join(missing),
            why=f"{target.environment.migrations.roles} did not create them",
            next_command=f"add them there, then {target.command('db-bootstrap-roles')}",
        )
    return Conclusion(
        sentence=f"{target.name}: {len(wanted_roles(target))} roles have their privileges"
        f"{_but_the_refresher(target, found)}",
        next_command=target.command("al-up") if found.versions else "",
        facts=(("roles", wanted_roles(target)),),
    )


def _but_the_refresher(target: Target, found: Database) -> str:
    """Return what cannot be granted: before MAINTAIN only the owner of a view refreshes it."""
    refresher, major = target.environment.roles.refresher, found.server_version // 10000
    if not refresher or not major or major >= _MAINTAIN:
        return ""
    return f", but {refresher} may not refresh: PostgreSQL {major} lets only the owner"


def wanted_roles(target: Target) -> tuple[str, ...]:
    """Return the names of the roles the environment declares."""
    roles = target.environment.roles
    named = (roles.owner, roles.migrator, roles.app, roles.readonly, roles.backup, roles.refresher)
    return tuple(each for each in named if each)


def missing_roles(target: Target, found: Database) -> tuple[str, ...]:
    """Return the declared roles the server does not have."""
    return tuple(each for each in wanted_roles(target) if each not in found.roles)


def reset_volume(target: Target, state: State) -> Runbook:
    """Plan to stop the server and remove everything it stores."""
    return Runbook(
        verb="db-reset-volume",
        environment=target.name,
        steps=target.backend(state).remove(),
        destructive=True,
        loses=f"every row of {target.name} is removed",
        reason="there is no data directory",
    )


def removed(target: Target, state: State) -> Conclusion:
    """Say that nothing is stored any more."""
    return Conclusion(
        sentence=f"{target.name}: {target.place.describe(state.service)}",
        next_command=_build(target),
        facts=(("status", state.service.status),),
    )


def _build(target: Target) -> str:
    if target.environment.is_protected:
        return f"{target.command('db-init-from-snapshot')} --force"
    return target.command("al-up")


def init_from_snapshot(target: Target, state: State, *, finish: bool) -> Runbook:
    """Plan to remove what is there and build the database from the snapshot.

    Args:
        target: the environment.
        state: how it is now.
        finish: also stamp the baseline and upgrade to head.
    """
    beside = target.backend(state)
    build = from_nothing(target, blank(target, state), stamp=finish)
    baseline, schemas = target.environment.migrations.baseline, loaded_schemas(target)
    upgrade = upgrading(target, beside, baseline, schemas=schemas) if finish else ()
    return Runbook(
        verb="db-init-from-snapshot",
        environment=target.name,
        steps=(*beside.remove(), *build, *upgrade),
        destructive=True,
        loses=f"every row of {target.name} is removed",
    )


def blank(target: Target, state: State) -> State:
    """Return the state the environment has once everything it stores is removed."""
    service = target.place.blank(state.service)
    gone = Database(exists=False) if service.status == "running" else None
    return State(service=service, database=gone)


def from_nothing(target: Target, state: State, *, stamp: bool) -> tuple[Step, ...]:
    """Return the steps from no server, or an empty database, to the loaded snapshot."""
    beside = target.backend(state)
    return (
        *services.starting(target, state),
        load(target, beside, state, stamp=stamp, roles=True),
    )


def upgrading(
    target: Target,
    beside: Backend,
    current: str,
    wanted: str | None = None,
    *,
    schemas: Iterable[str] | None = None,
) -> tuple[Step, ...]:
    """Return the steps from CURRENT to WANTED; none when it is there.

    Args:
        target: the environment.
        beside: reaches the database.
        current: where it is.
        wanted: where it ends, the head when None.
        schemas: those there are before; in others that are declared the roles get their privileges
            afterwards. Nothing is given when None.
    """
    end = wanted or target.graph.head
    pending = target.graph.between([current], end)
    if not pending:
        return ()
    what = f" ({len(pending)} revisions)" if len(pending) > 1 else ""
    title = f"upgrade to {end}{what}"
    return (
        commands.migrate(beside, "upgrade", end, expected=end, title=title),
        *(() if schemas is None else _granting(target, beside, schemas)),
    )


def _granting(target: Target, beside: Backend, schemas: Iterable[str]) -> tuple[Step, ...]:
    late = late_schemas(target, schemas)
    if not late:
        return ()
    return (
        Step(
            title=f"give the roles their privileges in {', '.join(late)}, once there",
            command=commands.grant_in(beside, target.environment, late),
        ),
    )


def late_schemas(target: Target, schemas: Iterable[str]) -> tuple[str, ...]:
    """Return the declared schemas that are not among SCHEMAS: a revision may make them.

    None where no file gives privileges in them.
    """
    migrations = target.environment.migrations
    there = {*schemas}
    return tuple(each for each in migrations.schemas if migrations.roles and each not in there)


def loaded_schemas(target: Target) -> tuple[str, ...]:
    """Return the schemas of a database that the snapshot was just loaded into."""
    return ("public", *target.snapshot.schemas)


def initialised(target: Target, state: State) -> Conclusion:
    """Say what was built and what still has to be typed."""
    found = require.database(target, state)
    conclusion = applied(target, state)
    if found.versions:
        return replace(
            conclusion,
            sentence=f"{conclusion.sentence}, at {', '.join(found.versions)}",
            next_command=target.command("mv-refresh"),
        )
    baseline = target.environment.migrations.baseline
    return replace(
        conclusion,
        next_command=f"{target.command(f'al-stamp --rev {baseline}')}, "
        f"then {target.command('al-up')}",
    )
