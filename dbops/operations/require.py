"""What a verb needs before it can be planned; each function returns it or refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbops import environments
from dbops.errors import Problem, Refused, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbops.environments.model import Environment
    from dbops.state import Database, State
    from dbops.target import Target


SHOWN = 5


def shortened(names: list[str]) -> str:
    """Return the first few of NAMES in a line, and whether there are more."""
    return ", ".join(names[:SHOWN]) + (" ..." if len(names) > SHOWN else "")


def server(target: Target, state: State) -> Database:
    """Return what the running server said about the database.

    Raises:
        Unreachable: the server does not run (exit 69).
    """
    if state.database is None:
        raise Unreachable(
            f"{target.name}: PostgreSQL is not running",
            where=target.environment.database.name,
            why=target.place.describe(state.service),
            next_command=target.command("up"),
        )
    return state.database


def database(target: Target, state: State) -> Database:
    """Return the existing database.

    Raises:
        Unreachable: the server does not run, or has no such database (exit 69).
    """
    found = server(target, state)
    if not found.exists:
        raise Unreachable(
            f"{target.name}: there is no database {target.environment.database.name}",
            where=target.place.describe(state.service),
            why="it was never created, or was dropped",
            next_command=target.command("up"),
        )
    if not found.is_open:
        raise Problem(
            f"{target.name}: the database {target.environment.database.name} is closed",
            where=target.place.describe(state.service),
            why="a restore was interrupted while it swapped the databases; nothing is lost",
            next_command=target.command("up"),
        )
    return found


def binaries(target: Target, state: State) -> None:
    """Refuse to start a data directory of another major version.

    Raises:
        Problem: the binaries cannot open it (exit 1).
    """
    service = state.service
    if service.status == "stopped" and service.major != service.binaries_major:
        raise Problem(
            f"{target.name}: the data directory is of PostgreSQL {service.major}, "
            f"the binaries are {service.binaries_major}",
            where=str(service.data),
            why="a server opens only data directories of its own major version",
            next_command=f"DBOPS_POSTGRES_BIN=.../{service.major}/bin {target.command('up')}",
        )


def unprotected(target: Target, words: str, fits: Callable[[Environment], object]) -> None:
    """Refuse a verb that makes no sense on a protected environment.

    Args:
        target: the environment.
        words: the verb and its options.
        fits: whether the verb works on another environment, for the message.

    Raises:
        Refused: the environment is protected (exit 3).
    """
    if not target.environment.is_protected:
        return
    every = environments.load(target.environment.file).environments.values()
    others = [each for each in every if not each.is_protected and fits(each)]
    local = next((each for each in others if each.host is None), None)
    raise Refused(
        f"{target.name} is protected",
        where=words.split(maxsplit=1)[0],
        why="this command is for environments whose rows nobody needs",
        next_command=local.command(words)
        if local
        else f"add an unprotected environment to {target.environment.file.name}",
    )


def version(target: Target, found: Database) -> str | None:
    """Return the one revision the database is at, None when it has no version row.

    Raises:
        Problem: there are several rows (exit 1).
    """
    if len(found.versions) > 1:
        newest = _newest(target, found)
        raise Problem(
            f"{target.name}: alembic_version holds {len(found.versions)} rows",
            where=", ".join(found.versions),
            why="two branches were applied, or somebody edited the table",
            next_command=target.command(f"al-stamp --rev {newest}" if newest else "al-which"),
        )
    return found.versions[0] if found.versions else None


def _newest(target: Target, found: Database) -> str | None:
    """Return the row that follows all others, None where none does."""
    rows = set(found.versions)
    return next((each for each in rows if rows <= target.graph.ancestors([each])), None)


def recorded(target: Target, found: Database) -> str | None:
    """Return the revision at which the database's own log ends; None where it does not tell.

    The log goes with the rows, into a dump as well: it knows what a lost version row said.
    """
    operation, revision = found.recorded or ("", "")
    if operation == "downgrade":
        below = target.graph[revision].parents if revision in target.graph else ()
        return below[0] if len(below) == 1 else None
    return revision if operation in {"upgrade", "stamp", "adopt"} and revision else None


def missing(target: Target, found: Database) -> list[str]:
    """Return the relations of the snapshot that are not there, but for partitions."""
    snapshot = target.snapshot
    return sorted({*snapshot.relations} - {*snapshot.partitions} - {*found.relations})


def holds_some(target: Target, found: Database) -> bool:
    """Return whether any relation of the snapshot is there."""
    return not {*target.snapshot.relations}.isdisjoint(found.relations)


def known_version(target: Target, found: Database) -> str | None:
    """Return the revision the database is at, which this checkout knows.

    Raises:
        Problem: the revision is a legacy head, or has no file here (exit 1).
        Refused: it is behind the baseline (exit 3).
    """
    current = version(target, found)
    if current is None or current in target.graph:
        return current
    not_behind(target, current)
    if current in target.environment.migrations.legacy_heads:
        raise Problem(
            f"{target.name} is at {current}, the head of the legacy history",
            where=f"{target.environment.database.name}, alembic_version",
            why="its rows stay; the database only has to be told its place in the new history",
            next_command=target.command("al-adopt"),
        )
    raise Problem(
        f"{target.name} is at {current}, which this checkout does not know",
        where=str(target.versions),
        why="the database is newer than the checkout, or belongs to another history",
        next_command=f"git pull, or {target.command('al-which')}",
    )


def not_behind(target: Target, current: str) -> None:
    """Refuse a database whose revisions left the checkout when the baseline was moved past it.

    Raises:
        Refused: CURRENT is archived; another commit upgrades it first (exit 3).
    """
    if current in target.graph.archived:
        baseline = target.environment.migrations.baseline
        raise Refused(
            f"{target.name} is at {current}, behind the baseline {baseline}",
            where=f"{target.environment.database.name}, alembic_version",
            why="the revisions in between are archived; the last commit that runs them is "
            f"{target.graph.archived[current]}",
            next_command=catching_up(target, target.graph.archived[current]),
        )


def catching_up(target: Target, commit: str) -> str:
    """Return what to type for an environment behind the baseline, which COMMIT still upgrades."""
    if target.environment.remote:
        deploy = target.command("deploy --no-pull")
        return f"on its host: git merge --ff-only {commit}; then {deploy}"
    return f"git switch --detach {commit}; {target.command('al-up')}; git switch -"
