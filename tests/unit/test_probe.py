"""What is asked of a server, and what its answers mean, with the answers made by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import handmade
import pytest

from dbops import probe
from dbops.errors import Unreachable
from dbops.runner import Answer

ABSENT = Answer(code=2, out="", error='psql: error: FATAL:  database "sanbou_dev" does not exist')
FACTS = {
    "server_version": 170010,
    "environment": "local_dev",
    "versions": [],
    "objects": 0,
    "schemas": ["public"],
    "relations": [],
    "tables": 0,
    "snapshot": "",
    "locale": ["UTF8", "C", "C", "c", None, None, "pg_default"],
    "roles": ["postgres"],
    "invalid_indexes": [],
    "unpopulated": 0,
    "migrating": "",
    "recorded": [],
    "revision_files": [],
}
THERE = Answer(code=0, out=json.dumps(FACTS), error="")


class Answers:
    """A machine that gives its answers one after the other."""

    def __init__(self, *answers):
        self.left = list(answers)

    def read(self, _words, **_options):
        return self.left.pop(0)


def found(tmp_path, *answers):
    target = handmade.make_target(tmp_path)
    beside = target.backend(handmade.running(target))
    machine = Answers(*answers)
    database = probe._database(replace(target, machine=machine), beside)
    assert not machine.left
    return database


def open_(said):
    return Answer(code=0, out=said, error="")


def test_a_database_that_answers_is_asked_once(tmp_path):
    assert found(tmp_path, THERE).environment == "local_dev"


@pytest.mark.parametrize(("said", "exists"), [("", False), ("f", True)])
def test_a_missing_and_a_closed_database_are_told_apart(tmp_path, said, exists):
    database = found(tmp_path, ABSENT, open_(said))
    assert (database.exists, database.is_open) == (exists, False)


def test_one_that_was_made_between_two_questions_is_asked_again(tmp_path):
    assert found(tmp_path, ABSENT, open_("t"), THERE).exists


def test_one_that_answers_neither_time_is_unreachable(tmp_path):
    with pytest.raises(Unreachable, match="does not answer"):
        found(tmp_path, ABSENT, open_("t"), ABSENT)
