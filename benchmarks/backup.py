"""A proven backup of a database of about 1 GB, beside pg_dump alone: `python -m benchmarks.backup`.

Both dump with the same format and compression. Ours then reads the whole dump back, counts its
rows, hashes it and writes the manifest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import report
from benchmarks.report import Row
from benchmarks.timing import alternate, once
from benchmarks.workbench import ENV

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.workbench import Project

BOUND = 1.3
SCALE = 16  # of the demo data: about 1 GB
RUNS = 3  # each takes a while, and they differ little


def measure(project: Project, runs: int) -> Iterator[Row]:
    """Yield `inv backup` beside the pg_dump it runs."""
    once(project.inv("al-up", *ENV))
    once(project.inv("demo-data", f"--scale={SCALE}", *ENV))
    dump = ("--format=custom", "--compress=zstd:3", f"--file={project.directory / 'raw.dump'}")
    commands = {
        "ours": project.inv("backup", *ENV),
        "theirs": project.command(*project.backend.tool("pg_dump", *dump)),
    }
    found = alternate(commands, min(runs, RUNS))
    what = f"`inv backup` of {_megabytes(project)} MB, beside `pg_dump` alone"
    yield Row(what, found["ours"], found["theirs"], bound=BOUND)


def _megabytes(project: Project) -> int:
    return project.database_bytes() // 1_000_000


if __name__ == "__main__":
    report.run(measure)
