"""The schema snapshot: a plain SQL file that builds an empty database's schema in one transaction.

Reading it, refusing what must not be loaded, naming the lines a load leaves out, and bringing the
output of `pg_dump --schema-only --no-owner --no-privileges` into the one form that is committed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from dbops import snapshot_rules as rules
from dbops.errors import UsageProblem
from dbops.snapshot_text import BEGINNING, Omission, decoded, omissions, pieces, read, saying
from dbops.sql_text import Comment, Piece, Statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["Omission", "Snapshot", "canonical", "lines_to_drop", "load"]

_OLDEST_SERVER = 130000  # a committed snapshot sets nothing that this one does not know
_VOLATILE = ("-- Dumped from ", "-- Dumped by ", "-- Started on ", "-- Completed on ")
_NO_SCHEMA = "-- *not* creating schema, since initdb creates it"
_HEADER = """\
-- The schema of {title}: structure only, without rows, owners and privileges.
-- Written by `inv baseline-export`, which replaces this file. Do not edit it: a change of the
-- schema is a new revision.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A snapshot that may be loaded.

    Attributes:
        path: the file.
        sha256: of its bytes, in hexadecimal.
        lines: how many it has.
        statements: how many of them a load executes on the newest server.
        schemas: those it creates.
        relations: the tables, views, materialized views and sequences it creates, `schema.name`.
        partitions: those of the relations that are partitions, which come and go with their rows.
        extensions: those it creates, which the server must have installed.
        roles: those it names, which must exist before.
        dropped: the lines that every load leaves out; `lines_to_drop` adds those of one server.
    """

    path: Path
    sha256: str
    lines: int
    statements: int
    schemas: tuple[str, ...]
    relations: tuple[str, ...]
    partitions: tuple[str, ...]
    extensions: tuple[str, ...]
    roles: tuple[str, ...]
    dropped: tuple[Omission, ...]


def load(path: Path, *, display: str) -> Snapshot:
    """Return what the snapshot at PATH holds.

    Args:
        path: the file.
        display: how messages name it.

    Raises:
        UsageProblem: it is missing, empty, cut in half or not UTF-8 text (exit 4).
        Refused: it holds something that must not be loaded (exit 3).
    """
    data = read(path, display)
    text = decoded(data, display)
    found = pieces(text, display)
    kept = [each for each in found if isinstance(each, Statement) and not rules.omission(each)]
    return Snapshot(
        path=path,
        sha256=hashlib.sha256(data).hexdigest(),
        lines=text.count("\n") + (not text.endswith("\n")),
        statements=len(kept),
        schemas=_names(rules.schema(each) for each in kept),
        relations=_names(rules.relation(each) for each in kept),
        partitions=_names(rules.partition(each) for each in kept),
        extensions=_names(rules.extension(each) for each in kept),
        roles=_names(sorted(role for each in kept for role in rules.roles(each))),
        dropped=omissions(text, found, display),
    )


def _names(found: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for each in found if each))


def lines_to_drop(
    snapshot_text: str, server_version_num: int, *, display: str = "snapshot"
) -> tuple[Omission, ...]:
    """Return every line that a load into a server of this version leaves out, in order.

    Args:
        snapshot_text: the text of a file that `load` accepted.
        server_version_num: the server's setting of that name, such as 160004.
        display: how messages name it.

    Raises:
        UsageProblem: the text is cut in half (exit 4).
        Refused: a line to leave out holds something else, too, or must not be loaded (exit 3).
    """
    found = pieces(snapshot_text, display)
    return omissions(snapshot_text, found, display, server_version_num)


def canonical(dump_text: str, *, title: str) -> str:
    """Return the output of pg_dump in the form that two dumps of one schema share.

    Without random keys, versions, settings of newer servers and Alembic's bookkeeping, under a
    header of its own; the text of every other statement is untouched. Applying it twice changes
    nothing.

    Args:
        dump_text: the output of `pg_dump --schema-only --no-owner --no-privileges`.
        title: what was dumped, for the header.

    Raises:
        UsageProblem: it is not the whole output of pg_dump (exit 4).
        Refused: it holds something that `load` would refuse (exit 3).
    """
    display = f"the dump of {title}"
    found = pieces(dump_text, display)
    beginning = saying(found, BEGINNING)
    if not beginning:
        raise UsageProblem(
            "this is not the output of pg_dump",
            where=display,
            why=f"it has no {BEGINNING!r}",
            next_command="type the same command again, with PostgreSQL's own pg_dump",
        )
    gone = {line for line, _ in omissions(dump_text, found, display, _OLDEST_SERVER)}
    gone.update(range(1, beginning[0].first_line), _volatile(found))
    body = "\n".join(_without(dump_text.split("\n"), gone)).rstrip("\n")
    return f"{_HEADER.format(title=' '.join(title.split()))}\n{body}\n"


def _volatile(found: Iterable[Piece]) -> Iterator[int]:
    """Yield the lines of comments that differ between dumps, or announce what is left out."""
    for each, following in pairwise(found):
        if isinstance(each, Comment):
            if "\n-- Name: " in each.text and _is_left_out(following):
                yield from each.lines
            for line, text in zip(each.lines, each.text.split("\n"), strict=True):
                if text.startswith(_VOLATILE) or text == _NO_SCHEMA:
                    yield line


def _is_left_out(piece: Piece) -> bool:
    if isinstance(piece, Statement):
        return rules.omission(piece, _OLDEST_SERVER) is not None
    return piece.text == _NO_SCHEMA


def _without(lines: Iterable[str], gone: set[int]) -> Iterator[str]:
    """Yield LINES without those GONE and the blank ones that follow them."""
    is_gone = False
    for number, line in enumerate(lines, start=1):
        is_gone = number in gone or (is_gone and not line.strip())
        if not is_gone:
            yield line
