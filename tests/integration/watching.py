"""Looking at a project from outside: is anything different, what failed, who runs, what is held."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import psycopg2
import pytest
from conftest import _binaries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Project

from dbops.errors import ExitCode

HEAD = "20251212_100000000"
BASELINE = "0001_baseline"
LEGACY = "20251212_110000000"
PATIENCE_SECONDS = 60.0


def until(condition: Callable[[], object], what: str, *, seconds: float = PATIENCE_SECONDS) -> None:
    """Poll CONDITION; fail naming WHAT when it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for: {what}"
        time.sleep(0.005)


def refused(done: subprocess.CompletedProcess[str], code: ExitCode, what: str) -> str:
    """Assert that a command ended with CODE and WHAT, said in the four lines; return them."""
    told = done.stderr + done.stdout
    assert done.returncode == code, f"{done.returncode}\n{told}"
    assert "Traceback" not in told, told
    lines = done.stderr[done.stderr.index("error: ") :].splitlines()
    labels = [line[:7] for line in lines if not line.startswith("       ")]
    assert labels == ["error: ", "where: ", "why:   ", "next:  "], told
    assert what in done.stderr, told
    return "\n".join(lines)


def succeeded(done: subprocess.CompletedProcess[str]) -> str:
    """Assert that a command succeeded and return what it said on both outputs."""
    assert done.returncode == ExitCode.OK, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def files(project: Project, *, leave_out: str = r"\.dbops/cache/") -> dict[str, str]:
    """Return the hash and the time of every file of a project, without those that match.

    What environments.yaml was validated into is kept in .dbops/cache; that is no state.
    """
    found = {}
    for folder, _, names in os.walk(project.directory):
        for name in names:
            path = os.path.join(folder, name)  # noqa: PTH118  twice as fast on a data directory
            relative = os.path.relpath(path, project.directory)
            if not re.match(leave_out, relative) and "__pycache__" not in relative:
                found[relative] = _fingerprint(path)
    return found


def _fingerprint(path: str) -> str:
    facts = os.lstat(path)
    if not os.path.isfile(path) or os.path.islink(path):  # noqa: PTH113, PTH114
        return f"{facts.st_mode}"
    with open(path, "rb") as file:  # noqa: PTH123  /proc is read raw
        return f"{facts.st_mtime_ns} {hashlib.sha256(file.read()).hexdigest()}"


RUNNING = r"\.dbops/(cache/|\w+/data/|\w+/postgresql\.log)"


def contents(project: Project, env: str = "local_dev", *, only: tuple[str, ...] = ()) -> str:
    """Return a database as SQL: schema, rows, owners, privileges, and the server's roles.

    It is the whole one, or ONLY some schemas.
    """
    reached = {**os.environ, **project.libpq(env)}
    dumps = [["pg_dump", *(f"--schema={each}" for each in only)], ["pg_dumpall", "--globals-only"]]
    texts = [
        subprocess.run(
            [str(_binaries() / words[0]), *words[1:]],
            env=reached,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for words in dumps
    ]
    return re.sub(r"^\\(un)?restrict .*$", "", "".join(texts), flags=re.MULTILINE)


def everything(project: Project, env: str = "local_dev") -> tuple[dict[str, str], str]:
    """Return files and database of a project whose server runs."""
    return files(project, leave_out=RUNNING), contents(project, env)


def rows(project: Project, *tables: str, env: str = "local_dev") -> list[str]:
    """Return the number of rows of each table, as text."""
    counts = [f"SELECT count(*) FROM {each}" for each in tables]
    return project.psql(*counts, env=env).splitlines()


def runs(project: Project, env: str = "local_dev") -> list[Path]:
    """Return the directories of the runs, oldest first."""
    return sorted((project.directory / ".dbops" / env / "runs").glob("*"))


def journal(project: Project, env: str = "local_dev") -> list[dict[str, object]]:
    """Return the journal's entries."""
    path = project.directory / ".dbops" / env / "journal.jsonl"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [json.loads(line) for line in text.splitlines()]


def began(project: Project, step: int, env: str = "local_dev") -> bool:
    """Return whether the newest run began STEP."""
    events = runs(project, env)[-1:] and runs(project, env)[-1] / "events.jsonl"
    with suppress(FileNotFoundError):
        if events:
            return f'"event":"begin","step":{step},' in events.read_text(encoding="utf-8")
    return False


def kill(process: subprocess.Popen[str]) -> None:
    """Kill a command alone; what it started goes on."""
    process.kill()
    process.communicate()


def kill_everything(process: subprocess.Popen[str], project: Project) -> None:
    """Kill a command and every process its script started, but no server."""
    kill(process)
    for group in _groups(f"{project.directory}/.dbops/"):
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
    until(lambda: not _groups(f"{project.directory}/.dbops/"), "the killed processes to go")


def _groups(script: str) -> set[int]:
    listed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pgid=", "-o", "stat=", "-o", "args="],
        capture_output=True,
        text=True,
        check=True,
    )
    found = (line.split(maxsplit=2) for line in listed.stdout.splitlines())
    return {
        int(each[0])
        for each in found
        if len(each) == 3
        and not each[1].startswith("Z")
        and "/run.sh " in each[2]
        and script in each[2]
    }


def sleeping(project: Project, env: str = "local_dev") -> bool:
    """Return whether a session of the project's server is in pg_sleep."""
    question = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    try:
        return project.psql(question, env=env, database="postgres") == "1"
    except (AssertionError, OSError, IndexError):  # no server, or one that only begins
        return False


@contextmanager
def nothing_is_made(project: Project) -> Iterator[None]:
    """Keep every CREATE DATABASE waiting, which goes on by itself when its client is killed."""
    reached = {**project.libpq(), "PGDATABASE": "postgres"}
    words = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE"}
    connection = psycopg2.connect(**{key: reached[each] for key, each in words.items()})
    try:
        connection.cursor().execute("ALTER DATABASE template0 RENAME TO held")
        yield
    finally:
        connection.close()


def waiting(project: Project, beginning: str) -> bool:
    """Return whether a statement that is LIKE this BEGINNING waits for a lock."""
    question = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    return project.psql(f"{question} AND query LIKE '{beginning}%'", database="postgres") == "1"


def unavailable(what: str) -> None:
    """Skip a test for want of something; where everything has to be there, fail."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)
