"""What a command costs before it does anything: `python -m benchmarks.startup`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import report
from benchmarks.report import Row
from benchmarks.timing import alternate, once
from benchmarks.workbench import ENV

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.workbench import Project

LIST_BOUND = 1.2
AT_HEAD_BOUND = 0.5

_TRIVIAL = '''\
from invoke import task


@task
def nothing(c):
    """Do nothing."""
'''


def measure(project: Project, runs: int) -> Iterator[Row]:
    """Yield the listing beside that of a trivial tasks.py, and the verbs at head beside Alembic."""
    yield listing(project, runs)
    yield from at_head(project, runs)


def listing(project: Project, runs: int) -> Row:
    """Compare listing this tool's commands with listing one that does nothing."""
    trivial = project.directory / "trivial"
    trivial.mkdir()
    (trivial / "tasks.py").write_text(_TRIVIAL, encoding="utf-8")
    commands = {"ours": project.inv("--list"), "theirs": project.inv("--list", tasks=trivial)}
    what = "`inv --list`, beside that of one trivial task"
    found = alternate(commands, runs)
    return Row(what, found["ours"], found["theirs"], bound=LIST_BOUND)


def at_head(project: Project, runs: int) -> Iterator[Row]:
    """Compare asking, and having nothing to upgrade, with Alembic asking the same database."""
    once(project.inv("al-up", *ENV))
    found = alternate(
        {
            "al-cur": project.inv("al-cur", *ENV),
            "al-up": project.inv("al-up", *ENV),
            "alembic": project.alembic("current", config="migrations_v2/alembic.ini"),
        },
        runs,
    )
    for verb in ("al-cur", "al-up"):
        what = f"`inv {verb}` at head, beside `alembic current`"
        yield Row(what, found[verb], found["alembic"], bound=AT_HEAD_BOUND)


if __name__ == "__main__":
    report.run(measure)
