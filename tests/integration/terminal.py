"""A terminal with a person at it: what is asked there, and Ctrl-C."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pexpect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PATIENCE_SECONDS = 300  # several rigs at once keep a small machine busy


@contextmanager
def terminal(
    command: list[str], variables: Mapping[str, str], directory: Path
) -> Iterator[pexpect.spawn]:
    """Type COMMAND in DIRECTORY; whatever becomes of the test, it does not outlive it."""
    program, *words = command
    child = pexpect.spawn(
        program,
        words,
        env=dict(variables),
        cwd=str(directory),
        timeout=PATIENCE_SECONDS,
        encoding="utf-8",
        codec_errors="replace",  # Ctrl-C may empty the queue in the middle of a letter
        dimensions=(40, 160),
    )
    try:
        yield child
    finally:
        child.close(force=True)


def rest(child: pexpect.spawn) -> tuple[int, str]:
    """Return the exit code and what is said from here to the end."""
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus, child.before.replace("\r\n", "\n")
