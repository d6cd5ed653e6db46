"""Progress, in a terminal and without one, whatever order lines and events come in."""

from __future__ import annotations

import pytest

from dbops.events import Event
from dbops.output import live

BEGUN = Event(kind="begin", step=2, title="back up", counts="dumping", total=4, seconds=1.0)
HALF = Event(kind="wait", step=2, done=2, seconds=2.0)
ENDED = Event(kind="end", step=2, seconds=3.0)
LATE = Event(kind="wait", step=2, done=4, seconds=99.0)


@pytest.mark.parametrize("kind", [live._Live, live._Lines])
def test_a_count_that_comes_behind_the_end_of_its_step_is_passed_over(kind, capsys):
    with kind() as watch:
        for event in (BEGUN, HALF, ENDED, LATE, ENDED, Event(kind="done", seconds=99.0)):
            watch(event)
    told = capsys.readouterr().err
    assert told.count("ok      2.0 s  back up") == 1
