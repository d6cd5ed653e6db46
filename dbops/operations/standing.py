"""Where a database is in its history, and what there is to know of the revisions it has."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from dbops.operations import require
from dbops.output import Conclusion
from dbops.revisions import ARCHIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbops.state import Database, State
    from dbops.target import Target


def where(target: Target, state: State) -> Conclusion:
    """Say which revision the database is at."""
    found = require.database(target, state)
    facts = current(target, state)
    at = place(target, found)
    return Conclusion(
        sentence=f"{target.name}: {at}; {len(found.relations)} relations "
        f"in {len(found.schemas)} schemas",
        next_command=next_command(target, found, "al-up"),
        facts=tuple(facts.items()),
    )


def next_command(target: Target, found: Database, upgrade: str) -> str:
    """Return what to type next: UPGRADE below the head, or what makes the views readable."""
    if not found.objects or sorted(found.versions) != sorted(target.graph.heads):
        return target.command(upgrade)
    return target.command("mv-refresh") if found.unpopulated else ""


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
