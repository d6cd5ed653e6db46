"""Tables and journals as a person reads them in a terminal, and as a pipe gets them."""

from __future__ import annotations

import io
import re
import sys

import pytest

from dbops import output
from dbops.output import records

HEADS = ("began", "verb", "run")
RUN = ("2026-01-02T03:04:05Z", "al-up", "20260102T030405000Z-0123456789ab")
TITLES = [["revision", "title"], ["0001_baseline", "Baseline: " + "the snapshot is here, " * 3]]


class Terminal(io.TextIOWrapper):
    def __init__(self):
        super().__init__(io.BytesIO(), encoding="utf-8")

    def isatty(self):
        return True

    def shown(self):
        self.flush()
        return re.sub(r"\x1b\[[\d;]*m", "", self.buffer.getvalue().decode())


@pytest.fixture
def terminal(monkeypatch):
    """A terminal of the width that a test asks for."""

    def opened(columns):
        monkeypatch.setattr(sys, "stdout", Terminal())
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("TERM", "xterm")
        return sys.stdout

    return opened


def test_what_fits_is_a_table(terminal):
    screen = terminal(80)
    output.table([HEADS, RUN])
    head, _, row = (each for each in screen.shown().splitlines() if each.strip())
    assert (head.split(), row.split()) == (list(HEADS), list(RUN))


def test_what_does_not_fit_is_a_record_that_can_be_pasted(terminal):
    screen = terminal(60)
    output.table([HEADS, RUN, RUN])
    record = f"began  {RUN[0]}\nverb   {RUN[1]}\nrun    {RUN[2]}\n"
    assert screen.shown() == f"{record}\n{record}"


def test_a_title_is_wrapped_and_its_revision_is_not(terminal):
    screen = terminal(60)
    output.table(TITLES, prose=True)
    lines = [each for each in screen.shown().splitlines() if each.strip()]
    assert "0001_baseline   Baseline:" in lines[2]
    assert len(lines) == 4
    assert max(map(len, lines)) <= 60


def test_a_pipe_gets_tabs(capsys):
    output.table([HEADS, RUN])
    assert capsys.readouterr().out == "\t".join(HEADS) + "\n" + "\t".join(RUN) + "\n"


def test_a_journal_has_a_line_for_every_step(capsys):
    step = {"title": "start it", "seconds": 0.25, "code": 0}
    failed = {"title": "upgrade", "seconds": 1.5, "code": 7}
    begun = {"event": "begin", "at": "T1", "run": "r", "from": [], "sequence": 1, "hash": "x"}
    ended = {"event": "end", "at": "T2", "code": 7, "to": ["a", "b"], "steps": [step, failed]}
    records.journal([begun, ended], machine=False)
    assert capsys.readouterr().out == (
        "T1  begin    run=r\n"
        "T2  end      code=7 to=a,b\n"
        "  ok           0.25 s  start it\n"
        "  exit 7        1.5 s  upgrade\n"
    )
