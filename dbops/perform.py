"""From a verb to its outcome: probe, plan, guard, lock, probe again, run, ask what is true."""

from __future__ import annotations

import getpass
import os
import socket
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dbops import environments, guard, hints, journal, output, runner
from dbops.environments.frozen import Frozen
from dbops.errors import ExitCode, Interrupted, Problem, Refused
from dbops.probe import probe
from dbops.state import Service, State
from dbops.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dbops.output import Conclusion
    from dbops.runbook import Runbook

RUNS_KEPT = 50
LOCK_WAIT_SECONDS = 600.0


class Verb(Frozen):
    """What a command does.

    Attributes:
        plan: decides what runs.
        conclude: says what is true afterwards.
        marks: it marks this machine, so the machine is not asked who it is, nor the database.
    """

    plan: Callable[[Target, State], Runbook]
    conclude: Callable[[Target, State], Conclusion]
    marks: bool = False

    def look(self, name: str | None) -> tuple[Target, State]:
        """Return the target and its state."""
        return (named(name), UNASKED) if self.marks else look(name)

    def probe(self, found: Target) -> State:
        """Return the state of FOUND."""
        return UNASKED if self.marks else probe(found)


UNASKED = State(service=Service(status="absent"), database=None)


class Options(Frozen):
    """The options every changing command takes."""

    plan: bool = False
    json: bool = False
    force: bool = False
    confirm: str | None = None


def target(name: str | None) -> Target:
    """Return the target a person named, after a look at the shell's own variables."""
    found = named(name)
    guard.check_place(found.environment)
    return found


def named(name: str | None) -> Target:
    """Return the target a person named, wherever it lives, for what only concerns this machine."""
    environment = environments.find(name, usage=f"inv {hints.typed(sys.argv)} --env {{}}")
    guard.check_ambient(environment)
    return Target(environment=environment)


def look(name: str | None) -> tuple[Target, State]:
    """Return a target and its state, for the commands that only read."""
    found = target(name)
    return found, probe(found)


def change(name: str | None, verb: Verb, options: Options) -> None:
    """Carry VERB out on the environment NAME, or show what it would run.

    Raises:
        Problem: the plan was refused, or a step failed; nothing is half done.
        Interrupted: Ctrl-C, during a step or between them (exit 130).
    """
    try:
        _change(name, verb, options)
    except KeyboardInterrupt:  # while a step runs, Ctrl-C goes to the step
        raise Interrupted(
            f"{name}: interrupted",
            where="no step was running",
            why="nothing is half done",
            next_command="type the same command again",
        ) from None


def _change(name: str | None, verb: Verb, options: Options) -> None:
    began = time.monotonic()
    found, state = verb.look(name)
    guard.check_identity(found.environment, state)
    runbook = verb.plan(found, state)
    if options.plan:
        output.plan(runbook, machine=options.json)
        return
    changed = False
    if runbook.steps:
        _guarded(runbook, found, options)
        state, changed = _locked(verb, found, runbook)
    else:
        output.nothing_to_do(runbook)
    seconds = time.monotonic() - began if changed else None
    _finish(verb.conclude(found, state), runbook, options, seconds=seconds)


def _guarded(runbook: Runbook, found: Target, options: Options) -> None:
    try:
        _check_release(runbook, found)
        guard.check_destructive(
            runbook,
            found.environment,
            force=options.force,
            confirm=options.confirm,
            ask=output.ask if output.is_terminal() else None,
            typed=hints.retyped(sys.argv, without=("--force", "--confirm", "--plan", "--json")),
        )
    except Refused as refusal:
        _write(found, {"event": "refused", "verb": runbook.verb, "why": refusal.what})
        raise


def _check_release(runbook: Runbook, found: Target) -> None:
    guard.check_freeze(found.environment, runbook, datetime.now(UTC))
    if runbook.releases:
        branch, changed = _checkout(found)
        guard.check_checkout(found.environment, runbook, branch=branch, changed=changed)


def _checkout(found: Target) -> tuple[str, tuple[str, ...]]:
    """Return the branch the checkout is at, and the files that differ from the last commit."""
    git = ["git", "-C", str(found.environment.project_directory)]
    branch = runner.read([*git, "symbolic-ref", "--quiet", "--short", "HEAD"]).out.strip()
    status = runner.read([*git, "status", "--porcelain"]).out.splitlines()
    return branch, tuple(each[3:] for each in status)


