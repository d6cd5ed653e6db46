"""The lock of an environment on this machine: one command at a time changes it.

It is a file descriptor that a run's script inherits: it is held until the script ends, and nothing
has to be cleaned up afterwards.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dbops.errors import Locked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

POLL_SECONDS = 0.2


@contextmanager
def hold(
    path: Path, holder: Mapping[str, str], *, wait_seconds: float, waiting: Callable[[str], None]
) -> Iterator[int]:
    """Hold the lock file PATH, naming HOLDER in it, and give its descriptor.

    Args:
        path: the lock file; made when missing, never removed.
        holder: who, verb and since, for the people who wait.
        wait_seconds: how long to wait for another holder.
        waiting: called once, with who holds it, when there is one.

    Raises:
        Locked: another process still holds it after WAIT_SECONDS (exit 75).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take(descriptor, path, wait_seconds, waiting)
        name_holder(descriptor, holder)
        yield descriptor
    finally:
        os.close(descriptor)


def name_holder(lock: int, holder: Mapping[str, str]) -> None:
    """Write into the lock file open as LOCK who holds it: a line of JSON, as a host writes it."""
    text = json.dumps(holder, ensure_ascii=False, separators=(",", ":"))
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{text}\n".encode(), 0)


def _take(descriptor: int, path: Path, wait_seconds: float, waiting: Callable[[str], None]) -> None:
    deadline = time.monotonic() + wait_seconds
    told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            text = _holder(path)
            if time.monotonic() >= deadline:
                raise Locked(
                    "another command is changing this environment",
                    where=str(path),
                    why=text or "its holder has only just begun",
                    next_command="wait for it, then type the same command again",
                ) from None
            if text and not told:
                waiting(text)
                told = True
            time.sleep(POLL_SECONDS)
        else:
            return


def _holder(path: Path) -> str:
    """Return who holds the lock, empty in the moment before the holder has written it."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return ""
    return f"{facts['verb']} by {facts['who']}, since {facts['since']}"
