"""Who reads the output may leave, and a disk may be full: neither ends in a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dbops.errors import ExitCode

ROOT = Path(__file__).parents[2]
LISTING = [sys.executable, "-m", "invoke", "--search-root", str(ROOT), "config", "--env", "dev"]


def left(stream: str, words: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command one of whose streams nobody reads any more."""
    reader, writer = os.pipe()
    os.close(reader)
    other = "stderr" if stream == "stdout" else "stdout"
    ends = {stream: writer, other: subprocess.PIPE}
    try:
        return subprocess.run(words, **ends, stdin=subprocess.DEVNULL, text=True, check=False)
    finally:
        os.close(writer)


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_reader_that_left_is_no_failure(more):
    done = left("stdout", [*LISTING, *more])
    assert (done.returncode, done.stderr) == (ExitCode.OK, "")


def test_progress_that_nobody_reads_stops_no_work():
    program = "from dbops import output; output.say('begun'); output.say('on'); output.data('done')"
    done = left("stderr", [sys.executable, "-c", program])
    assert (done.returncode, done.stdout) == (ExitCode.OK, "done\n")


def test_a_full_disk_is_told_in_four_lines():
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(LISTING, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == ExitCode.FAILED
    assert done.stderr == (
        "error: the answer could not be written\n"
        "where: standard output\n"
        "why:   No space left on device\n"
        "next:  make room there, then type the same command again\n"
    )


def test_a_closed_output_is_no_failure():
    words = ["sh", "-c", 'exec "$@" >&-', "sh", *LISTING]
    done = subprocess.run(words, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (ExitCode.OK, "")
