"""A runbook carried out on a host: it holds the lock there, outlives us, and is followed.

What is done is always asked of the host afterwards, never concluded from what we saw of the run.
"""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING, Any

from dbops import guard, output, release, runner, runs
from dbops.commands import database, detached, host, sql
from dbops.commands.shell import words
from dbops.errors import Interrupted, Locked, Problem, Unreachable
from dbops.local import moved
from dbops.probe import backend
from dbops.state import Service

if TYPE_CHECKING:
    from types import FrameType

    from dbops.runbook import Runbook
    from dbops.session import Session
    from dbops.state import State
    from dbops.target import Target
    from dbops.verb import Verb


def carry_out(verb: Verb, found: Target, planned: Runbook, state: State) -> tuple[State, bool]:
    """Run what is PLANNED on the host; return how it is afterwards, and that something ran.

    Its first step sees that nothing has changed since the plan, while the run holds the lock.
    """
    runbook = planned
    while True:
        release.check(runbook, found, state, frees=verb.frees)
        run = start(runbook, found, state, frees=verb.frees)
        _result(runbook, found, follow(found, run))
        found.forget()
        state = verb.probe(found)
        guard.check_identity(found.environment, state)
        if not runbook.continues:
            return state, True
        runbook = pinned(verb.plan(found, state), found, state)
        if not runbook.steps:
            return state, True
        if runbook.destructive and not planned.destructive:
            raise moved(planned, runbook, found)


def pinned(runbook: Runbook, found: Target, state: State) -> Runbook:
    """Return RUNBOOK with a first step that sees that nothing has changed since the plan."""
    if not runbook.steps or state.host is None:
        return runbook
    check = host.unchanged(
        backend(found, state),
        found.environment,
        marker=state.host.marker,
        commit=state.host.commit,
        found=state.database,
    )
    return runbook.beginning_with(check)


def start(runbook: Runbook, found: Target, state: State, *, frees: bool) -> str:
    """Start RUNBOOK on the host, detached, and return the run's id.

    Raises:
        Locked: somebody else is changing the environment, or locked it by hand (exit 75).
        Problem: the host could not start it (exit 1).
    """
    run, actor = runs.name(runbook), _actor()
    begun = {"event": "begin", "run": run, "verb": runbook.verb, "plan": runbook.id, "who": actor}
    versions = list(state.database.versions) if state.database else []
    commit = state.host.commit if state.host else ""
    script = detached.start(
        found.home,
        run,
        runbook.script(),
        plan=runbook.id,
        holder=_json({"verb": runbook.verb, "who": actor, "since": runs.now(), "run": run}),
        begin=_json({**begun, "from": versions, "commit": commit})[1:-1],
        after=_after(found, state),
        keep=runs.RUNS_KEPT,
        frees=frees,
        variables=runs.variables(run, actor),
    )
    said = [each for each in session(found).script(script) if each]
    if said[-2:] != ["started", "0"]:
        raise _not_started(found, said)
    output.beginning(runbook)
    return run


def _after(found: Target, state: State) -> str:
    """Return shell text that prints, as JSON members, what is true once the run has ended."""
    asked = database.ask(backend(found, state), sql.VERSIONS)
    commit = words("git", "-C", found.environment.project_directory, "rev-parse", "HEAD")
    return f"""\
printf '"to":["%s"],"to_commit":"%s"' "$({asked} | sed 's/,/","/g')" "$({commit})"
[ ! -f "$dir/backup" ] || {{ printf ,; cat "$dir/backup"; }}"""


def _not_started(found: Target, said: list[str]) -> Problem:
    text = "\n".join(said[:-1])
    for kind in ("busy ", "held "):
        if text.startswith(kind):
            return _locked(found, text.removeprefix(kind), by_hand=kind == "held ")
    return Problem(
        f"{found.name}: the run could not be started on the host",
        where=str(found.home),
        why=text or "the shell said nothing",
        next_command=found.command("doctor"),
    )


def _locked(found: Target, holder: str, *, by_hand: bool) -> Locked | Problem:
    if by_hand:
        try:
            guard.check_hold(found.environment, holder)
        except Locked as problem:
            return problem
    facts = json.loads(holder or "{}")
    return Locked(
        f"{found.name}: another command is changing this environment",
        where=str(found.home / "lock"),
        why=f"{facts.get('verb', 'a run')} by {facts.get('who', 'somebody')}, "
        f"since {facts.get('since', 'just now')}",
        next_command=found.command("attach"),
    )