def _locked(verb: Verb, found: Target, planned: Runbook) -> tuple[State, bool]:
    """Run what is planned while holding the environment's lock; return whether anything ran.

    The world may have moved while we waited: a destructive plan must still be the same then, any
    other is made anew, and so is what follows the first part of a confirmed one.
    """
    changed = False
    confirmed: str | None = planned.id
    holder = {"verb": planned.verb, "who": who(), "since": now()}

    def waiting(text: str) -> None:
        output.say(f"{found.name}: waiting for {text}")

    path = found.home / "lock"
    with runner.hold(path, holder, wait_seconds=LOCK_WAIT_SECONDS, waiting=waiting) as lock:
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
                raise Refused(
                    f"{found.name}: something changed while {planned.verb} was being confirmed",
                    where=f"plan {planned.id} is now {runbook.id}",
                    why="nothing was touched",
                    next_command=f"inv {planned.verb} --env {found.name} --plan",
                )
            # What is planned only now, on a server that had to be started, is asked for now.
            _check_release(runbook, found)
            _run(runbook, found, lock, state)
            changed = True
            if not runbook.continues:
                return verb.probe(found), changed
            confirmed = None if runbook.destructive else confirmed


def _run(runbook: Runbook, found: Target, lock: int, state: State) -> None:
    identity = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}"[:-3] + f"Z-{runbook.id}"
    versions = state.database.versions if state.database else ()
    begun = {"run": identity, "verb": runbook.verb, "plan": runbook.id, "from": versions}
    _write(found, {"event": "begin", **begun})
    steps = output.count(len(runbook.steps), "step")
    output.say(f"{runbook.verb} {found.name}: {steps} (plan {runbook.id})")
    output.notes(runbook)
    directory = found.home / "runs" / identity
    with output.progress() as watch:
        run = runner.run(
            runbook, directory, lock=lock, environment=_variables(identity), watch=watch
        )
    _write(
        found,
        {"event": "end", "run": identity, "code": run.code, "seconds": round(run.seconds, 3)},
    )
    _prune(found.home / "runs")
    if run.code:
        raise _failure(runbook, found, run, directory)


def _variables(run: str) -> dict[str, str]:
    """Return what the commands of a run are told about it; no secret is among it."""
    actor = who()
    options = " ".join(
        f"-c dbops.{key}={value.replace(chr(92), '').replace(' ', chr(92) + ' ')}"
        for key, value in (("actor", actor), ("run_id", run))
    )
    return {"DBOPS_RUN_ID": run, "DBOPS_ACTOR": actor, "PGOPTIONS": options}


def _failure(runbook: Runbook, found: Target, run: runner.Run, directory: Path) -> Problem:
    log = directory / "log"
    if run.code in {ExitCode.INTERRUPTED, 143}:
        return Interrupted(
            f"{found.name}: {runbook.verb} was interrupted",
            where=run.failed,
            why="the step that was running was rolled back; those before it are done",
            next_command=f"inv {runbook.verb} --env {found.name}",
        )
    # Not REFUSED: 3 is also what psql ends with when a statement of a script fails.
    known = {ExitCode.LOCKED, ExitCode.USAGE, ExitCode.UNREACHABLE}
    return Problem(
        f"{found.name}: {runbook.verb} stopped at: {run.failed}",
        where=str(log),
        why=run.log.replace("\n", "\n       ") or f"exit code {run.code}",
        next_command=f"correct the cause, then inv {runbook.verb} --env {found.name}",
        code=next((each for each in known if each == run.code), ExitCode.FAILED),
    )


def _finish(
    conclusion: Conclusion, runbook: Runbook, options: Options, *, seconds: float | None
) -> None:
    if not options.json:
        output.conclude(conclusion, seconds=seconds)
        return
    output.as_json(
        {
            "ok": True,
            "environment": runbook.environment,
            "verb": runbook.verb,
            "changed": seconds is not None,
            "now": conclusion.sentence,
            "next": conclusion.next_command,
            **dict(conclusion.facts),
        }
    )


def _recover(found: Target) -> None:
    """Write the end of a run whose starter died: the lock is free, so it has ended."""
    entries = journal.read(found.home / "journal.jsonl")
    last = next((each for each in reversed(entries) if each["event"] in {"begin", "end"}), None)
    if last and last["event"] == "begin":
        done = runner.is_done(found.home / "runs" / last["run"])
        _write(
            found,
            {"event": "end", "run": last["run"], "code": 0 if done else None, "recovered": True},
        )


def _write(found: Target, entry: dict[str, object]) -> None:
    journal.append(found.home / "journal.jsonl", {"at": now(), "who": who(), **entry})


def _prune(runs: Path) -> None:
    import shutil  # noqa: PLC0415  only a run leaves anything to remove

    for old in sorted(runs.iterdir())[:-RUNS_KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def who() -> str:
    """Return the person and machine a change is recorded under."""
    return f"{os.environ.get('SUDO_USER') or getpass.getuser()}@{socket.gethostname()}"


def now() -> str:
    """Return the time in UTC, to the second."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
