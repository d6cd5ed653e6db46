"""Which revision's schema a database really has, whatever its version row says."""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING, Any

from dbops import catalogue, output
from dbops.errors import Locked, Problem
from dbops.operations import require, scratch, walk
from dbops.operations.drift import described

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dbops.catalogue import Catalogue, Difference
    from dbops.state import Database, State
    from dbops.target import Target

    Compared = Mapping[str, Sequence[Difference]]

PRIVILEGES = {"owner", "grant", "revoke", "default privileges", "role", "membership"}


def which(target: Target, state: State) -> dict[str, Any]:
    """Return which revisions have the schema of the database, or the nearest, as data.

    Compared first is the revision the database claims, with those beside it; all others only when
    that one differs.

    Args:
        target: the environment.
        state: how it is now.

    Returns:
        `revisions`, all with just this schema; `nearest`, the first of them or else the one with
        the fewest `differences`; what the database `says` about itself; and what to type `next`.

    Raises:
        Problem: the database is empty, or a catalogue cannot be read (exit 1).
        Locked: another comparison is building a schema (exit 75).
    """
    found = require.database(target, state)
    if not found.objects:
        raise Problem(
            f"{target.name}: the database is empty",
            where=target.environment.database.name,
            why="it has the schema of no revision",
            next_command=target.command("al-up"),
        )
    now = scratch.live(target, state)
    claimed = _claimed(target, found)
    compared = _around(target, state, now, claimed) or _everywhere(target, state, now)
    nearest = _nearest(compared, claimed or require.recorded(target, found))
    says = _says(target, found, nearest)
    return {
        "environment": target.name,
        "versions": list(found.versions),
        "says": says,
        "revisions": [each for each, differing in compared.items() if not differing],
        "nearest": nearest,
        "compared": len(compared),
        "differences": [described(each) for each in compared[nearest]],
        "next": _next(target, found, says, nearest, compared[nearest]),
    }


def _claimed(target: Target, found: Database) -> str | None:
    """Return the one revision the database says it is at, if this history has it."""
    version = found.versions[0] if len(found.versions) == 1 else None
    return version if version in walk.history(target) else None


def _around(target: Target, state: State, now: Catalogue, claimed: str | None) -> Compared:
    """Return the claimed revision and those beside it with its schema; nothing if it differs."""
    if claimed is None:
        return {}
    equal: dict[str, Sequence[Difference]] = {}
    waiting = [claimed]
    while waiting:
        current = waiting.pop()
        wanted = _expected(target, state, current, must=current == claimed)
        if wanted is not None and not catalogue.differences(wanted, now):
            equal[current] = ()
            waiting += [each for each in _beside(target, current) if each not in equal]
    return {each: () for each in walk.history(target) if each in equal}


def _beside(target: Target, revision: str) -> Iterator[str]:
    for each in walk.history(target):
        if each in target.graph[revision].parents or revision in target.graph[each].parents:
            yield each


def _expected(target: Target, state: State, revision: str, *, must: bool) -> Catalogue | None:
    try:
        return scratch.expected(target, state, revision, any_roles=True)
    except Locked:
        raise
    except Problem:
        if must:
            raise
        return None  # what cannot be built has no schema to be equal to


def _everywhere(target: Target, state: State, now: Catalogue) -> Compared:
    """Return how the schema differs from each revision's.

    Also behind a match: what one revision adds and a later one drops gives one schema twice.
    """
    compared: dict[str, Sequence[Difference]] = {}
    with closing(walk.catalogues(target, state)) as walked:
        for revision, wanted in walked:
            compared[revision] = differing = catalogue.differences(wanted, now)
            told = output.count(len(differing), "difference") if differing else "no difference"
            output.say(f"  {revision}: {told}")
    return compared


def _nearest(compared: Compared, claimed: str | None) -> str:
    """Return the revision with the fewest differences; the claimed one, or the first, of equals.

    Revisions that only change rows have the schema of the one before.
    """

    def distance(revision: str) -> tuple[int, bool]:
        found = compared[revision]
        return sum(1 + len(each.consequences) for each in found), revision != claimed

    return min(compared, key=distance)


def _says(target: Target, found: Database, nearest: str) -> str:
    """Return what the version row is worth, in one word."""
    if target.graph.archived.keys() & {*found.versions}:
        return "behind"
    if len(found.versions) != 1:
        return "several" if found.versions else "nothing"
    if _claimed(target, found) is None:
        legacy = target.environment.migrations.legacy_heads
        return "legacy" if found.versions[0] in legacy else "unknown"
    return "right" if found.versions[0] == nearest else "wrong"


def _next(
    target: Target, found: Database, says: str, nearest: str, differing: Sequence[Difference]
) -> str:
    """Return the command that brings version row and schema together; empty when they are."""
    if says == "behind":
        archived = target.graph.archived
        return require.catching_up(
            target, next(archived[each] for each in found.versions if each in archived)
        )
    if says == "right":
        behind = nearest not in target.graph.heads
        return target.command("drift") if differing else target.command("al-up") if behind else ""
    if is_for_bootstrap(target, differing):
        return f"{target.command('db-bootstrap-roles')}, then {target.command('al-which')}"
    is_baseline = nearest == target.environment.migrations.baseline
    stamp = target.command(f"al-stamp --rev {nearest}")
    if says == "unknown" and not is_baseline:
        again = f"git pull, then {target.command('al-which')}"
        return again if differing else f"{again}; or {stamp}, when its file is lost for good"
    if says != "wrong" and is_baseline:
        return target.command("al-adopt")
    return f"{stamp}, then {target.command('drift')}" if differing else stamp


def is_for_bootstrap(target: Target, differing: Sequence[Difference]) -> bool:
    """Return whether nothing differs but owners and privileges that the roles' file gives."""
    given = [each for each in differing if each.what != catalogue.What.UNEXPECTED]
    only = all(each.kind in PRIVILEGES and _is_declared(target, each) for each in differing)
    return bool(target.environment.migrations.roles and given and only)


def _is_declared(target: Target, found: Difference) -> bool:
    """Return whether FOUND is about a schema the roles' file gives privileges in.

    Schema public keeps its owner: pg_dump takes another one for a change of the schema.
    """
    if (found.kind, found.identity) == ("owner", "schema public"):
        return False
    words = re.split(r"[ .,()]", found.identity)
    return not {*words}.isdisjoint(target.environment.migrations.schemas)
