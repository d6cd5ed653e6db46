"""Whether snapshot, revisions, models and the live database all say the same schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbops import catalogue, schema_text
from dbops.commands import database as commands
from dbops.errors import Problem
from dbops.operations import authoring, scratch

if TYPE_CHECKING:
    from dbops.operations.scratch import Scratch
    from dbops.state import State
    from dbops.target import Target

_VERB = "baseline-verify"
_VIEWS = ("changed     VIEW ", "changed     MATERIALIZED VIEW ")
_PRINTS_AS_WRITTEN = 160000


def verify(target: Target, state: State) -> dict[str, Any]:
    """Return each part of the comparison with its differences, as data.

    Args:
        target: the environment, at head.
        state: how it is now.

    Raises:
        Refused: the database is not at head (exit 3).
        Problem: the files do not build a database, or something cannot be read (exit 1).
    """
    head = target.graph.head
    authoring.require_head(target, state, head, _VERB)
    now = scratch.live(target, state)
    with scratch.Scratch.of(target, state) as made:
        made.load()
        exported, unread = _file(target, made), ""
        if state.database and state.database.server_version < _PRINTS_AS_WRITTEN:
            exported, unread = _but_views(exported, state.database.server_version // 10000)
        made.upgrade(head)
        wanted = made.catalogue(head)
        check = made.beside.alembic("check", database=made.name)
        models = authoring.model_differences(target, check, _VERB)
    live = [
        f"{each.what} {each.kind} {each.identity}" for each in catalogue.differences(wanted, now)
    ]
    migrations = target.environment.migrations
    return {
        "environment": target.name,
        "head": head,
        "parts": [
            _part(
                f"{migrations.snapshot} and what an export at {migrations.baseline} writes{unread}",
                exported,
            ),
            _part(f"snapshot and revisions up to {head}, and the models", models),
            _part(f"snapshot and revisions up to {head}, and {target.name}", live),
        ],
    }


def _part(what: str, differences: list[str]) -> dict[str, Any]:
    return {"what": what, "differences": differences}


def _file(target: Target, made: Scratch) -> list[str]:
    """Return how the snapshot file differs from an export of what it makes."""
    answer = target.machine.read(commands.schema_dump(made.beside, made.name))
    if answer.code:
        raise Problem(
            f"{target.name}: the schema cannot be dumped",
            where=made.name,
            why=answer.last_line,
            next_command=target.command("doctor"),
        )
    written = target.snapshot.path.read_bytes().decode()
    exported = schema_text.canonical(answer.out)
    if written == exported:
        return []
    found = schema_text.differences(schema_text.objects(exported), schema_text.objects(written))
    return found or [_first_line(exported.split("\n"), written.split("\n"))]


def _but_views(differences: list[str], major: int) -> tuple[list[str], str]:
    """Return DIFFERENCES without the text of views, and what to say of that.

    Before PostgreSQL 16 pg_get_viewdef writes the table before each column of a query of one table.
    The views themselves are compared as objects of the catalogue, in the other parts.
    """
    left = [each for each in differences if not each.startswith(_VIEWS)]
    views = len(differences) - len(left)
    said = f", less the text of {views} views: PostgreSQL {major} prints views otherwise than 16"
    return left, said if views else ""


def _first_line(exported: list[str], written: list[str]) -> str:
    """Return the first line that differs: comments, settings or order, but no object."""
    pairs = zip(exported, written, strict=False)
    at = next((n for n, (wanted, found) in enumerate(pairs) if wanted != found), len(exported) - 1)
    found = written[at] if at < len(written) else ""
    return f"line {at + 1} is {found!r}, an export writes {exported[at]!r}"
