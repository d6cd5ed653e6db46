"""The text of a schema snapshot: read, found whole, and refused where it must not be loaded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from dbops import snapshot_rules as rules
from dbops.errors import Refused, UsageProblem
from dbops.sql_text import Comment, MetaCommand, Piece, Statement, UnterminatedError, split

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

BEGINNING = "-- PostgreSQL database dump"
END = "-- PostgreSQL database dump complete"
_EXPORT = "inv baseline-export --env local_dev"

# pg_dump writes these since 17.6, 16.10, 15.14, 14.19 and 13.22 (CVE-2025-8714); the key is random.
_RESTRICT = re.compile(r"\\(?:un)?restrict [A-Za-z0-9]+")
_LINE_REST = re.compile(r"[ \t]*(?:--.*)?$", re.MULTILINE)


class Omission(NamedTuple):
    """A line (from 1) that a load leaves out, and why."""

    line: int
    reason: str


def read(path: Path, display: str) -> bytes:
    """Return the bytes of the file at PATH, which messages call DISPLAY.

    Raises:
        UsageProblem: it cannot be read (exit 4).
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageProblem(
            "the snapshot cannot be read",
            where=display,
            why=(error.strerror or str(error)).lower(),
            next_command=_EXPORT,
        ) from error


def decoded(data: bytes, display: str) -> str:
    """Return DATA as text.

    Raises:
        UsageProblem: it is not UTF-8, or has a byte order mark, NUL bytes or CR LF ends (exit 4).
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        why = f"byte 0x{data[error.start]:02x}: {error.reason}"
        raise _unreadable(data[: error.start].decode(), why, display) from error
    if text.startswith("\ufeff"):
        raise _unreadable("", "an editor put a byte order mark before it", display)
    if "\0" in text:
        raise _unreadable(text.partition("\0")[0], "it holds a NUL byte", display)
    first = text.partition("\n")[0]
    if first.endswith("\r"):
        why = "git or an editor changed its line ends to CR LF, also inside function bodies"
        raise _unreadable(first[:-1], why, display)
    return text


def _unreadable(before: str, why: str, display: str) -> UsageProblem:
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return UsageProblem(
        "the snapshot is not plain UTF-8 text",
        where=f"{display}:{line}:{column}",
        why=why,
        next_command=_EXPORT,
    )


def pieces(text: str, display: str) -> tuple[Piece, ...]:
    """Return the pieces of TEXT, which is whole and may be loaded.

    Raises:
        UsageProblem: it is cut in half, or holds no statement (exit 4).
        Refused: it holds something that must not be loaded (exit 3).
    """
    try:
        found = tuple(split(text))
    except UnterminatedError as error:
        raise _cut(text, str(error), display) from error
    if len(saying(found, BEGINNING)) > len(saying(found, END)):
        raise _cut(text, f"its last lines, with {END!r}, are missing", display)
    _judge(text, found, display)
    if not any(isinstance(each, Statement) for each in found):
        raise UsageProblem(
            "the snapshot is empty",
            where=display,
            why="it holds no statement",
            next_command=_EXPORT,
        )
    return found


def saying(found: Sequence[Piece], line: str) -> list[Comment]:
    """Return the comments outside statements that have this very LINE."""
    comments = (each for each in found if isinstance(each, Comment))
    return [each for each in comments if line in each.text.split("\n")]


def omissions(
    text: str, found: Sequence[Piece], display: str, server_version_num: int | None = None
) -> tuple[Omission, ...]:
    """Return the lines a load into a server of this version leaves out, in order.

    Args:
        text: the script.
        found: its pieces.
        display: how messages name it.
        server_version_num: such as 160004; None: what every load leaves out.

    Raises:
        Refused: such a line holds something else, too (exit 3).
    """
    left_out: list[Omission] = []
    for each in found:
        if reason := _reason(each, server_version_num):
            if not _has_its_lines_alone(each, text):
                where = f"{display}:{each.first_line}"
                why = f"it is left out by whole lines: {reason}"
                raise Refused(
                    "a statement shares a line with something else",
                    where=where,
                    why=why,
                    next_command=f"give it lines of its own, or {_EXPORT}",
                )
            left_out += [Omission(line, reason) for line in each.lines]
    return tuple(left_out)


def _reason(piece: Piece, server_version_num: int | None) -> str | None:
    if isinstance(piece, MetaCommand):
        return "a key of pg_dump for psql"
    return rules.omission(piece, server_version_num) if isinstance(piece, Statement) else None


def _has_its_lines_alone(piece: Piece, text: str) -> bool:
    before = text[text.rfind("\n", 0, piece.start) + 1 : piece.start]
    return not before.strip() and bool(_LINE_REST.match(text, piece.end))


def _cut(text: str, why: str, display: str) -> UsageProblem:
    last = text.rstrip("\n").count("\n") + 1
    return UsageProblem(
        "the snapshot is cut in half",
        where=f"{display}:{last}",
        why=why,
        next_command=_EXPORT,
    )


def _judge(text: str, found: Sequence[Piece], display: str) -> None:
    lines = text.split("\n")
    for each in found:
        where = f"{display}:{each.first_line}"
        if isinstance(each, MetaCommand) and not _RESTRICT.fullmatch(lines[each.first_line - 1]):
            command = each.text.split(maxsplit=1)[0]
            raise _refused(f"the psql command {command}", where, "only SQL may be loaded")
        if isinstance(each, Statement) and (refusal := rules.refusal(each)):
            raise _refused(refusal.words, where, refusal.reason)


def _refused(words: str, where: str, why: str) -> Refused:
    return Refused(
        f"the snapshot holds {words}",
        where=where,
        why=why,
        next_command=f"remove it, or {_EXPORT}",
    )
