"""Shell text from words. Everything that reaches a shell is quoted by this module."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

from dbops.environments.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

# The directory of the run, the script's only argument.
RUN = '"$1"'


class Question(Frozen):
    """A command that changes nothing, and what it finds on standard input."""

    words: tuple[str, ...]
    text: str | None = None


class Brought(Frozen):
    """Files where the database's programs can read them.

    Attributes:
        fetch: shell text that brings them there; empty when they are there already.
        paths: their paths there, each a shell word.
        remove: shell text that takes them away again.
    """

    fetch: str = ""
    paths: tuple[str, ...]
    remove: str = ""

    def around(self, command: str) -> str:
        """Return COMMAND with the files brought before it and removed whatever becomes of it."""
        if not self.remove:
            return lines(self.fetch, command)
        failed = f'{{ code=$?; {self.remove}; exit "$code"; }}'
        return lines(self.fetch, f"{command} || {failed}", self.remove)


def words(*parts: str | Path) -> str:
    """Return PARTS as one shell command, each quoted where it has to be."""
    return shlex.join(str(each) for each in parts)


def with_environment(variables: Mapping[str, str], command: str) -> str:
    """Return COMMAND run with VARIABLES added, through env(1)."""
    settings = " ".join(shlex.quote(f"{name}={value}") for name, value in variables.items())
    return f"env {settings} {command}"


def local_alembic(directory: Path, config: Path, *arguments: str) -> str:
    """Return Alembic's command for what needs no database and writes into the checkout."""
    alembic = words(sys.executable, "-m", "alembic", "--config", config, *arguments)
    return f"{words('cd', directory)} && {alembic}"


def by_kind(said: str) -> dict[str, list[str]]:
    """Return the lines of SAID by the first word of each, without that word."""
    found: dict[str, list[str]] = {}
    for line in said.split("\n"):  # other line ends may stand inside a text
        kind, _, text = line.partition(" ")
        found.setdefault(kind, []).append(text)
    return found


def lines(*commands: str) -> str:
    """Return COMMANDS one after another; a step stops at the first that fails."""
    return "\n".join(each for each in commands if each)


def equals(command: str, expected: str) -> str:
    """Return a test that COMMAND prints exactly EXPECTED, which says what it found if not."""
    quoted = shlex.quote(expected)
    return (
        f'found=$({command})\n[ "$found" = {quoted} ] || '
        f'{{ echo "expected "{quoted}", found $found"; exit 1; }}'
    )


def has_sha256(path: Path, digest: str) -> str:
    """Return a test that the file at PATH still has the sha256 it was planned with."""
    file = shlex.quote(str(path))
    changed = shlex.quote(f"{path} changed after the plan was made")
    return (
        f"case $(sha256sum <{file} 2>/dev/null || shasum -a 256 <{file}) in "
        f"{digest}*) ;; *) echo {changed}; exit 1 ;; esac"
    )


def without_lines(path: Path, numbers: Iterable[int], target: str) -> str:
    """Return a command that copies the file at PATH to TARGET, leaving out lines by NUMBERS."""
    edits = ";".join(f"{number}d" for number in numbers)
    return f"sed -e {shlex.quote(edits)} {shlex.quote(str(path))} >{target}"


def unless_well(*undo: str) -> str:
    """Return the shell text after which UNDO runs when the step ends badly."""
    # Under a name of its own: who cancels a run ends the sessions that bear the run's.
    undoing = "; ".join(("export PGAPPNAME=dbops:undo", *undo))
    return words("trap", f"[ $? -eq 0 ] || {{ {undoing}; }}", "EXIT")
