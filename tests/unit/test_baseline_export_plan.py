"""What drift ignores does not reach the snapshot unseen."""

from __future__ import annotations

import json

import handmade
import pytest
from handmade import BASELINE, HEAD

from dbops import catalogue
from dbops.environments.model import Drift
from dbops.errors import ExitCode, Locked, Problem, Refused
from dbops.operations import baseline, scratch

TABLE = ("table", "raw.slips", "TABLE")
OF_FILES = (
    TABLE,
    ("comment", "table raw.slips", "'slips'", *TABLE[:2]),
    ("index", "raw.tmp_1", "CREATE INDEX tmp_1 ON raw.slips (id)", *TABLE[:2]),
)
COMMENT = ("comment", "table raw.slips", "'by hand'", *TABLE[:2])
COLUMN = ("column", "raw.slips.note", "text", *TABLE[:2])
DEFAULT = ("default", "raw.slips.note", "'x'", *COLUMN[:2])
OTHERS = (
    ("schema", "reports", "CREATE SCHEMA reports"),
    ("table", "reports.daily", "TABLE", "schema", "reports"),
    ("grant", "table reports.daily to PUBLIC", "SELECT", "table", "reports.daily"),
)
GRANT = ("grant", "table raw.slips to PUBLIC", "SELECT", *TABLE[:2])


def schema(*rows):
    """Return the catalogue of ROWS; a later one takes the place of an earlier one."""
    last = {each[:2]: each for each in rows}
    return catalogue.parse("\n".join(map(json.dumps, last.values())))


@pytest.fixture
def export(tmp_path, monkeypatch):
    """Plan to export a database of ROWS whose environment ignores PATTERNS."""

    def planned(rows, *patterns, expected=lambda *_, **__: schema(*OF_FILES), at=HEAD):
        target = handmade.make_target(tmp_path / "work", drift=Drift(ignore=patterns))
        live = schema(*rows)
        monkeypatch.setattr(
            scratch, "live", lambda to, _: live.without(to.environment.drift.ignore)
        )
        monkeypatch.setattr(scratch, "expected", expected)
        return baseline.export(target, handmade.running(target, at))

    return planned


@pytest.mark.parametrize(
    ("rows", "patterns"),
    [
        ((*OF_FILES, *OTHERS, COMMENT), ()),  # nothing is ignored: the proof tells
        (OF_FILES, ("comment *", "raw.slips", "reports")),
        ((*OF_FILES, GRANT), ("grant *",)),
        ((*OF_FILES, COLUMN), ("comment *",)),
    ],
)
def test_what_is_as_the_files_say_or_in_no_dump_may_be_ignored(export, rows, patterns):
    assert len(export(rows, *patterns).steps) == 3


@pytest.mark.parametrize(
    ("rows", "pattern", "told"),
    [
        ((*OF_FILES, *OTHERS), "reports", "unexpected schema reports"),
        ((*OF_FILES, COMMENT), "comment *", "changed comment table raw.slips"),
        (OF_FILES[:2], "index raw.tmp_*", "missing index raw.tmp_1"),
        ((*OF_FILES, COLUMN, DEFAULT), "default *", "unexpected default raw.slips.note"),
    ],
)
def test_what_the_dump_would_bring_along_or_lose_is_refused(export, rows, pattern, told):
    with pytest.raises(Refused) as raised:
        export(rows, pattern)
    assert (raised.value.where, raised.value.code) == (told, ExitCode.REFUSED)
    assert raised.value.next_command.endswith("inv baseline-export --env local_dev")


def test_where_the_files_make_no_schema_all_that_is_ignored_is_refused(export):
    def broken(*_, **__):
        raise Problem("the expected schema cannot be built")

    with pytest.raises(Refused) as raised:
        export(OF_FILES, "comment *", expected=broken)
    assert raised.value.where == "unexpected comment table raw.slips"


def test_another_comparison_is_told(export):
    def busy(*_, **__):
        raise Locked("another comparison is building a schema")

    with pytest.raises(Locked):
        export(OF_FILES, "comment *", expected=busy)


def test_a_database_behind_the_head_is_refused_first(export):
    with pytest.raises(Refused, match="not at head"):
        export((*OF_FILES, *OTHERS), "reports", at=BASELINE)
