"""A foreseeable failure is a line or two on stderr and an exit code; a bug keeps its traceback.

What a revision's own code raises is foreseeable: it is told with its file and line.
"""

from __future__ import annotations

import logging
import os
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Iterator

FAILED = 1
USAGE = 4
UNREACHABLE = 69
LOCKED = 75
INTERRUPTED = 130

# class 08 is connection exception; 57P01 to 57P03 are what a stopping or starting server says
_GONE = ("08", "57P01", "57P02", "57P03")

log = logging.getLogger("dbops_migrator")


class Failure(Exception):  # noqa: N818  an outcome of a run, not an error of this code
    """Something the operator can act on.

    Args:
        lines: what failed, then what is true now or what to do.
        code: the exit code of the process.
    """

    def __init__(self, *lines: str, code: int = FAILED) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines
        self.code = code


@contextmanager
def exit_with_code() -> Iterator[None]:
    """End the process with the code of a `Failure`, after saying its lines on stderr.

    `DBOPS_DEBUG=1` shows the traceback instead.
    """
    try:
        with translated():
            yield
    except Failure as failure:
        if os.environ.get("DBOPS_DEBUG"):
            raise
        log.error("error: %s", failure)  # noqa: TRY400  the lines are the message
        # alembic's own main() turns CommandError alone into an exit code, and always 255
        raise SystemExit(failure.code) from failure


@contextmanager
def translated() -> Iterator[None]:
    """Turn what the driver and the keyboard raise into a `Failure`."""
    try:
        yield
    except DBAPIError as error:
        raise Failure(*described(error), code=code_of(error)) from error
    except KeyboardInterrupt as interrupt:
        raise Failure("interrupted", code=INTERRUPTED) from interrupt


def sqlstate(error: DBAPIError) -> str:
    """Return the SQLSTATE, or an empty string when the server did not answer."""
    return getattr(error.orig, "pgcode", None) or ""


def code_of(error: DBAPIError) -> int:
    """Return 69 when the connection is gone, 1 when the server refused a statement."""
    gone = error.connection_invalidated or not sqlstate(error)
    return UNREACHABLE if gone or sqlstate(error).startswith(_GONE) else FAILED


def described(error: DBAPIError) -> tuple[str, ...]:
    """Return SQLSTATE and message of the server, then its hint when it gave one."""
    diagnostics = getattr(error.orig, "diag", None)
    message = getattr(diagnostics, "message_primary", None) or " ".join(str(error.orig).split())
    hint = getattr(diagnostics, "message_hint", None)
    what = f"{sqlstate(error)} {message}" if sqlstate(error) else f"connection lost: {message}"
    return (what, f"hint: {hint}") if hint else (what,)


def place_in(folder: Path, error: BaseException) -> str:
    """Return `FILE:LINE` in FOLDER through which ERROR came last, or an empty string."""
    frames = reversed(traceback.extract_tb(error.__traceback__))
    own = (each for each in frames if Path(each.filename).resolve().is_relative_to(folder))
    return next((f"{each.filename}:{each.lineno}" for each in own), "")


def described_own(error: BaseException, place: str) -> tuple[str, ...]:
    """Return the reason with which a revision refuses, or what it raised and at which PLACE."""
    reason = str(error).strip()
    if isinstance(error, NotImplementedError) and reason:
        return (reason,)
    name = type(error).__name__
    return (f"{name}: {reason}" if reason else name, f"raised at {place}")
