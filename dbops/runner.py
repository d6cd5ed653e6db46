"""The one module that executes: it reads with a command, changes with a runbook, or hands over.

A runbook runs in a process group of its own and writes its events to files, so that it goes on, or
ends cleanly, when this process dies.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from dbops.environments.frozen import Frozen
from dbops.errors import Problem
from dbops.events import Event, Run, ended, event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from dbops.runbook import Runbook

POLL_SECONDS = 0.02
# What a shell adds to the number of the signal that ended a program.
_BY_SIGNAL = 128
# How much of a command line is shown of a program that is not there.
_SHOWN = 60


class Answer(Frozen):
    """What a reading command said."""

    code: int
    out: str
    error: str

    @property
    def last_line(self) -> str:
        """Return the last line that says something, of the errors where there are any."""
        said = self.error if self.error.strip() else self.out
        lines = [each for each in said.splitlines() if each.strip()]
        return lines[-1] if lines else f"it said nothing and ended with {self.code}"


def read(
    words: Sequence[str], *, text: str | None = None, environment: Mapping[str, str] | None = None
) -> Answer:
    """Run WORDS, a command that changes nothing, and return its answer.

    Args:
        words: the command as a list; no shell is involved.
        text: what it finds on standard input; nothing when left out.
        environment: variables added to the present ones.

    Raises:
        Problem: the program does not exist (exit 1).
    """
    try:
        done = subprocess.run(
            list(words),
            input=text,
            stdin=None if text is not None else subprocess.DEVNULL,
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, **(environment or {})},
        )
    except OSError as error:
        raise Problem(
            f"cannot run {words[0]}",
            where=" ".join(words)[:_SHOWN],
            why=error.strerror or str(error),
            next_command="install it, or correct PATH, then type the same command again",
        ) from error
    return Answer(code=done.returncode, out=done.stdout, error=done.stderr)


def read_all(commands: Sequence[Sequence[str]]) -> list[Answer]:
    """Run COMMANDS, which change nothing, side by side, and return their answers in order."""
    from concurrent.futures import ThreadPoolExecutor  # only several hosts need it

    with ThreadPoolExecutor(max_workers=len(commands)) as pool:
        return list(pool.map(read, commands))


def fetch(url: str, timeout: float) -> str:
    """Ask URL within TIMEOUT seconds and return why the answer is not 200, empty when it is."""
    import urllib.error  # 40 ms that only health pays
    import urllib.request

    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:  # noqa: S310  from our file
            return "" if answer.status == 200 else f"it answers {answer.status}"  # noqa: PLR2004  HTTP says so
    except urllib.error.HTTPError as error:
        return f"it answers {error.code}: {error.read(500).decode(errors='replace')}"
    except OSError as error:
        return str(getattr(error, "reason", error))


def hand_over(words: Sequence[str], *, directory: Path | None = None) -> int:
    """Run WORDS on this terminal, in DIRECTORY, and return the exit code; 130 after Ctrl-C.

    Ctrl-C is the program's alone: psql cancels a statement with it and goes on.
    """
    # Not SIG_IGN, which the program would inherit.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        code = subprocess.call(list(words), cwd=directory)
    finally:
        signal.signal(signal.SIGINT, before)
    return code if code >= 0 else _BY_SIGNAL - code


def run(
    runbook: Runbook,
    directory: Path,
    *,
    lock: int,
    environment: Mapping[str, str],
    watch: Callable[[Event], None],
) -> Run:
    """Execute RUNBOOK and return how it ended; WATCH sees every event as it happens.

    Args:
        runbook: what to run; its script is written to DIRECTORY/run.sh first.
        directory: a new directory for the script, its log and its events.
        lock: the descriptor of the environment's lock, inherited by the script as number 9.
        environment: variables added for the script; nothing secret.
        watch: called for each event, in this process.
    """
    directory.mkdir(parents=True)
    script = directory / "run.sh"
    script.write_text(runbook.script(), encoding="utf-8")
    for each in ("events.jsonl", "log"):
        (directory / each).touch()
    started = time.monotonic()
    child = _start(script, directory, lock, environment)
    for each in ("pid", "runner"):  # whoever cancels it from elsewhere asks for these
        (directory / each).write_text(f"{child.pid}\n", encoding="utf-8")
    events = tuple(_follow(child, directory, started, watch))
    (directory / "rc").write_text(f"{child.returncode}\n", encoding="utf-8")
    log = (directory / "log").read_text(encoding="utf-8", errors="replace")
    return ended(child.returncode, events, log, time.monotonic() - started)


def _start(
    script: Path, directory: Path, lock: int, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    # It comes in as standard input: dash names no descriptor above 9 in a redirection.
    return subprocess.Popen(
        ["sh", "-c", 'exec sh "$0" "$1" 9>&0 </dev/null', str(script), str(directory)],
        stdin=lock,
        process_group=0,
        env={**os.environ, **environment},
    )


def _follow(
    child: subprocess.Popen[bytes], directory: Path, started: float, watch: Callable[[Event], None]
) -> Iterator[Event]:
    begun, done = Event(kind="begin"), 0
    with (
        (directory / "events.jsonl").open(encoding="utf-8") as file,
        (directory / "log").open("rb") as log,
        _interrupts_go_to(child),
    ):
        while True:
            is_over = child.poll() is not None
            for line in file:
                said = event(json.loads(line), time.monotonic() - started)
                begun, done = (said, 0) if said.kind == "begin" else (begun, done)
                watch(said)
                yield said
            if is_over:
                return
            done += log.read().count(begun.counts.encode()) if begun.total else 0
            seconds = time.monotonic() - started
            watch(Event(kind="wait", step=begun.step, seconds=seconds, done=done))
            time.sleep(POLL_SECONDS)


@contextmanager
def _interrupts_go_to(child: subprocess.Popen[bytes]) -> Iterator[None]:
    """Pass Ctrl-C on to the script, whose commands roll back; the second time, end it."""
    signals = iter([signal.SIGINT, signal.SIGTERM])

    def forward(*_: object) -> None:
        with suppress(ProcessLookupError):  # it has just ended
            os.killpg(child.pid, next(signals, signal.SIGKILL))

    before = signal.signal(signal.SIGINT, forward)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
