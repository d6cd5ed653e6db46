"""A runbook carried out on this machine: under the lock, journalled, and looked at again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dbops import events, guard, journal, locking, output, release, runner, runs
from dbops.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path

    from dbops.runbook import Runbook
    from dbops.state import State
    from dbops.target import Target
    from dbops.verb import Verb

LOCK_WAIT_SECONDS = 600.0


def carry_out(verb: Verb, found: Target, planned: Runbook) -> tuple[State, bool]:
    """Run what is PLANNED while holding the environment's lock; return whether anything ran.

    The world may have moved while we waited: a destructive plan must still be the same then, any
    other is made anew, and so is what follows the first part of a confirmed one.
    """
    changed = False
    confirmed: str | None = planned.id
    holder = {"verb": planned.verb, "who": runs.who(), "since": runs.now()}

    def waiting(text: str) -> None:
        output.say(f"{found.name}: waiting for {text}")

    path = found.home / "lock"
    with locking.hold(path, holder, wait_seconds=LOCK_WAIT_SECONDS, waiting=waiting) as lock:
        _recover(found)
        while True:
            state = verb.probe(found)
            # Asked again: a database that was stopped or closed before could not say who it is.
            guard.check_identity(found.environment, state)
            runbook = verb.plan(found, state)
            if not runbook.steps:
                output.nothing_to_do(runbook)
                return state, changed
            if runbook.destructive and runbook.id != (confirmed or runbook.id):
                raise moved(planned, runbook, found)
            # What is planned only now, on a server that had to be started, is asked for now.
            release.check(runbook, found, state, frees=verb.holds)
            _run(runbook, found, lock, state)
            changed = True
            if not runbook.continues:
                return verb.probe(found), changed
            confirmed = None if runbook.destructive else confirmed


def moved(planned: Runbook, runbook: Runbook, found: Target) -> Refused:
    """Return the refusal of a plan that is no longer what was PLANNED."""
    return Refused(
        f"{found.name}: something changed while {planned.verb} was being confirmed",
        where=f"plan {planned.id} is now {runbook.id}",
        why="nothing was touched",
        next_command=f"{runs.again(planned.verb, found)} --plan",
    )


def _run(runbook: Runbook, found: Target, lock: int, state: State) -> None:
    identity = runs.name(runbook)
    versions = state.database.versions if state.database else ()
    begun = {"run": identity, "verb": runbook.verb, "plan": runbook.id, "from": versions}
    holder = {"verb": runbook.verb, "who": runs.who(), "since": runs.now(), "run": identity}
    locking.name_holder(lock, holder)
    record(found, {"event": "begin", **begun})
    output.beginning(runbook)
    directory = found.home / "runs" / identity
    with output.progress() as watch:
        run = runner.run(
            runbook,
            directory,
            lock=lock,
            environment=runs.variables(identity, runs.who()),
            watch=watch,
        )
    ended = {"run": identity, "code": run.code, "seconds": round(run.seconds, 3)}
    left = _left(directory)
    record(found, {"event": "end", **ended, "steps": _steps(run), **left})
    _prune(found.home / "runs", identity)
    if "rehearsal" in left:
        output.rehearsed(left["rehearsal"])
    if run.code:
        raise runs.failed(runbook.verb, found, run, str(directory / "log"))


def _left(directory: Path) -> dict[str, Any]:
    """Return what the steps left in the run's directory for the journal."""
    files = {"backup": "{{{}}}", "rehearsal.json": '{{"rehearsal":{}}}'}
    left: dict[str, Any] = {}
    for name, whole in files.items():
        if (directory / name).exists():
            left |= json.loads(whole.format((directory / name).read_text(encoding="utf-8")))
    return left


def _steps(run: events.Run) -> list[dict[str, object]]:
    begun = {each.step: each for each in run.events if each.kind == "begin"}
    return [
        {
            "title": begun[each.step].title,
            "seconds": round(each.seconds - begun[each.step].seconds, 3),
            "code": each.code,
        }
        for each in run.events
        if each.kind == "end"
    ]


def _recover(found: Target) -> None:
    """Write the end of a run whose starter died: the lock is free, so it has ended."""
    entries = journal.read(found.journal)
    last = next((each for each in reversed(entries) if each["event"] in {"begin", "end"}), None)
    if last and last["event"] == "begin":
        done = events.is_done(found.home / "runs" / last["run"])
        ended = {"run": last["run"], "code": 0 if done else None, "recovered": True}
        record(found, {"event": "end", **ended})


def record(found: Target, entry: dict[str, object]) -> None:
    """Add ENTRY to the environment's journal, with the time and who asked for it."""
    entry = {"at": runs.now(), "who": runs.who(), **entry}
    journal.append(found.journal, entry)


def _prune(directory: Path, run: str) -> None:
    """Remove the oldest runs, never RUN: a clock may have been set back."""
    import shutil  # only a run leaves anything to remove

    others = sorted(each for each in directory.iterdir() if each.name != run)
    for old in others[: 1 - runs.RUNS_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
