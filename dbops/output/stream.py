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


def table(rows: Sequence[Sequence[str]]) -> None:
    """Print ROWS on stdout: aligned for a person, separated by tabs in a pipe."""
    if not (sys.stdout and sys.stdout.isatty()):
        data("\n".join("\t".join(row) for row in rows))
        return
    from rich import box  # only a terminal needs it
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(*rows[0], box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows[1:]:
        grid.add_row(*map(Text, row))  # brackets are no markup
    Console().print(grid)


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
