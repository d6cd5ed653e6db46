"""The figures as one Markdown table, under the facts of the machine they were taken on."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from benchmarks.workbench import Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from benchmarks.timing import Sample


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison.

    Attributes:
        what: ours, and what it stands beside.
        ours: the runs of this tool.
        theirs: those of the other; None when the bound is a number of seconds.
        bound: the largest ratio, or number of seconds, that is good enough; None when there is no
            promise.
    """

    what: str
    ours: Sample
    theirs: Sample | None = None
    bound: float | None = None

    @property
    def ratio(self) -> float | None:
        """Return ours as a part of theirs, wall time by wall time."""
        return self.ours.wall / self.theirs.wall if self.theirs else None

    @property
    def holds(self) -> bool:
        """Return whether the bound, if there is one, is kept."""
        return self.bound is None or (self.ratio or self.ours.wall) <= self.bound

    def cells(self) -> Sequence[str]:
        """Return the row's cells as text."""
        unit = "" if self.theirs else " s"
        bound = "" if self.bound is None else f"<= {self.bound:g}{unit}"
        return (
            self.what,
            str(self.ours),
            str(self.theirs or ""),
            f"{self.ratio:.2f}" if self.ratio else "",
            f"{self.ours.cpu / self.theirs.cpu:.2f}" if self.theirs else "",
            bound if self.holds else f"{bound}, MISSED",
        )


HEADER = ("what", "dbops", "instead", "ratio", "ratio of CPU", "bound")


def run(*benchmarks: Callable[[Project, int], Iterable[Row]]) -> None:
    """Run BENCHMARKS, each on a project of its own, and end with 1 when a bound is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--runs", type=_runs, default=11, help="how often each is timed")
    runs = parser.parse_args().runs
    rows: list[Row] = []
    for each in benchmarks:
        with Project() as project:
            if not rows:
                print(f"{facts(project)}\n")
            rows += each(project, runs)
    print(f"Median of {counted(rows)} runs after a warm-up, with the fastest and the slowest.\n")
    print(table([HEADER, *(row.cells() for row in rows)]))
    sys.exit(not all(row.holds for row in rows))


def counted(rows: Sequence[Row]) -> str:
    """Return how many runs the medians of ROWS are of; what takes long has fewer."""
    counts = {len(row.ours.runs) for row in rows}
    return " to ".join(str(each) for each in sorted({min(counts), max(counts)}))


def _runs(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of runs")
    return int(text)


def facts(project: Project) -> str:
    """Return what the figures depend on."""
    libraries = ", ".join(f"{each} {version(each)}" for each in ("invoke", "alembic", "sqlalchemy"))
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, load {load}; "
        f"Python {platform.python_version()}, {project.postgresql()}; {libraries}"
    )


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return ROWS, the first of them the header, as a Markdown table with aligned columns."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    rule = ["-" * width for width in widths]
    return "\n".join(
        "| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in (rows[0], rule, *rows[1:])
    )
