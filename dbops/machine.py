"""Where an environment's commands run: on this machine, or over SSH on its host.

Both answer the same questions, so that an operation does not know where it is.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol

from dbops import runner
from dbops.environments.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dbops.commands.shell import Question
    from dbops.runner import Answer

_CHUNK_BYTES = 1 << 20
_HEAD_BYTES = 4096


class Measured(Frozen):
    """A file: its size in bytes, its sha256, and its first and last 4096 bytes."""

    size: int
    sha256: str
    head: bytes
    tail: bytes


class Machine(Protocol):
    """What can be asked of the machine an environment's commands run on."""

    def foresee(self, *questions: Question) -> None:
        """Prepare for QUESTIONS that will be asked; over SSH, they travel together."""
        ...

    def read(self, words: Sequence[str], *, text: str | None = None) -> Answer:
        """Run WORDS, which change nothing, with TEXT on standard input."""
        ...

    def hand_over(self, words: Sequence[str]) -> int:
        """Run WORDS on this terminal and return the exit code."""
        ...

    def fetch(self, url: str, timeout: float) -> str:
        """Ask URL within TIMEOUT seconds and return why the answer is not 200, empty when it is."""
        ...

    def text(self, path: Path) -> str | None:
        """Return what the small file PATH holds, None when there is none."""
        ...

    def texts(self, directory: Path, pattern: str) -> dict[Path, str]:
        """Return the small files in DIRECTORY whose names match PATTERN."""
        ...

    def measure(self, path: Path) -> Measured | None:
        """Return the size and hash of the file PATH, None when it is no file."""
        ...


class ThisMachine:
    """Everything is here."""

    def foresee(self, *questions: Question) -> None:
        """Do nothing: asking costs no round trip."""

    def read(self, words: Sequence[str], *, text: str | None = None) -> Answer:
        """Run WORDS, which change nothing, with TEXT on standard input."""
        return runner.read(words, text=text)

    def hand_over(self, words: Sequence[str]) -> int:
        """Run WORDS on this terminal and return the exit code."""
        return runner.hand_over(words)

    def fetch(self, url: str, timeout: float) -> str:
        """Ask URL within TIMEOUT seconds and return why the answer is not 200, empty when it is."""
        return runner.fetch(url, timeout)

    def text(self, path: Path) -> str | None:
        """Return what the small file PATH holds, None when there is none."""
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None

    def texts(self, directory: Path, pattern: str) -> dict[Path, str]:
        """Return the small files in DIRECTORY whose names match PATTERN."""
        files = (each for each in directory.glob(pattern) if each.is_file())
        return {each: each.read_text(encoding="utf-8", errors="replace") for each in files}

    def measure(self, path: Path) -> Measured | None:
        """Return the size and hash of the file PATH, None when it is no file."""
        if not path.is_file():
            return None
        digest, tail = hashlib.sha256(), b""
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
            file.seek(0)
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
                tail = (tail + chunk)[-_HEAD_BYTES:]
        return Measured(size=path.stat().st_size, sha256=digest.hexdigest(), head=head, tail=tail)


HERE = ThisMachine()
