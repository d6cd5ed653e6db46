from __future__ import annotations

import hashlib
import shlex
import subprocess
from dataclasses import replace

import pytest

from dbops.runbook import Runbook, Step

HOSTILE = 'it\'s "$(touch x)" `id`; 本番\n\\n %s *'
BOOK = Runbook(
    verb="al-up",
    environment="local_dev",
    steps=(
        Step(title="first", command="true"),
        Step(title="second", command="echo 2", verify="test -e x"),
    ),
)


def _is_valid(script):
    return subprocess.run(["sh", "-n"], input=script, text=True, check=False).returncode == 0


def test_a_runbook_renders_to_the_same_script_every_time():
    assert BOOK.script() == replace(BOOK).script()
    assert BOOK.id == hashlib.sha256(BOOK.script().encode()).hexdigest()[:12]


@pytest.mark.parametrize(
    "change",
    [
        {"title": "other"},
        {"command": "false"},
        {"verify": "true"},
    ],
)
def test_the_id_changes_with_each_part_of_a_step(change):
    other = replace(BOOK, steps=(replace(BOOK.steps[0], **change), BOOK.steps[1]))
    assert other.id != BOOK.id


def test_the_id_changes_with_the_order_and_with_a_group():
    assert replace(BOOK, steps=BOOK.steps[::-1]).id != BOOK.id
    grouped = tuple(replace(each, group="one") for each in BOOK.steps)
    assert replace(BOOK, steps=grouped).id != BOOK.id


def test_the_id_does_not_depend_on_what_only_a_person_reads():
    told = replace(BOOK, reason="because", notes=("mind this",), loses="all", destructive=True)
    assert told.id == BOOK.id


def test_a_step_stands_in_the_script_with_its_verification_after_its_command():
    assert "begin 2 '\"second\"'\n(\n" in BOOK.script()
    assert "\necho 2\ntest -e x\n) 3>&-\nend 2 $?\n" in BOOK.script()


def test_the_script_names_the_verb_the_environment_and_the_number_of_steps():
    assert BOOK.script().startswith("#!/bin/sh\n# al-up local_dev: 2 steps\nset -u\n")


def test_the_last_thing_a_script_reports_is_that_it_is_done():
    assert BOOK.script().endswith('event \'{"event":"done"\'\n')


def test_neighbours_of_one_group_run_side_by_side_and_others_alone():
    def of(title, group=""):
        return Step(title=title, command="true", group=group)

    steps = (of("a"), of("b", "one"), of("c", "one"), of("d", "two"), of("e"))
    script = replace(BOOK, steps=steps).script()
    assert script.count("# side by side: one\n") == 1
    assert "# side by side: two" not in script
    assert script.count(') & waiting="$waiting $!"') == 2


@pytest.mark.parametrize("group", ["", "one"])
def test_a_hostile_title_is_one_quoted_word_of_the_script(group):
    steps = tuple(Step(title=HOSTILE, command="true", group=group) for _ in range(2))
    script = replace(BOOK, steps=steps).script()
    assert _is_valid(script)
    begun = [line for line in script.splitlines() if line.startswith("begin ")]
    assert [shlex.split(line)[0::2] for line in begun] == [["begin", _as_json()]] * 2


def _as_json():
    return '"' + HOSTILE.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def test_a_runbook_without_steps_is_still_a_script_that_only_says_it_is_done():
    script = replace(BOOK, steps=()).script()
    assert _is_valid(script)
    assert "\nbegin " not in script
