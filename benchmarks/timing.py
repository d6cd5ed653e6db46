"""Commands run turn by turn, so that whatever else the machine does meets all of them alike."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Command:
    """A program with where it runs and the whole environment it sees."""

    words: tuple[str, ...]
    directory: Path
    variables: Mapping[str, str]

    def start(self, output: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """Start it with nothing on standard input and everything it says going to OUTPUT."""
        return subprocess.Popen(
            self.words,
            cwd=self.directory,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


@dataclass(frozen=True, slots=True)
class Run:
    """How long a command took, in seconds.

    Attributes:
        wall: from its start to its end.
        cpu: user and system time of it and of the programs it waited for; a PostgreSQL server is
            none of them.
    """

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Sample:
    """The runs of one command."""

    runs: tuple[Run, ...]

    @property
    def wall(self) -> float:
        """Return the median wall time in seconds."""
        return statistics.median(each.wall for each in self.runs)

    @property
    def cpu(self) -> float:
        """Return the median CPU time in seconds."""
        return statistics.median(each.cpu for each in self.runs)

    def __str__(self) -> str:
        walls = [each.wall for each in self.runs]
        return f"{self.wall:.3f} s ({min(walls):.3f}-{max(walls):.3f})"


def once(command: Command) -> Run:
    """Run COMMAND and return what it took.

    Raises:
        RuntimeError: it failed; the message is what it said.
    """
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        child = command.start(said.fileno())
        _, status, used = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            said.seek(0)
            raise RuntimeError(f"{command.words}: {said.read().decode(errors='replace')}")
    return Run(wall=wall, cpu=used.ru_utime + used.ru_stime)


def alternate(
    commands: Mapping[str, Command], runs: int, prepare: Callable[[], object] = lambda: None
) -> dict[str, Sample]:
    """Run the COMMANDS one after another, RUNS rounds after one that does not count.

    Args:
        commands: by the name their sample gets.
        runs: how many rounds are counted.
        prepare: called before each command, outside the clock.
    """
    rounds = []
    for _ in range(runs + 1):
        taken = {}
        for name, command in commands.items():
            prepare()
            taken[name] = once(command)
        rounds.append(taken)
    return {name: Sample(tuple(each[name] for each in rounds[1:])) for name in commands}
