from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dbops import journal
from dbops.errors import ExitCode, Problem

ROOT = Path(__file__).parents[2]
WRITER = """
import sys
from pathlib import Path
from dbops import journal
sys.stdin.read()
for number in range(5):
    journal.append(Path(sys.argv[1]), {"event": f"{sys.argv[2]}.{number}"})
"""


@pytest.fixture
def file(tmp_path):
    """A journal of three entries."""
    path = tmp_path / "state" / "journal.jsonl"
    for event in ("begin", "本番", "end"):
        journal.append(path, {"event": event})
    return path


def _events(path):
    return [each["event"] for each in journal.read(path)]


def _rewrite(path, change):
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(change(lines)), encoding="utf-8")


def _edited(line, **values):
    return json.dumps({**json.loads(line), **values}, ensure_ascii=False) + "\n"


def test_there_is_nothing_to_read_before_the_first_entry(tmp_path):
    assert journal.read(tmp_path / "journal.jsonl") == []


def test_entries_are_read_in_the_order_they_were_written(file):
    assert _events(file) == ["begin", "本番", "end"]


def test_each_entry_holds_its_number_and_the_hash_of_the_one_before(file):
    first, second, third = journal.read(file)
    assert [each["sequence"] for each in (first, second, third)] == [1, 2, 3]
    assert first["previous"] == ""
    assert second["previous"] == first["hash"]
    assert third["previous"] == second["hash"]


def test_what_is_added_comes_last(file):
    journal.append(file, {"event": "more"})
    assert journal.read(file)[-1]["event"] == "more"


def test_a_journal_is_closed_to_other_accounts(file):
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("line", "change"),
    [
        (1, lambda lines: [_edited(lines[0], event="other"), *lines[1:]]),
        (3, lambda lines: [*lines[:2], _edited(lines[2], event="other")]),
        (2, lambda lines: [lines[0], lines[2]]),
        (1, lambda lines: lines[1:]),
        (2, lambda lines: [lines[0], lines[2], lines[1]]),
        (2, lambda lines: [lines[0], lines[0], *lines[1:]]),
        (2, lambda lines: [lines[0], '{"event": "by hand"}\n', *lines[1:]]),
        (2, lambda lines: [lines[0], "{}\n", *lines[1:]]),
    ],
    ids=["edit", "edit-last", "delete", "delete-first", "swap", "repeat", "insert", "insert-empty"],
)
def test_a_changed_journal_is_refused_with_the_line_that_does_not_fit(file, line, change):
    _rewrite(file, change)
    with pytest.raises(Problem) as raised:
        journal.read(file)
    assert raised.value.code == ExitCode.FAILED
    assert raised.value.message == (
        "error: the journal was changed after it was written\n"
        f"where: {file}:{line}\n"
        "why:   the line does not fit the chain of hashes\n"
        "next:  find out who did; then move the file aside, and a new chain begins"
    )


def test_an_entry_robbed_of_its_hash_is_noticed(file):
    bare = {"sequence": 3, "event": "other"}
    _rewrite(file, lambda lines: [*lines[:2], json.dumps(bare) + "\n"])
    with pytest.raises(Problem):
        journal.read(file)


def test_a_line_torn_at_any_byte_is_told_apart_from_a_change_and_the_chain_goes_on(tmp_path):
    path = tmp_path / "journal.jsonl"
    journal.append(path, {"event": "begin"})
    kept = path.read_bytes()
    journal.append(path, {"event": "途中"})
    torn = path.read_bytes()[len(kept) :]
    for length in range(1, len(torn) - 1):
        path.write_bytes(kept + torn[:length])
        journal.append(path, {"event": "after"})
        assert _events(path) == ["begin", "torn", "after"], torn[:length]


def test_a_last_line_without_its_newline_is_whole_and_the_next_one_starts_below(file):
    file.write_bytes(file.read_bytes().rstrip(b"\n"))
    journal.append(file, {"event": "more"})
    assert _events(file) == ["begin", "本番", "end", "more"]


@pytest.mark.parametrize("rubbish", [b"\0\0\0\0", b"\xff\xfe", b"12", b"null", b"[1]"])
def test_rubbish_a_crash_left_at_the_end_does_not_stop_the_next_entry(file, rubbish):
    file.write_bytes(file.read_bytes() + rubbish)
    journal.append(file, {"event": "more"})
    assert _events(file) == ["begin", "本番", "end", "torn", "more"]


@settings(deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=4))
@example(["\u2028", "\x85", "\r", "\n", "\0"])
def test_any_text_is_one_line_and_comes_back_unchanged(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("any") / "journal.jsonl"
    for each in texts:
        journal.append(path, {"event": each})
    assert _events(path) == texts


def test_twenty_processes_writing_at_once_keep_the_chain(tmp_path):
    path = tmp_path / "journal.jsonl"
    words = [sys.executable, "-c", WRITER, str(path)]
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    writers = [
        subprocess.Popen([*words, str(each)], stdin=subprocess.PIPE, env=variables)
        for each in range(20)
    ]
    for each in writers:
        each.stdin.close()  # all of them begin together
    assert [each.wait() for each in writers] == [0] * 20
    assert sorted(_events(path)) == sorted(f"{a}.{b}" for a in range(20) for b in range(5))
