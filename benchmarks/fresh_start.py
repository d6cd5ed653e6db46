"""From nothing to head, and from the baseline or by replay: `python -m benchmarks.fresh_start`."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from benchmarks import history, report
from benchmarks.report import Row
from benchmarks.timing import Run, Sample, alternate, once
from benchmarks.workbench import ENV, Project
from dbops import snapshot
from dbops.commands import database as commands
from dbops.commands.shell import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.timing import Command

FROM_NOTHING_BOUND = 3.0  # seconds
_POLL_SECONDS = 0.005
_BEFORE = "start, read the project, look at the machine, plan"
_AFTER = "ask the database what is true now"

Steps = list[tuple[str, float]]  # title and seconds, in order


def measure(project: Project, runs: int) -> Iterator[Row]:
    """Yield the time from nothing to head, then the baseline beside a replayed history."""
    yield from_nothing(runs)
    yield from baseline_or_replay(project, runs)


def from_nothing(runs: int) -> Row:
    """Time `inv al-up` in fresh projects and print where the time goes, step by step."""
    found = []
    for _ in range(runs + 1):
        with Project() as fresh:
            found.append(_watched(fresh))
    counted, timelines = zip(*found[1:], strict=True)
    rows = [("from nothing to head, step by step", "median")]
    for column in zip(*timelines, strict=True):  # the same steps each time, on other ports
        median = statistics.median(seconds for _, seconds in column)
        rows.append((column[0][0], f"{median:.3f} s"))
    print(report.table(rows) + "\n")
    return Row("`inv al-up` from nothing to head", Sample(counted), bound=FROM_NOTHING_BOUND)


def _watched(project: Project) -> tuple[Run, Steps]:
    """Run `inv al-up`; return what it took, and each step as the events of its run show it."""
    used, began = _cpu_of_children(), time.perf_counter()
    child = project.inv("al-up", *ENV).start()
    seen: list[float] = []
    while child.poll() is None:
        now = time.perf_counter()
        seen += [now] * (len(_events(project)) - len(seen))
        time.sleep(_POLL_SECONDS)
    ended = time.perf_counter()
    seen += [ended] * (len(_events(project)) - len(seen))
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, child.args)
    run = Run(wall=ended - began, cpu=_cpu_of_children() - used)
    steps = _steps(project, seen)
    return run, [(_BEFORE, seen[0] - began), *steps, (_AFTER, ended - seen[-1])]


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _steps(project: Project, seen: list[float]) -> Steps:
    events = list(zip(_events(project), seen, strict=True))
    begun = {event["step"]: at for event, at in events if event["event"] == "begin"}
    titles = {event["step"]: event["title"] for event, _ in events if event["event"] == "begin"}
    ends = [(event["step"], at) for event, at in events if event["event"] == "end"]
    return [(titles[step], at - begun[step]) for step, at in ends]


def _events(project: Project) -> list[dict[str, Any]]:
    """Return the events that are written so far, without a line that is not complete yet."""
    found = [path.read_text(encoding="utf-8") for path in project.runs.glob("*/events.jsonl")]
    lines = [line for text in found for line in text.splitlines(keepends=True)]
    return [json.loads(line) for line in lines if line.endswith("\n")]


def baseline_or_replay(project: Project, runs: int) -> Iterator[Row]:
    """Compare building an empty database from the baseline with replaying its whole history.

    All begin with the same empty database of a running server, bootstrap the roles and end at the
    same head with the same schema.
    """
    once(project.inv("up", *ENV))
    history.write(project)
    empty = project.command("sh", "-c", _emptying(project))
    builds = {
        "ours": project.inv("al-up", *ENV),
        "guarded": _replay(project, history.GUARDED),
        "plain": _replay(project, history.PLAIN),
    }
    _check_same_schema(project, empty, builds)
    found = alternate(builds, runs, prepare=lambda: once(empty))
    what = f"`inv al-up` on an empty database, beside replaying {history.REVISIONS} revisions"
    yield Row(f"{what}, run by this project's env.py", found["ours"], found["guarded"])
    yield Row(f"{what}, run by Alembic's own in one transaction", found["ours"], found["plain"])


def _emptying(project: Project) -> str:
    environment = project.target.environment
    drop = commands.drop(project.backend, environment.database.name)
    return f"{drop} && {commands.create(project.backend, environment).command}"


def _replay(project: Project, config: str) -> Command:
    """Return what people type without a baseline: the roles, then Alembic."""
    roles = commands.bootstrap_roles(project.backend, project.target.environment).command
    alembic = project.alembic("upgrade", "head", config=config)
    together = f"{roles} && exec {words(*alembic.words)}"
    return replace(alembic, words=("sh", "-c", together))


def _check_same_schema(project: Project, empty: Command, builds: dict[str, Command]) -> None:
    dumps = set()
    for command in builds.values():
        once(empty)
        once(command)
        dump = subprocess.run(
            commands.schema_dump(project.backend), capture_output=True, check=True, text=True
        )
        dumps.add(snapshot.canonical(dump.stdout, title="one of them"))
    if len(dumps) > 1:
        raise RuntimeError("the baseline and the replayed histories end in different schemas")


if __name__ == "__main__":
    report.run(measure)
