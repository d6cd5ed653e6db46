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

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def append(journal: Path, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Add ENTRY to JOURNAL (made with mode 0600 when missing) and return it as it was written.

    Concurrent writers queue on a lock of the file itself; the line is on disk when this returns.
    """
    journal.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(journal, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        before = file.read()
        line = _chained(entry, _last(before))
        torn = b"\n" if before and not before.endswith(b"\n") else b""
        file.write(torn + json.dumps(line, ensure_ascii=False).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return line


def _last(content: bytes) -> dict[str, Any]:
    links = (each for each in reversed(_entries(content)) if "hash" in each)
    return next(links, {"sequence": 0, "hash": ""})


def _entries(content: bytes) -> list[dict[str, Any]]:
    lines = content.split(b"\n")  # other line ends may stand inside a text
    return [_parse(each) for each in lines[: None if lines[-1] else -1]]


def _parse(line: bytes) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        return _TORN
    return entry if isinstance(entry, dict) else _TORN


_TORN = {"event": "torn"}  # a line torn by a crash is no link of the chain


def _chained(entry: Mapping[str, Any], previous: Mapping[str, Any]) -> dict[str, Any]:
    line = {"sequence": previous["sequence"] + 1, **entry, "previous": previous["hash"]}
    return {**line, "hash": _digest(line)}


def _digest(line: Mapping[str, Any]) -> str:
    text = json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def read(journal: Path) -> list[dict[str, Any]]:
    """Return the entries of JOURNAL, oldest first; none when there is no file.

    A line torn by a crash is returned as `{"event": "torn"}`: it is no sign of a changed journal.

    Raises:
        Problem: a line was edited, removed or inserted (exit 1).
    """
    if not journal.exists():
        return []
    entries = _entries(journal.read_bytes())
    previous = ""
    for number, entry in enumerate(entries, start=1):
        if entry is not _TORN:
            _check(entry, previous, f"{journal}:{number}")
            previous = entry["hash"]
    return entries


def _check(entry: Mapping[str, Any], previous: str, where: str) -> None:
    body = {key: value for key, value in entry.items() if key != "hash"}
    if entry.get("previous") != previous or _digest(body) != entry.get("hash"):
        raise Problem(
            "the journal was changed after it was written",
            where=where,
            why="the line does not fit the chain of hashes",
        )
