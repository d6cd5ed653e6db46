"""Docker and the scripts beside this file, as a child process of ours runs them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

RIG = Path(__file__).resolve().parent
INSTALL_SECONDS = 1200
DOCKER_SECONDS = 300


class UnavailableError(Exception):
    """A script could not make what it makes; the text is the reason and then all it said."""


def docker(
    *words: str, sent: str | bytes | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run docker with PATH, HOME and VARIABLES alone, and SENT on its standard input."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        ["docker", *words],
        env={**kept, **variables},
        input=sent.encode() if isinstance(sent, str) else sent or b"",
        capture_output=True,
        timeout=DOCKER_SECONDS,
        check=False,
    )
    out, err = (each.decode(errors="replace") for each in (done.stdout, done.stderr))
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)


def must(*words: str, sent: str | bytes | None = None) -> str:
    """Run docker, which has to succeed, and return its standard output."""
    return succeeded(docker(*words, sent=sent))


def succeeded(done: subprocess.CompletedProcess[str]) -> str:
    """Return the standard output of a program that had to succeed."""
    if done.returncode:
        raise RuntimeError(f"{done.args}: {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout.strip()


def script(name: str) -> dict[str, str]:
    """Run a script of this folder and return the NAME=value lines it prints.

    Raises:
        UnavailableError: it failed.
    """
    done = subprocess.run(
        ["sh", str(RIG / name)],
        env={**os.environ, "PYTHON": sys.executable},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS,
        check=False,
    )
    if done.returncode:
        raise UnavailableError(f"{done.stderr.strip().splitlines()[-1]}\n{done.stderr}")
    return dict(re.findall(r"^(\w+)=(\S+)$", done.stdout, re.MULTILINE))
