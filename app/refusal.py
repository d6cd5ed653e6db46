"""A refusal is a foreseeable failure: four short lines on stderr and an exit code."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FAILED = 1
REFUSED = 3
USAGE = 4
UNREACHABLE = 69
INTERRUPTED = 130


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a defect
    """Something the operator can understand and act on.

    Args:
        what: what was refused, as one short sentence without a full stop.
        where: the database or setting it concerns.
        why: the reason, with the SQLSTATE when there is one.
        next_command: what to type next.
        code: the exit code of the process.
    """

    def __init__(
        self, what: str, *, where: str = "", why: str = "", next_command: str = "", code: int
    ) -> None:
        self.code = code
        parts = (("error:", what), ("where:", where), ("why:  ", why), ("next: ", next_command))
        super().__init__("\n".join(f"{label} {text}" for label, text in parts if text))


def exit_code(program: Callable[[], None]) -> int:
    """Run `program`, one transaction, and return its exit code; a refusal is told on stderr."""
    try:
        program()
    except Refusal as refusal:
        say(str(refusal))
        return refusal.code
    except KeyboardInterrupt:
        say("interrupted: nothing was changed")
        return INTERRUPTED
    return 0


def say(line: str) -> None:
    """Write one line to stderr at once, so that a pipe sees progress as it happens."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
