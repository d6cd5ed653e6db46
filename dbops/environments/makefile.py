"""What the Makefile knows of environments.yaml where there is no Python: environments.mk.

`python -m dbops.environments.makefile` writes it beside environments.yaml.
"""

from __future__ import annotations

import os.path
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from dbops.environments.validation import validate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbops.environments.model import EnvironmentsFile, Settings

FILE = Path(__file__).parents[2] / "environments.mk"
_HEAD = """\
# Written from environments.yaml by `python -m dbops.environments.makefile`; edit that file instead.
# `make backup` reads this one, so that a host needs no Python. Paths start where the Makefile is.
"""
_POLYNOMIAL = 0x104C11DB7


def text(file: Path, content: bytes) -> str:
    """Return environments.mk as text; it depends on nothing but CONTENT.

    Args:
        file: where CONTENT was read from, for the errors.
        content: the bytes of environments.yaml.

    Raises:
        UsageProblem: every error in it, each with its file:line:col and path (exit 4).
    """
    parsed = validate(file, content)
    lines = [
        f"CKSUM := {cksum(content)}",
        f"KNOWN := {', '.join(' or '.join(each) for each in _names(parsed))}",
        *(f"NAME.{each} := {names[0]}" for names in _names(parsed) for each in names),
        *(f"RETIRED.{name} := {successor}" for name, successor in parsed.retired.items()),
    ]
    for name, settings in parsed.environments.items():
        lines.append(f"BACKEND.{name} := {settings.backend}")
        if settings.backend == "compose":
            words = " ".join(_backup(name, settings, parsed.project_directory))
            lines.append(f"BACKUP.{name} := {_escaped(words)}")
    return "\n".join((_HEAD + r"HASH := \#", *lines)) + "\n"


def cksum(content: bytes) -> str:
    """Return what the POSIX program cksum prints for CONTENT: its CRC and its size in bytes."""
    size = len(content)
    crc = 0
    for byte in content + size.to_bytes((size.bit_length() + 7) // 8, "little"):
        crc ^= byte << 24
        for _ in range(8):
            crc = crc << 1 ^ (_POLYNOMIAL if crc >> 31 else 0)
    return f"{crc ^ 0xFFFFFFFF} {size}"


def _names(parsed: EnvironmentsFile) -> list[tuple[str, ...]]:
    return [(name, *settings.aliases) for name, settings in parsed.environments.items()]


def _backup(name: str, settings: Settings, directory: str) -> Iterator[str]:
    """Yield the words of scripts/backup.sh, quoted for sh."""
    backup, database = settings.backup, settings.database
    yield f"--environment {name} --directory {_path(directory, backup.directory)}"
    yield f"--keep {backup.keep} --database {shlex.quote(database.name)}"
    yield f"--user {shlex.quote(database.user)} -- docker compose"
    yield f"--project-directory={_path(directory, '.')}"
    if settings.compose:
        yield f"--project-name={settings.compose.project}"
        yield from (f"--file={_path(directory, each)}" for each in settings.compose.files)
        yield from (f"--env-file={_path(directory, each)}" for each in settings.compose.env_files)
        yield f"exec -T {settings.compose.database_service}"


def _path(directory: str, path: str) -> str:
    """Return PATH in DIRECTORY for sh; ~ is the home of whoever runs make, not of this process."""
    whole = path if path.startswith("~") else os.path.join(directory, path)  # noqa: PTH118  text for make, not a path of ours
    normal = os.path.normpath(whole)
    if normal == "~" or normal.startswith("~/"):
        return '"$HOME"' + (shlex.quote(normal[1:]) if normal != "~" else "")
    return shlex.quote(normal)


def _escaped(words: str) -> str:
    """Return WORDS as make's variables hold them: # begins a comment there, even when quoted."""
    return words.replace("$", "$$").replace("#", "$(HASH)")


if __name__ == "__main__":
    source = FILE.with_name("environments.yaml")
    FILE.write_text(text(source, source.read_bytes()), encoding="utf-8")
