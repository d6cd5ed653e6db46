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
    with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        before = file.read()
        line = _chained(entry, _last(before))
        torn = "\n" if before and not before.endswith("\n") else ""
        file.write(f"{torn}{json.dumps(line, ensure_ascii=False)}\n")
        file.flush()
        os.fsync(file.fileno())
    return line


def _last(text: str) -> dict[str, Any]:
    for line in reversed(text.splitlines()):
        try:
            return dict(json.loads(line))
        except ValueError:
            continue  # a line torn by a crash is no link of the chain
    return {"sequence": 0, "hash": ""}


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
    entries: list[dict[str, Any]] = []
    previous = ""
    for number, text in enumerate(journal.read_text(encoding="utf-8").splitlines(), start=1):
        entry = _parse(text)
        if "hash" in entry:
            _check(entry, previous, f"{journal}:{number}")
            previous = entry["hash"]
        entries.append(entry)
    return entries


def _parse(text: str) -> dict[str, Any]:
    try:
        return dict(json.loads(text))
    except ValueError:
        return {"event": "torn"}


def _check(entry: Mapping[str, Any], previous: str, where: str) -> None:
    body = {key: value for key, value in entry.items() if key != "hash"}
    if entry.get("previous") != previous or _digest(body) != entry["hash"]:
        raise Problem(
            "the journal was changed after it was written",
            where=where,
            why="the line does not fit the chain of hashes",
        )
