"""What a run tells while it goes on, and how it ended."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dbops.environments.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Event(Frozen):
    """Something the script reported, with the seconds since the run began."""

    kind: str
    step: int = 0
    title: str = ""
    code: int = 0
    seconds: float = 0.0
    counts: str = ""
    total: int = 0
    done: int = 0


class Run(Frozen):
    """A run that ended.

    Attributes:
        code: the script's exit code; 130 after Ctrl-C.
        failed: the title of the step that failed, empty when all went well.
        log: the last lines the commands wrote.
        seconds: how long the run took.
    """

    code: int
    failed: str
    log: str
    seconds: float
    events: tuple[Event, ...] = ()


def event(line: Mapping[str, Any], seconds: float) -> Event:
    """Return the event of a LINE of events.jsonl, SECONDS after the run began."""
    return Event(
        kind=line["event"],
        step=line.get("step", 0),
        title=line.get("title", ""),
        code=line.get("code", 0),
        seconds=seconds,
        counts=line.get("counts", ""),
        total=line.get("total", 0),
    )


def ended(code: int, events: tuple[Event, ...], log: str, seconds: float) -> Run:
    """Return the run that ended with CODE after SECONDS, with what its failed step wrote to LOG."""
    failed = _failed_step(events)
    return Run(
        code=code,
        failed=failed.title,
        log=_said(log, failed),
        seconds=seconds,
        events=events,
    )


def is_done(directory: Path) -> bool:
    """Return whether the run in DIRECTORY came to its end."""
    path = directory / "events.jsonl"
    return path.exists() and '"event":"done"' in path.read_text(encoding="utf-8")


def _failed_step(events: tuple[Event, ...]) -> Event:
    """Return the beginning of the first step that did not end well; step 0 when all did."""
    ended = {each.step: each.code for each in events if each.kind == "end"}
    begun = (each for each in events if each.kind == "begin")
    return next((each for each in begun if ended.get(each.step, 1)), Event(kind="begin"))


def _said(text: str, failed: Event, lines: int = 8) -> str:
    """Return the last LINES lines the failed step wrote, or so many from its last error on."""
    own = text.rpartition(f"--- step {failed.step}\n")[2].partition("\n--- step ")[0]
    told = [each for each in own.splitlines() if each.strip() and not _PROGRESS.match(each)]
    errors = [at for at, each in enumerate(told) if _ERROR.search(each)]
    # pg_restore shows the whole statement behind the error.
    first = min(max(len(told) - lines, 0), *errors[-1:], len(told))
    return "\n".join(told[first : first + lines])


# What --verbose tells of each part, for the progress bar; errors and their details say so.
_PROGRESS = re.compile("pg_(dump|restore): (?!error|warning|detail|hint)")
_ERROR = re.compile(r"\b(error|ERROR|FATAL|PANIC): ")