def follow(found: Target, run: str, *, past: bool = False) -> runner.Run | None:
    """Show RUN until it ends and return how; None when it ended without leaving a result.

    Args:
        found: the environment.
        run: the run's id.
        past: it began before we looked: times are the host's own, in whole seconds.

    Raises:
        Interrupted: a person let go of it; it goes on (exit 130).
        Unreachable: the connection was lost; it goes on (exit 69).
    """
    following = _Following(past=past)
    with output.progress() as watch, _Interrupts() as interrupts:
        try:
            for line in session(found).script(detached.follow(found.home, run), idle=True):
                if interrupts.taken():
                    _let_go(found, run)
                watch(following.take(line))
        except Unreachable as problem:
            raise _unheard(found, run, problem) from problem
    return following.run()


class _Following:
    """What was seen of a run so far."""

    def __init__(self, *, past: bool) -> None:
        self.past = past
        self.began = time.monotonic()
        self.first = 0
        self.events: list[runner.Event] = []
        self.log: list[str] = []
        self.code: int | None = None

    def take(self, line: str) -> runner.Event:
        """Take one LINE of what the host prints in, and return what there is to show."""
        kind, _, text = line.partition(" ")
        if kind == "event":
            facts = json.loads(text)
            self.first = self.first or facts["at"]
            self.events.append(runner.event(facts, self._seconds(facts)))
            return self.events[-1]
        if kind == "log":
            self.log.append(text)
        elif kind == "rc":
            self.code = int(text)
        return self._waiting()

    def _seconds(self, facts: dict[str, Any]) -> float:
        return float(facts["at"] - self.first) if self.past else time.monotonic() - self.began

    def _waiting(self) -> runner.Event:
        begun = next((each for each in reversed(self.events) if each.kind == "begin"), None)
        seconds = time.monotonic() - self.began
        if begun is None or not begun.total:
            return runner.Event(kind="wait", step=begun.step if begun else 0, seconds=seconds)
        own = "\n".join(self.log).rpartition(f"--- step {begun.step}\n")[2]
        done = own.count(begun.counts)
        return runner.Event(kind="wait", step=begun.step, seconds=seconds, done=done)

    def run(self) -> runner.Run | None:
        """Return how the run ended, None when it left no result."""
        if self.code is None:
            return None
        log, seconds = "\n".join(self.log), time.monotonic() - self.began
        return runner.ended(self.code, tuple(self.events), log, seconds)


def _unheard(found: Target, run: str, problem: Unreachable) -> Unreachable:
    return Unreachable(
        f"{found.name}: the connection was lost; the run goes on there",
        where=f"run {run}",
        why=problem.why,
        next_command=found.command("attach"),
    )


def _result(runbook: Runbook, found: Target, run: runner.Run | None) -> None:
    if run is None:
        raise Problem(
            f"{found.name}: {runbook.verb} ended without a result",
            where=str(found.home / "runs"),
            why="the host was restarted, or the run was killed",
            next_command=found.command(runbook.verb),
        )
    if run.code:
        raise runs.failed(runbook.verb, found, run)


class _Interrupts:
    """Ctrl-C, as something to look at: what runs on the host is not this process."""

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> _Interrupts:
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


def _let_go(found: Target, run: str) -> None:
    """Ask what Ctrl-C means: cancel the run there, or only stop following it."""
    answer = ""
    if output.is_terminal():
        answer = output.ask("\nc cancels the run on the host, d detaches and lets it go on: ")
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
    """Interrupt RUN on the host, and the sessions it has in the database; return what was done."""
    at = found.place.backend(Service(status="running"))
    end = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        f" WHERE application_name LIKE {sql.literal('%' + run)}"
    )
    sessions = database.ask(at, end, "postgres")
    said = session(found).aside(detached.cancel(found.home, run, sessions)).strip()
    return (
        f"{found.name}: run {run} had ended already"
        if said == "ended"
        else (f"{found.name}: run {run} is interrupted; its running step is rolled back")
    )


def record(found: Target, entry: dict[str, object]) -> None:
    """Add ENTRY to the journal on the host."""
    members = _json({"who": _actor(), **entry})[1:-1]
    for _ in session(found).script(detached.entry(found.home, members)):
        pass


def session(found: Target) -> Session:
    """Return the session FOUND is reached through."""
    from dbops.session import Session  # noqa: PLC0415  Fabric is loaded when a host is asked

    if not isinstance(found.machine, Session):
        message = f"{found.name} is on this machine"
        raise TypeError(message)
    return found.machine


def _actor() -> str:
    """Return the person as git knows them, the account and the machine a change comes from."""
    person = runner.read(["git", "config", "user.name"]).out.strip()
    return f"{person} <{runs.who()}>" if person else runs.who()


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
