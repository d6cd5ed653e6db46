"""A run on a host is followed, let go of, or cancelled; it goes on whatever becomes of us."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING, Any, Self

from dbops import events, output
from dbops.commands import detached, psql, sql
from dbops.errors import Interrupted, Problem, Unreachable
from dbops.state import Service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from dbops.output import Progress
    from dbops.session import Session
    from dbops.target import Target


def follow(found: Target, run: str, *, past: bool = False) -> events.Run | None:
    """Show RUN until it ends and return how; None when it ended without leaving a result.

    Args:
        found: the environment.
        run: the run's id.
        past: it began before we looked: times are the host's own, in whole seconds.

    Raises:
        Interrupted: a person let go of it; it goes on (exit 130).
        Unreachable: the connection was lost; it goes on (exit 69).
    """
    with Interrupts() as interrupts:
        lines = session(found).script(detached.follow(found.home, run), idle=True)
        return followed(found, run, lines, interrupts, past=past)


def followed(
    found: Target, run: str, lines: Iterator[str], interrupts: Interrupts, *, past: bool = False
) -> events.Run | None:
    """Show RUN as `follow` does, by the LINES of its script, where INTERRUPTS are noted already."""
    following = _Following(past=past)
    watch = output.progress()
    try:
        while _show(lines, following, interrupts, watch):
            _let_go(found, run, interrupts)
    except Unreachable as problem:
        raise _unheard(found, run, problem) from problem
    return following.run()


def _show(
    lines: Iterator[str], following: _Following, interrupts: Interrupts, watch: Progress
) -> bool:
    """Show LINES until they end, or until Ctrl-C, and return whether it was that."""
    with watch:
        for line in lines:
            for event in following.take(line):
                watch(event)
            if interrupts.taken():
                return True
    return False


class _Following:
    """What was seen of a run so far."""

    def __init__(self, *, past: bool) -> None:
        self.past = past
        self.began = time.monotonic()
        self.first = 0
        self.events: list[events.Event] = []
        self.log: list[str] = []
        self.code: int | None = None

    def take(self, line: str) -> Iterator[events.Event]:
        """Take one LINE of what the host prints in, and yield what there is to show."""
        kind, _, text = line.partition(" ")
        if kind == "event":
            yield from self._event(text)
        elif kind == "log":
            self.log.append(text)
        elif kind == "rc":
            self.code = int(text)
        else:
            yield self._waiting()

    def _event(self, text: str) -> Iterator[events.Event]:
        try:
            facts = json.loads(text)
        except ValueError:  # the host lost its power while it was written
            return
        self.first = self.first or facts["at"]
        self.events.append(events.event(facts, self._seconds(facts)))
        yield self.events[-1]

    def _seconds(self, facts: dict[str, Any]) -> float:
        return float(facts["at"] - self.first) if self.past else time.monotonic() - self.began

    def _waiting(self) -> events.Event:
        begun = next((each for each in reversed(self.events) if each.kind == "begin"), None)
        seconds = time.monotonic() - self.began
        if begun is None or not begun.total:
            return events.Event(kind="wait", step=begun.step if begun else 0, seconds=seconds)
        own = "\n".join(self.log).rpartition(f"--- step {begun.step}\n")[2]
        done = own.count(begun.counts)
        return events.Event(kind="wait", step=begun.step, seconds=seconds, done=done)

    def run(self) -> events.Run | None:
        """Return how the run ended, None when it did not come to its end."""
        if self.code is None and self.events and self.events[-1].kind == "done":
            self.code = 0  # only who watched over it was killed
        if self.code is None:
            return None
        log, seconds = "\n".join(self.log), time.monotonic() - self.began
        return events.ended(self.code, tuple(self.events), log, seconds)


def _unheard(found: Target, run: str, problem: Unreachable) -> Unreachable:
    return Unreachable(
        f"{found.name}: the connection was lost; the run goes on there",
        where=f"run {run}",
        why=problem.why,
        next_command=found.command("attach"),
    )


class Interrupts:
    """Ctrl-C, as something to look at: what runs on the host is not this process."""

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> Self:
        self.before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self.before)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1

    def taken(self) -> bool:
        """Return whether Ctrl-C was typed since it was last asked."""
        taken, self.count = bool(self.count), 0
        return taken

    def ask(self, question: str) -> str:
        """Return a person's answer to QUESTION; nothing when it is Ctrl-C once more."""
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            return output.ask(question)
        except KeyboardInterrupt:
            output.say("")
            return ""
        finally:
            signal.signal(signal.SIGINT, self._note)


def _let_go(found: Target, run: str, interrupts: Interrupts) -> None:
    """Ask what Ctrl-C means: cancel the run there, or only stop following it."""
    answer = ""
    if output.is_terminal():
        answer = interrupts.ask(
            f"\n{found.name}: c cancels the run, d detaches and lets it go on: "
        )
    if answer.strip().lower().startswith("c"):
        output.say(cancel(found, run))
        return
    raise Interrupted(
        f"{found.name}: detached; the run goes on there",
        where=f"run {run}",
        why="Ctrl-C ends only the following",
        next_command=f"{found.command('attach')}, or {found.command('cancel')}",
    )


def cancel(found: Target, run: str) -> str:
    """Interrupt RUN on the host, and the sessions it has in the database; return what was done.

    Raises:
        Problem: half a minute later it still goes on (exit 1).
    """
    at = found.place.backend(Service(status="running"))
    end = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"  # noqa: S608  quoted by literal()
        f" WHERE application_name LIKE {sql.literal('%' + run)}"
    )
    sessions = psql.ask(at, end, "postgres")
    said = session(found).aside(detached.cancel(found.home, run, sessions)).strip()
    if said == "stubborn":
        raise _stubborn(found, run)
    done = "had ended already" if said == "ended" else "is interrupted"
    return f"{found.name}: run {run} {done}"


def _stubborn(found: Target, run: str) -> Problem:
    return Problem(
        f"{found.name}: the run does not stop",
        where=f"run {run}",
        why=f"{found.home / 'runs' / run / 'pid'} on the host names its process group",
        next_command=found.command("attach"),
    )


def session(found: Target) -> Session:
    """Return the session FOUND is reached through."""
    from dbops.session import Session  # Fabric is loaded when a host is asked

    if not isinstance(found.machine, Session):
        message = f"{found.name} is on this machine"
        raise TypeError(message)
    return found.machine
