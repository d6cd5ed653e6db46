"""The streams: data to stdout, progress and questions to stderr; nothing else prints."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO

from dbops.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

# What wrapped text needs at least, and what stands between two columns.
_PROSE_COLUMNS = 30
_BETWEEN = 3


def data(text: str) -> None:
    """Print TEXT, the answer, on stdout.

    Raises:
        Problem: it cannot be written, for the disk is full (exit 1).
    """
    try:
        _write(sys.stdout, text)
    except OSError as error:
        raise Problem(
            "the answer could not be written",
            where="standard output",
            why=error.strerror or str(error),
            next_command="make room there, then type the same command again",
        ) from error


def as_json(value: Any) -> None:  # JSON is any of them
    """Print VALUE as one JSON document on stdout."""
    data(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def say(text: str) -> None:
    """Print TEXT, something about the work, on stderr; what nobody can read stops no work."""
    with suppress(OSError):
        _write(sys.stderr, text)


def _write(stream: TextIO | None, text: str) -> None:
    """Write TEXT as a line; a reader that left, as `| head` does, is no failure.

    Raises:
        OSError: it cannot be written.
    """
    if stream is None:  # a timer may start us with it closed
        return
    try:
        stream.reconfigure(errors="replace")  # type: ignore[attr-defined]  # a text stream
        print(text, file=stream, flush=True)
    except OSError as error:
        _discard(stream)
        if not isinstance(error, BrokenPipeError):
            raise


def _discard(stream: TextIO) -> None:
    """Send what STREAM still holds, which Python writes again at its end, nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def said(out: str, error: str) -> None:
    """Print what another process wrote, each stream on our own."""
    if error.strip():
        say(error.rstrip())
    if out.strip():
        data(out.rstrip())


def table(rows: Sequence[Sequence[str]], *, prose: bool = False) -> None:
    """Print ROWS on stdout: aligned for a person, separated by tabs in a pipe.

    Args:
        rows: the heads of the columns, then the rows.
        prose: the last column may be wrapped; what is in the others can be selected and pasted.
    """
    if not (sys.stdout and sys.stdout.isatty()):
        data("\n".join("\t".join(row) for row in rows))
        return
    from rich.cells import cell_len  # only a terminal needs it
    from rich.console import Console

    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    if prose:
        widths[-1] = min(widths[-1], _PROSE_COLUMNS)
    console = Console()
    if sum(widths) + _BETWEEN * len(widths) > console.width:
        data("\n\n".join(_record(rows[0], row) for row in rows[1:]))
    else:
        _print_grid(console, rows)


def _record(heads: Sequence[str], row: Sequence[str]) -> str:
    width = max(map(len, heads))
    return "\n".join(f"{head:<{width}}  {cell}" for head, cell in zip(heads, row, strict=True))


def _print_grid(console: Console, rows: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.table import Column, Table
    from rich.text import Text

    heads = (Column(each, no_wrap=each != rows[0][-1]) for each in rows[0])
    grid = Table(*heads, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows[1:]:
        grid.add_row(*map(Text, row))  # brackets are no markup
    console.print(grid)


def facts(found: dict[str, Any], *, machine: bool) -> None:
    """Print one line a fact, or all of them as JSON."""
    if machine:
        as_json(found)
        return
    width = max(len(each) for each in found)
    data("\n".join(f"{key:<{width}}  {value or '-'}" for key, value in found.items()))


def count(number: int, noun: str) -> str:
    """Return NUMBER with NOUN, in the plural where it is one."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def is_terminal() -> bool:
    """Return whether a person sits at both ends."""
    # A timer may start us with standard input closed, which is None then.
    return bool(sys.stdin and sys.stdin.isatty() and sys.stderr.isatty())


def ask(question: str) -> str:
    """Return the line a person types as an answer to QUESTION; empty at the end of input."""
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()
