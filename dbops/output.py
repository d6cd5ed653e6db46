"""The one module that prints: data to stdout, progress and questions to stderr."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol, Self

from dbops.environments.frozen import Frozen
from dbops.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import TracebackType

    from dbops.environments.model import Environment
    from dbops.revisions import Graph
    from dbops.runbook import Runbook
    from dbops.runner import Event

HEARTBEAT_SECONDS = 30.0


class Conclusion(Frozen):
    """What is now true, in one sentence, the command that follows, and the same as data."""

    sentence: str
    next_command: str = ""
    facts: tuple[tuple[str, Any], ...] = ()


def data(text: str) -> None:
    """Print TEXT, the answer, on stdout."""
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # a text stream
    print(text)


def count(number: int, noun: str) -> str:
    """Return NUMBER with NOUN, in the plural where it is one."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def as_json(value: Any) -> None:  # JSON is any of them
    """Print VALUE as one JSON document on stdout."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def say(text: str) -> None:
    """Print TEXT, something about the work, on stderr."""
    sys.stderr.reconfigure(errors="replace")  # type: ignore[union-attr]  # a text stream
    print(text, file=sys.stderr, flush=True)


def said(out: str, error: str) -> None:
    """Print what another process wrote, each stream on our own."""
    if error.strip():
        say(error.rstrip())
    if out.strip():
        data(out.rstrip())


def table(rows: Sequence[Sequence[str]]) -> None:
    """Print ROWS on stdout: aligned for a person, separated by tabs in a pipe."""
    if not sys.stdout.isatty():
        data("\n".join("\t".join(row) for row in rows))
        return
    from rich import box  # only a terminal needs it
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(*rows[0], box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows[1:]:
        grid.add_row(*map(Text, row))  # brackets are no markup
    Console().print(grid)


def is_terminal() -> bool:
    """Return whether a person sits at both ends."""
    # A timer may start us with standard input closed, which is None then.
    return bool(sys.stdin and sys.stdin.isatty() and sys.stderr.isatty())


def ask(question: str) -> str:
    """Return the line a person types as an answer to QUESTION; empty at the end of input."""
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def plan(runbook: Runbook, *, machine: bool) -> None:
    """Print what RUNBOOK would run: the script itself on stdout, its summary on stderr."""
    if machine:
        as_json(_plan_facts(runbook))
        return
    if not runbook.steps:
        nothing_to_do(runbook)
        return
    summary(runbook)
    data(runbook.script().rstrip("\n"))


def summary(runbook: Runbook) -> None:
    """Print what RUNBOOK would do, a line a step."""
    steps = count(len(runbook.steps), "step")
    say(f"plan {runbook.id}: {runbook.verb} {runbook.environment}, {steps}")
    for number, step in enumerate(runbook.steps, start=1):
        say(f"  {number}  {step.title}")
    notes(runbook.notes)
    if runbook.continues:
        say("the database is asked, and the rest planned, once these steps are done")


def _plan_facts(runbook: Runbook) -> dict[str, Any]:
    return {
        "plan": runbook.id if runbook.steps else None,
        "verb": runbook.verb,
        "environment": runbook.environment,
        "reason": runbook.reason,
        "notes": runbook.notes,
        "continues": runbook.continues,
        "steps": [{"title": each.title, "command": each.command} for each in runbook.steps],
        "script": runbook.script() if runbook.steps else "",
    }


def nothing_to_do(runbook: Runbook) -> None:
    """Say that RUNBOOK has no steps, and why."""
    say(f"{runbook.verb} {runbook.environment}: nothing to do: {runbook.reason}")
    notes(runbook.notes)


def beginning(runbook: Runbook) -> None:
    """Say that RUNBOOK begins."""
    steps = count(len(runbook.steps), "step")
    say(f"{runbook.verb} {runbook.environment}: {steps} (plan {runbook.id})")
    if not runbook.confirmed:  # they stood in the summary before the question
        notes(runbook.notes)


def notes(found: Iterable[str]) -> None:
    """Print what a person should know."""
    for note in found:
        say(f"note: {note}")


def conclude(conclusion: Conclusion, *, seconds: float | None = None) -> None:
    """Print the sentence that ends a command, and the next command to type."""
    took = "" if seconds is None else f" ({seconds:.1f} s)"
    data(f"{conclusion.sentence}{took}")
    if conclusion.next_command:
        say(f"next: {conclusion.next_command}")


class Progress(Protocol):
    """Shows the events of a run; a context manager around it."""

    def __enter__(self) -> Self:
        """Begin to show."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop showing."""
        ...

    def __call__(self, event: Event) -> None:
        """Show one event."""
        ...


def progress() -> Progress:
    """Return a live display on a terminal, and plain lines elsewhere."""
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        return _Live()
    return _Lines()


