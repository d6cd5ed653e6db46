"""A run: what it is called, who asked for it, what its commands are told, and why it failed."""

from __future__ import annotations

import getpass
import os
import socket
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dbops import argv
from dbops.errors import ExitCode, Interrupted, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbops.events import Run
    from dbops.runbook import Runbook
    from dbops.target import Target

RUNS_KEPT = 50


def name(runbook: Runbook) -> str:
    """Return a new run's id: the moment, to the millisecond, and the plan's id."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}"[:-3] + f"Z-{runbook.id}"


def who() -> str:
    """Return the person and machine a change is recorded under."""
    return f"{os.environ.get('SUDO_USER') or getpass.getuser()}@{socket.gethostname()}"


def now() -> str:
    """Return the time in UTC, to the second."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def variables(run: str, actor: str) -> dict[str, str]:
    """Return what the commands of RUN are told about it; no secret is among it."""
    options = " ".join(
        f"-c dbops.{key}={value.replace(chr(92), '').replace(' ', chr(92) + ' ')}"
        for key, value in (("actor", actor), ("run_id", run))
    )
    named = {"DBOPS_RUN_ID": run, "DBOPS_ACTOR": actor, "PGOPTIONS": options}
    return {**named, "PGAPPNAME": f"dbops:{run}"}


def again(verb: str, found: Target) -> str:
    """Return what to type for VERB once more: as it was typed, to be looked at and confirmed."""
    if argv.typed(sys.argv) != verb:
        return found.command(verb)
    consents = ("--force", "--confirm", "--plan-id")
    return argv.retyped(sys.argv, without=consents) or found.command(verb)


def place(versions: Iterable[str], commit: str) -> str:
    """Return where a database and a checkout are, as part of a sentence."""
    at = ", ".join(filter(None, versions)) or "no revision"
    return f"the database is at {at}" + (f", the checkout at {commit[:12]}" if commit else "")


def failed(verb: str, found: Target, run: Run, log: str = "", now: str = "") -> Problem:
    """Return why RUN of VERB failed, as a person needs it.

    Args:
        verb: the command.
        found: the environment.
        run: how it ended.
        log: where the whole of it is.
        now: what is true since.
    """
    if run.code in {ExitCode.INTERRUPTED, 143}:
        return Interrupted(
            f"{found.name}: {verb} was interrupted",
            where=run.failed,
            why=_lines(
                "the statement or revision that ran is rolled back; what came before it is done",
                now,
            ),
            next_command=again(verb, found),
        )
    # Not REFUSED: 3 is also what psql ends with when a statement of a script fails. Over SSH 69
    # says that the run goes on; one whose database was lost has ended.
    known = {ExitCode.LOCKED, ExitCode.USAGE, ExitCode.UNREACHABLE}
    if found.environment.remote:
        known.discard(ExitCode.UNREACHABLE)
    return Problem(
        f"{found.name}: {verb} stopped at: {run.failed}",
        where=log or str(found.home / "runs"),
        why=_lines(run.log or f"exit code {run.code}", now),
        next_command=f"correct the cause, then {again(verb, found)}",
        code=next((each for each in known if each == run.code), ExitCode.FAILED),
    )


def _lines(why: str, now: str) -> str:
    return "\n".join([why, *([f"now: {now}"] if now else [])]).replace("\n", "\n       ")
