"""Revisions, as Alembic tells them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbops.output.stream import as_json, data, say, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbops.revisions import Graph


def current(found: dict[str, Any], *, machine: bool) -> None:
    """Print the revisions a database is at, the way Alembic does."""
    if machine:
        as_json(found)
    elif found["current"]:
        data("\n".join(_revision(each, found["heads"]) for each in found["current"]))
    else:
        say("no revision")
    if found.get("behind_baseline"):
        say("behind the baseline: the revisions in between are archived")
        say(f"next: {found['behind_baseline']}")


def heads(graph: Graph, *, machine: bool) -> None:
    """Print the heads of the revision files; more than one is a problem of its own."""
    head = graph.head
    if machine:
        as_json({"heads": list(graph.heads)})
    else:
        data(_revision(head, graph.heads))


def _revision(revision: str, all_heads: Sequence[str]) -> str:
    return f"{revision} (head)" if revision in all_heads else revision


def history(found: list[dict[str, Any]], *, machine: bool) -> None:
    """Print every revision, newest first."""
    if machine:
        as_json(found)
        return
    rows = [["", "revision", "title"]]
    for each in found:
        mark = "x" if each["applied"] else " "
        place = " (current)" if each["current"] else ""
        rows.append(
            [
                f"[{mark}]",
                f"{each['revision']}{' (head)' if each['head'] else ''}{place}",
                each["title"],
            ]
        )
    table(rows, prose=True)


def upgrade_sql(text: str) -> None:
    """Print the SQL of an upgrade, or say that there is none."""
    if text.strip():
        data(text.rstrip())
    else:
        say("nothing to upgrade: the database is at head")
