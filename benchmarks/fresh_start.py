"""From nothing to head, and from the baseline or by replay: `python -m benchmarks.fresh_start`."""

from __future__ import annotations

import json
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
    yield baseline_or_replay(project, runs)


def from_nothing(runs: int) -> Row:
    """Time `inv al-up` in fresh projects and print where the time goes, step by step."""
    timelines = []
    for _ in range(runs + 1):
        with Project() as fresh:
            timelines.append(_timeline(fresh))
    counted = timelines[1:]
    rows = [("from nothing to head, step by step", "median")]
    for column in zip(*counted, strict=True):  # the same steps each time, on other ports
        median = statistics.median(seconds for _, seconds in column)
        rows.append((column[0][0], f"{median:.3f} s"))
    print(report.table(rows) + "\n")
    totals = [sum(seconds for _, seconds in each) for each in counted]
    sample = Sample(tuple(Run(wall=each, cpu=0.0) for each in totals))
    return Row("`inv al-up` from nothing to head", sample, bound=FROM_NOTHING_BOUND)


def _timeline(project: Project) -> Steps:
    """Return the seconds of each step of an `inv al-up`, from the events its run writes."""
    began = time.perf_counter()
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
    return [(_BEFORE, seen[0] - began), *_steps(project, seen), (_AFTER, ended - seen[-1])]


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


def baseline_or_replay(project: Project, runs: int) -> Row:
    """Compare building an empty database from the baseline with replaying its whole history.

    Both begin with the same empty database of a running server, bootstrap the roles and end at the
    same head with the same schema.
    """
    once(project.inv("up", *ENV))
    history.write(project)
    empty = _shell(project, _emptying(project))
    both = {"ours": project.inv("al-up", *ENV), "theirs": _replay(project)}
    _check_same_schema(project, empty, both)
    what = f"`inv al-up` on an empty database, beside replaying {history.REVISIONS} revisions"
    found = alternate(both, runs, prepare=lambda: once(empty))
    return Row(what, found["ours"], found["theirs"])


def _emptying(project: Project) -> str:
    environment = project.target.environment
    drop = commands.drop(project.backend, environment.database.name)
    return f"{drop} && {commands.create(project.backend, environment).command}"


def _replay(project: Project) -> Command:
    """Return what people type without a baseline: the roles, then Alembic."""
    roles = commands.bootstrap_roles(project.backend, project.target.environment).command
    alembic = project.alembic("upgrade", "head", config=history.CONFIG)
    together = f"{roles} && exec {words(*alembic.words)}"
    return replace(alembic, words=("sh", "-c", together))


def _shell(project: Project, text: str) -> Command:
    return project.command("sh", "-c", text)


def _check_same_schema(project: Project, empty: Command, both: dict[str, Command]) -> None:
    dumps = set()
    for command in both.values():
        once(empty)
        once(command)
        dump = subprocess.run(
            commands.schema_dump(project.backend), capture_output=True, check=True, text=True
        )
        dumps.add(snapshot.canonical(dump.stdout, title="either"))
    if len(dumps) > 1:
        raise RuntimeError("the baseline and the replayed history end in different schemas")


if __name__ == "__main__":
    report.run(measure)
