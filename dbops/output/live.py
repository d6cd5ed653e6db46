"""The steps of a run while they run: a live display on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Protocol, Self

from dbops.output.stream import say

if TYPE_CHECKING:
    from types import TracebackType

    from dbops.events import Event


HEARTBEAT_SECONDS = 30.0


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
    if sys.stderr and sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
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
        elif event.kind == "end" and (begun := self.begun.pop(event.step, None)):
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
        elif event.step not in self.tasks:
            return  # it has just ended, while its last lines are still on their way
        elif event.kind == "wait" and event.done:
            bar = _bar(event.done, self.begun[event.step].total)
            self.bars.update(self.tasks[event.step], bar=bar)
        elif event.kind == "end":
            self.bars.remove_task(self.tasks.pop(event.step))
            style = "green" if event.code == 0 else "red"
            self.console.print(_line(self.begun[event.step], event), style=style, markup=False)


def _bar(done: int, total: int, width: int = 24) -> str:
    filled = min(done * width // total, width)
    return f"[{'#' * filled}{'.' * (width - filled)}] {done}/{total}"
