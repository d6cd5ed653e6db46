"""Every foreseeable failure is a Problem: four short lines and an exit code, never a traceback."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any

from invoke.exceptions import Exit

if TYPE_CHECKING:
    from collections.abc import Mapping


class ExitCode(IntEnum):
    """What a process ends with; scripts and timers decide on these."""

    OK = 0
    FAILED = 1
    DIFFERENCES = 2
    REFUSED = 3
    USAGE = 4
    UNREACHABLE = 69
    LOCKED = 75
    INTERRUPTED = 130


class Problem(Exit):
    """Something the operator can understand and act on.

    Invoke and Fabric print the message of an `Exit` on stderr and end with its code.

    Args:
        what: what failed, as one short sentence without a full stop.
        where: the environment, file:line:col or statement it failed at.
        why: the reason, with the SQLSTATE or exit code when there is one.
        next_command: what to type next.
        code: the exit code; subclasses bring their own.
        facts: the answer as data, where this is one: what --json prints before the message.
    """

    exit_code = ExitCode.FAILED

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        why: str = "",
        next_command: str = "",
        code: ExitCode | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        self.facts = facts
        self.what = what
        self.where = where
        self.why = why
        self.next_command = next_command
        super().__init__(self.render(), code=int(self.exit_code if code is None else code))

    def render(self) -> str:
        """Return the message as the lines a person reads; empty parts are left out."""
        parts = (
            ("error:", self.what),
            ("where:", self.where),
            ("why:  ", self.why),
            ("next: ", self.next_command),
        )
        return "\n".join(f"{label} {text}" for label, text in parts if text)


def of_file(error: OSError) -> Problem:
    """Return the problem of a file that cannot be read or written, as after one `sudo inv`.

    Raises:
        OSError: it names no file, so that nobody foresaw it.
    """
    if not error.filename:
        raise error
    return Problem(
        "a file cannot be read or written",
        where=str(error.filename),
        why=error.strerror or str(error),
        next_command=f"ls -ld {error.filename}; it has to be of the account that types this",
    )


class DifferencesFound(Problem):
    """A check looked and found differences or pending work (exit 2)."""

    exit_code = ExitCode.DIFFERENCES


class Refused(Problem):
    """The guard, or a rule that protects data, said no; nothing was touched (exit 3)."""

    exit_code = ExitCode.REFUSED


class UsageProblem(Problem):
    """The command line or a configuration file is wrong (exit 4)."""

    exit_code = ExitCode.USAGE


class Unreachable(Problem):
    """The server or host did not answer, or the connection was lost (exit 69)."""

    exit_code = ExitCode.UNREACHABLE


class Locked(Problem):
    """Somebody else is changing this environment (exit 75, EX_TEMPFAIL)."""

    exit_code = ExitCode.LOCKED


class Interrupted(Problem):
    """Ctrl-C (exit 130)."""

    exit_code = ExitCode.INTERRUPTED
