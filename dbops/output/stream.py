"""The streams: data to stdout, progress and questions to stderr; nothing else prints."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


def data(text: str) -> None:
    """Print TEXT, the answer, on stdout."""
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # a text stream
    print(text)


def as_json(value: Any) -> None:  # JSON is any of them
    """Print VALUE as one JSON document on stdout."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def say(text: str) -> None:
    """Print TEXT, something about the work, on stderr."""
    sys.stderr.reconfigure(errors="replace")  # type: ignore[union-attr]  # a text stream
    print(text, file=sys.stderr, flush=True)


def said(out: str, error: str) -> None:
    """Print what another process wrote, each stream on our own."""
    if error.strip():
        say(error.rstrip())
    if out.strip():
        data(out.rstrip())


def table(rows: Sequence[Sequence[str]]) -> None:
    """Print ROWS on stdout: aligned for a person, separated by tabs in a pipe."""
    if not sys.stdout.isatty():
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
