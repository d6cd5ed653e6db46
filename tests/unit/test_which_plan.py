"""What al-which says of a version row, and the command it leads to."""

from __future__ import annotations

import json

import handmade
import pytest
from handmade import BASELINE, HEAD, LEGACY

from dbops import catalogue, output
from dbops.commands import scratch as commands
from dbops.commands import sql
from dbops.errors import ExitCode, Problem
from dbops.operations import scratch, walk, which

STRANGE = "20990101_000000000"
AT_BASELINE = ["table", "raw.slips", "TABLE"]
AT_HEAD = ["table", "raw.more", "TABLE"]
BY_HAND = ["table", "raw.by_hand", "TABLE"]
OURS = ["owner", "table raw.more", "sanbou_owner", "table", "raw.more"]
THEIRS = ["owner", "table raw.more", "postgres", "table", "raw.more"]
ON = " --env local_dev"
LOST = "when its file is lost for good"


def schema(*rows):
    return catalogue.parse("\n".join(map(json.dumps, rows)))


@pytest.fixture
def target(tmp_path):
    return handmade.make_target(tmp_path / "work")


@pytest.fixture
def ask(target, monkeypatch):
    """Return what is found of a live schema of ROWS in a database with VERSIONS."""
    known = {BASELINE: schema(AT_BASELINE), HEAD: schema(AT_BASELINE, AT_HEAD, OURS)}

    def found(rows, versions):
        monkeypatch.setattr(scratch, "live", lambda *_: schema(*rows))
        monkeypatch.setattr(scratch, "expected", lambda _target, _state, each, **_: known[each])
        monkeypatch.setattr(walk, "catalogues", lambda *_: (each for each in known.items()))
        return which.which(target, handmade.running(target, *versions))

    return found


WHOLE = (AT_BASELINE, AT_HEAD, OURS)


@pytest.mark.parametrize(
    ("rows", "versions", "says", "nearest", "command"),
    [
        (WHOLE, [HEAD], "right", HEAD, ""),
        ([AT_BASELINE], [BASELINE], "right", BASELINE, f"inv al-up{ON}"),
        ([AT_BASELINE, BY_HAND], [BASELINE], "right", BASELINE, f"inv drift{ON}"),
        ([AT_BASELINE], [HEAD], "wrong", BASELINE, f"inv al-stamp --rev {BASELINE}{ON}"),
        (WHOLE, [BASELINE], "wrong", HEAD, f"inv al-stamp --rev {HEAD}{ON}"),
        (WHOLE, [], "nothing", HEAD, f"inv al-stamp --rev {HEAD}{ON}"),
        ([AT_BASELINE], [], "nothing", BASELINE, f"inv al-adopt{ON}"),
        ([AT_BASELINE], [LEGACY], "legacy", BASELINE, f"inv al-adopt{ON}"),
        ([AT_BASELINE, BY_HAND], [LEGACY], "legacy", BASELINE, f"inv al-adopt{ON}"),
        (WHOLE, [LEGACY], "legacy", HEAD, f"inv al-stamp --rev {HEAD}{ON}"),
        (WHOLE, [STRANGE], "unknown", HEAD,
         f"git pull, then inv al-which{ON}; or inv al-stamp --rev {HEAD}{ON}, {LOST}"),
        ([*WHOLE, BY_HAND], [STRANGE], "unknown", HEAD, f"git pull, then inv al-which{ON}"),
        ([AT_BASELINE], [STRANGE], "unknown", BASELINE, f"inv al-adopt{ON}"),
        (WHOLE, [BASELINE, HEAD], "several", HEAD, f"inv al-stamp --rev {HEAD}{ON}"),
        ([AT_BASELINE], [LEGACY, STRANGE], "several", BASELINE, f"inv al-adopt{ON}"),
        ([*WHOLE, BY_HAND], [], "nothing", HEAD,
         f"inv al-stamp --rev {HEAD}{ON}, then inv drift{ON}"),
        ([AT_BASELINE, AT_HEAD, THEIRS], [], "nothing", HEAD,
         f"inv db-bootstrap-roles{ON}, then inv al-which{ON}"),
    ],
)  # fmt: skip
def test_the_version_row_is_judged_and_the_command_named(
    ask, rows, versions, says, nearest, command
):
    found = ask(rows, versions)
    assert (found["says"], found["nearest"], found["next"]) == (says, nearest, command)
    exact = not found["differences"]
    assert found["revisions"] == ([nearest] if exact else [])
    settled = exact and says in {"right", "nothing", "legacy"}
    code = ExitCode.OK if settled else ExitCode.DIFFERENCES
    assert output.which(found, machine=True) == code


def test_an_empty_database_is_nobodys(target):
    with pytest.raises(Problem) as raised:
        which.which(target, handmade.empty(target))
    assert raised.value.next_command == f"inv al-up{ON}"


def test_the_history_is_what_follows_the_baseline(target):
    handmade.write_revision(target.files, "other_root", None)
    assert walk.history(target) == [BASELINE, HEAD]


def test_what_notes_the_catalogue_is_the_query_itself_with_all_its_settings(target):
    asked = commands.record(target.backend(handmade.running(target)), "beside")
    query = sql.query("catalogue").read_text(encoding="utf-8")
    settings, _, rest = query.partition("\nWITH members AS")
    assert rest.rstrip() in asked.text
    for line in settings.splitlines():
        name = line.split()[1] if line.startswith("SET ") else "search_path"
        assert (f"SET {name} FROM CURRENT" in asked.text) == (name != "client_encoding")
    assert "--dbname=beside" in asked.words


def test_of_revisions_with_one_schema_the_one_the_log_ends_at_is_named(target, monkeypatch):
    same = schema(AT_BASELINE)
    monkeypatch.setattr(scratch, "live", lambda *_: same)
    monkeypatch.setattr(
        walk, "catalogues", lambda *_: (each for each in [(BASELINE, same), (HEAD, same)])
    )
    for recorded, nearest, command in (
        ((), BASELINE, "al-adopt"),
        (("upgrade", HEAD), HEAD, f"al-stamp --rev {HEAD}"),
    ):
        found = which.which(target, handmade.running(target, recorded=recorded))
        assert (found["nearest"], found["next"]) == (nearest, f"inv {command}{ON}")
