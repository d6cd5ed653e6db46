"""Round trips, computed from what commands took near and far."""

from __future__ import annotations

import pytest

from benchmarks import remote, report
from benchmarks.timing import Run, Sample


def sample(*walls: float) -> Sample:
    return Sample(tuple(Run(wall=each, cpu=each / 10) for each in walls))


def test_what_far_takes_longer_is_counted_round_by_round():
    found = remote.longer(sample(1.0, 9.0, 2.0), sample(1.5, 9.75, 2.25))
    assert [each.wall for each in found.runs] == pytest.approx([0.5, 0.75, 0.25])
    assert found.wall == pytest.approx(0.5)


def test_rounds_that_were_not_all_run_on_both_ends_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        remote.longer(sample(1.0, 2.0), sample(1.5))


def test_the_round_trips_are_the_median_with_the_least_and_the_most():
    assert remote.round_trips(sample(0.9, 0.75, 1.6)) == "9.0 (7.5-16.0)"


@pytest.mark.parametrize(("lengths", "said"), [((5, 5), "5"), ((11, 5, 7), "5 to 11")])
def test_the_table_says_how_many_runs_were_counted(lengths, said):
    rows = [report.Row("what", sample(*[1.0] * each)) for each in lengths]
    assert report.counted(rows) == said