class _Lines:
    """One line a step when it ends; a sign of life every 30 seconds."""

    def __init__(self) -> None:
        self.begun: dict[int, Event] = {}
        self.spoken = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, event: Event) -> None:
        if event.kind == "begin":
            self.begun[event.step] = event
        elif event.kind == "end":
            begun = self.begun.pop(event.step)
            self.spoken = event.seconds
            say(_line(begun, event))
        elif event.kind == "wait" and event.seconds - self.spoken > HEARTBEAT_SECONDS:
            self.spoken = event.seconds
            for begun in self.begun.values():
                parts = f" {event.done}/{begun.total}" if begun.total else ""
                say(f"  ...  {event.seconds - begun.seconds:6.1f} s  {begun.title}{parts}")


def _line(begun: Event, ended: Event) -> str:
    mark = "ok  " if ended.code == 0 else "FAIL"
    return f"  {mark} {ended.seconds - begun.seconds:6.1f} s  {begun.title}"


def _bar(done: int, total: int, width: int = 24) -> str:
    filled = min(done * width // total, width)
    return f"[{'#' * filled}{'.' * (width - filled)}] {done}/{total}"


class _Live:
    """A spinner and a running clock for each step, replaced by its line when it ends."""

    def __init__(self) -> None:
        from rich.console import Console  # only a terminal needs it
        from rich.progress import Progress, SpinnerColumn, TextColumn

        self.begun: dict[int, Event] = {}
        self.tasks: dict[int, Any] = {}
        self.console = Console(stderr=True, highlight=False)
        self.bars = Progress(
            SpinnerColumn("line"),
            TextColumn("  {task.elapsed:5.1f} s  {task.description}", markup=False),
            TextColumn("{task.fields[bar]}", markup=False),
            console=self.console,
            transient=True,
        )

    def __enter__(self) -> Self:
        self.bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bars.stop()

    def __call__(self, event: Event) -> None:
        if event.kind == "begin":
            self.begun[event.step] = event
            self.tasks[event.step] = self.bars.add_task(event.title, total=None, bar="")
        elif event.kind == "wait" and event.done:
            bar = _bar(event.done, self.begun[event.step].total)
            self.bars.update(self.tasks[event.step], bar=bar)
        elif event.kind == "end":
            self.bars.remove_task(self.tasks.pop(event.step))
            style = "green" if event.code == 0 else "red"
            self.console.print(_line(self.begun[event.step], event), style=style, markup=False)


def facts(found: dict[str, Any], *, machine: bool) -> None:
    """Print one line a fact, or all of them as JSON."""
    if machine:
        as_json(found)
        return
    width = max(len(each) for each in found)
    data("\n".join(f"{key:<{width}}  {value or '-'}" for key, value in found.items()))


def answer(conclusion: Conclusion, *, machine: bool) -> None:
    """Print a reading command's answer."""
    if machine:
        as_json(dict(conclusion.facts))
    else:
        conclude(conclusion)


def current(found: dict[str, Any], *, machine: bool) -> None:
    """Print the revisions a database is at, the way Alembic does."""
    if machine:
        as_json(found)
    elif found["current"]:
        data("\n".join(_revision(each, found["heads"]) for each in found["current"]))
    else:
        say("no revision")
    if found.get("behind_baseline"):
        say("behind the baseline: the revisions in between are archived")
        say(f"next: {found['behind_baseline']}")


def heads(graph: Graph, *, machine: bool) -> None:
    """Print the heads of the revision files; more than one is a problem of its own."""
    head = graph.head
    if machine:
        as_json({"heads": list(graph.heads)})
    else:
        data(_revision(head, graph.heads))


def _revision(revision: str, all_heads: Sequence[str]) -> str:
    return f"{revision} (head)" if revision in all_heads else revision


def history(found: list[dict[str, Any]], *, machine: bool) -> None:
    """Print every revision, newest first."""
    if machine:
        as_json(found)
        return
    rows = [["", "revision", "title"]]
    for each in found:
        mark = "x" if each["applied"] else " "
        place = " (current)" if each["current"] else ""
        rows.append(
            [
                f"[{mark}]",
                f"{each['revision']}{' (head)' if each['head'] else ''}{place}",
                each["title"],
            ]
        )
    table(rows)


def upgrade_sql(text: str) -> None:
    """Print the SQL of an upgrade, or say that there is none."""
    if text.strip():
        data(text.rstrip())
    else:
        say("nothing to upgrade: the database is at head")


def findings(found: list[dict[str, Any]], *, machine: bool) -> int:
    """Print what was found wrong and return the exit code: 2 when there is anything."""
    if machine:
        as_json(found)
    elif not found:
        data("all is well")
    else:
        parts = ("{what}", "  why:  {why}", "  next: {next_command}")
        data("\n".join(part.format(**each) for each in found for part in parts))
    return int(ExitCode.DIFFERENCES if found else ExitCode.OK)


def drift(found: dict[str, Any], *, machine: bool) -> int:
    """Print how a schema differs, the worst first, and return the exit code: 2 when it does."""
    differing = found["differences"]
    if machine:
        as_json(found)
    else:
        _differences(differing)
        objects = f"{found['objects']} objects compared with {found['against']}"
        differ = count(len(differing), "difference") if differing else "no difference"
        data(f"{found['environment']}: {differ}; {objects}")
    return int(ExitCode.DIFFERENCES if differing else ExitCode.OK)


def _differences(found: list[dict[str, Any]]) -> None:
    for each in found:
        data(f"{each['what']:<10} {each['kind']} {each['identity']}  [{each['severity']}]")
        _indented(each["diff"])
        _indented(each["repair"], "repair: ")


_SAYS = {
    "right": "which is what it says",
    "wrong": "but it says that it is at {}",
    "legacy": "while it says that it is at {}, of the legacy history",
    "unknown": "while it says that it is at {}, which this checkout does not know",
    "several": "while it says that it is at {}",
    "nothing": "while it says nothing",
}


def which(found: dict[str, Any], *, machine: bool) -> int:
    """Print whose schema a database has; return 2 when it is nobody's or the version is wrong."""
    differing = found["differences"]
    if machine:
        as_json(found)
    else:
        _differences(differing)
        whose = f"the schema of {', '.join(found['revisions'])}"
        if differing:
            told = count(len(differing), "difference")
            whose = f"the schema of no revision; the nearest is {found['nearest']}, with {told}"
        says = _SAYS[found["says"]].format(", ".join(found["versions"]))
        sentence = f"{found['environment']} has {whose}, {says}"
        conclude(Conclusion(sentence=sentence, next_command=found["next"]))
    settled = not differing and found["says"] in {"right", "legacy", "nothing"}
    return int(ExitCode.OK if settled else ExitCode.DIFFERENCES)


def _indented(text: str, label: str = "") -> None:
    for line in text.splitlines():
        data(f"    {label}{line}")


def verified(found: dict[str, Any], *, machine: bool) -> int:
    """Print each part of a comparison and return the exit code: 2 when one of them differs."""
    if machine:
        as_json(found)
    else:
        for each in found["parts"]:
            data(f"{'differs' if each['differences'] else 'equal  '}  {each['what']}")
            _indented("\n".join(each["differences"]))
    is_equal = not any(each["differences"] for each in found["parts"])
    return int(ExitCode.OK if is_equal else ExitCode.DIFFERENCES)


def backups(found: list[dict[str, Any]], *, machine: bool) -> int:
    """Print the backups and return the exit code: 2 when one is damaged."""
    damaged = any(each.get("damage") for each in found)
    if machine:
        as_json(found)
    elif found:
        table([["taken", "revision", "bytes", "rows", "state", "dump"], *map(_backup, found)])
    else:
        say("there are no backups")
    return int(ExitCode.DIFFERENCES if damaged else ExitCode.OK)


def _backup(found: dict[str, Any]) -> list[str]:
    state = found["damage"] or "proven" if "damage" in found else "not verified now"
    numbers = [str(found["bytes"]), str(found["rows"])]
    return [found["taken_at"], found["revision"] or "none", *numbers, state, found["dump"]]


def runs(found: list[dict[str, Any]], *, machine: bool) -> None:
    """Print the runs of an environment, newest first."""
    if machine:
        as_json(found)
    elif found:
        table([["began", "verb", "result", "seconds", "who", "run"], *map(_run, found)])
    else:
        say("nothing ever ran")


def _run(found: dict[str, Any]) -> list[str]:
    known = (str(found.get(key, "-")) for key in ("at", "verb", "result", "seconds", "who"))
    return [*known, found["run"]]


def journal(found: list[dict[str, Any]], *, machine: bool) -> None:
    """Print the entries of a journal, oldest first, one a line."""
    if machine:
        as_json(found)
        return
    hidden = {"sequence", "at", "event", "hash", "previous"}
    for each in found:
        facts = " ".join(f"{key}={value}" for key, value in each.items() if key not in hidden)
        data(f"{each.get('at', '-')}  {each['event']:<8} {facts}")


def rehearsal(found: dict[str, Any]) -> list[str]:
    """Return what a rehearsal showed, a line each: time, locks, rewrites, drift."""
    revisions = count(len(found["revisions"]), "revision")
    on = "the backup" if found["mode"] == "full" else "the backup's schema"
    return [
        f"rehearsed on {on}: {revisions} in {found['seconds']} s",
        f"restored in {found['restored_seconds']} s",
        *(f"{each['revision']} took {each['seconds']} s" for each in found["revisions"]),
        *(
            f"{each['mode']} on {each['relation']} for {each['seconds']} s"
            for each in found["locks"]
        ),
        *(f"rewrites {each['relation']}, {each['bytes']} bytes" for each in found["rewrites"]),
        *(["the live schema was not what the files say before: see drift"] * bool(found["drift"])),
    ]


def rehearsed(found: dict[str, Any]) -> None:
    """Print what a rehearsal showed."""
    for line in rehearsal(found):
        say(line)


def config(environment: Environment, *, machine: bool) -> None:
    """Print every setting of ENVIRONMENT, defaults included; there is no secret among them."""
    found = asdict(environment)
    if machine:
        as_json(found)
        return
    data("\n".join(f"{key}: {value}" for key, value in sorted(_flat(found))))


def _flat(found: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in found.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        elif value not in {None, ()}:
            yield f"{prefix}{key}", ", ".join(value) if isinstance(value, tuple) else value
