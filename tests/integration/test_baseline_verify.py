"""Snapshot, revisions, models and live database say the same, or each part says how it differs."""

from __future__ import annotations

import json

import pytest
from advancing import SNAPSHOT
from watching import contents, refused, succeeded

from dbops.errors import ExitCode

DEV = ("--env", "local_dev")
MODELS = "app/infra/db/models/ref_calendar.py"
END = "--\n-- PostgreSQL database dump complete\n"
SCRATCH = "SELECT datname FROM pg_database WHERE datname ~ '_dbops_'"


@pytest.fixture
def restored(head):
    """The project; its files are put back afterwards."""
    kept = {each: (head.directory / each).read_bytes() for each in (SNAPSHOT, MODELS)}
    yield head
    for each, content in kept.items():
        (head.directory / each).write_bytes(content)


def differing(project):
    """Return the differences of each part: the export, the models and the live database."""
    done = project.inv("baseline-verify", *DEV, "--json")
    assert done.stdout, done.stderr
    parts = [each["differences"] for each in json.loads(done.stdout)["parts"]]
    assert done.returncode == (ExitCode.DIFFERENCES if any(parts) else ExitCode.OK)
    return parts


def test_what_is_committed_is_equal_in_every_part_and_nothing_changes(restored):
    before = contents(restored)
    told = succeeded(restored.inv("baseline-verify", *DEV))
    assert told.count("equal  ") == 3
    assert contents(restored) == before
    assert restored.psql(SCRATCH) == ""


def test_a_change_by_hand_and_one_of_the_models_are_told_apart(restored):
    restored.psql("CREATE INDEX by_hand ON ref.tax_rate (rate)")
    restored.edit(MODELS, "    rate: Mapped", "    extra: Mapped[str | None]\n    rate: Mapped")
    exported, models, live = differing(restored)
    restored.psql("DROP INDEX ref.by_hand")
    assert exported == []
    assert [each.split("Column(")[0] for each in models] == ["('add_column', 'ref', 'tax_rate', "]
    assert live == ["unexpected index ref.by_hand"]


def test_a_snapshot_that_was_edited_is_named_with_its_line(restored):
    restored.edit(SNAPSHOT, "-- The schema of the application", "-- A schema of the application")
    exported, models, live = differing(restored)
    assert (models, live) == ([], [])
    assert exported[0].startswith("line 1 is '-- A schema of the application")


def test_a_table_that_somebody_wrote_into_the_snapshot_differs_from_everything(restored):
    restored.edit(SNAPSHOT, END, f"CREATE TABLE ref.by_hand (id integer);\n\n\n{END}")
    exported, models, live = differing(restored)
    assert "missing     TABLE ref.by_hand" in exported
    assert any("by_hand" in each for each in models)
    assert live == ["missing table ref.by_hand"]


def test_a_database_behind_the_head_is_refused(restored):
    restored.must("al-down", *DEV)
    told = refused(restored.inv("baseline-verify", *DEV), ExitCode.REFUSED, "not at")
    assert told.endswith("next:  inv al-up --env local_dev")
    restored.must("al-up", *DEV)
