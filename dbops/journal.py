"""An append-only record of every change: JSON lines, each holding the hash of the one before.

A chain shows edits, deletions and insertions in the middle; it cannot show a tail that was cut off.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

from dbops.errors import Problem

_HASH = ',"hash":"'

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def append(journal: Path, entry: Mapping[str, Any]) -> None:
    """Add ENTRY to JOURNAL, which is made with mode 0600 when missing.

    Concurrent writers queue on a lock of the file itself; the line is on disk when this returns.
    """
    journal.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(journal, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        before = file.read()
        line = _chained(entry, _last(before))
        torn = "\n" if before and not before.endswith(b"\n") else ""
        file.write(f"{torn}{line}\n".encode())
        file.flush()
        os.fsync(file.fileno())


def _last(content: bytes) -> dict[str, Any]:
    lines = content.split(b"\n")
    links = (each for line in reversed(lines) if "hash" in (each := _parse(line)))
    return next(links, {"sequence": 0, "hash": ""})


def _parse(line: bytes) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        return _TORN
    return entry if isinstance(entry, dict) else _TORN


_TORN = {"event": "torn"}  # a line torn by a crash is no link of the chain


def _chained(entry: Mapping[str, Any], previous: Mapping[str, Any]) -> str:
    """Return ENTRY as a line: its hash is that of the text before it, which `sh` can make, too."""
    members = {"sequence": previous["sequence"] + 1, **entry, "previous": previous["hash"]}
    text = json.dumps(members, ensure_ascii=False, separators=(",", ":"))[:-1]
    return f'{text}{_HASH}{_digest(text.encode())}"}}'


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def read(journal: Path) -> list[dict[str, Any]]:
    """Return the entries of JOURNAL, oldest first; none when there is no file.

    Raises:
        Problem: a line was edited, removed or inserted (exit 1).
    """
    return entries(journal.read_bytes(), str(journal)) if journal.exists() else []


def entries(content: bytes, where: str, *, whole: bool = True) -> list[dict[str, Any]]:
    """Return the entries of a journal's CONTENT, oldest first.

    A line torn by a crash is returned as `{"event": "torn"}`: it is no sign of a changed journal.

    Args:
        content: the file, or its last lines.
        where: the file's name, for the error.
        whole: whether it begins with the first line.

    Raises:
        Problem: a line was edited, removed or inserted (exit 1).
    """
    lines = content.split(b"\n")  # other line ends may stand inside a text
    found: list[dict[str, Any]] = []
    previous = "" if whole else None
    for number, line in enumerate(lines[: None if lines[-1] else -1], start=1):
        entry = _parse(line)
        if entry is not _TORN:
            _check(line, entry, previous, f"{where}:{number}")
            previous = entry["hash"]
        found.append(entry)
    return found


def _check(line: bytes, entry: Mapping[str, Any], previous: str | None, where: str) -> None:
    text, _, rest = line.rpartition(_HASH.encode())
    fits = previous is None or entry.get("previous") == previous
    if not fits or rest != f'{_digest(text)}"}}'.encode():
        raise Problem(
            "the journal was changed after it was written",
            where=where,
            why="the line does not fit the chain of hashes",
            next_command="find out who did; then move the file aside, and a new chain begins",
        )
