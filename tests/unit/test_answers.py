"""What a reading command answers when the answer is that something is not as it should be."""

from __future__ import annotations

import json

import handmade
import pytest
from handmade import BASELINE, HEAD

from dbops import runner, side_by_side
from dbops.commandline import reading
from dbops.errors import DifferencesFound, ExitCode, Problem, UsageProblem
from dbops.operations import authoring, services
from dbops.runner import Answer
from fabfile import namespace

COLUMN = "('remove_column', 'raw', 'slips', Column('zz', INTEGER(), table=<slips>))"
INDEX = "('remove_index', Index('zz', Column('upload_id', BIGINT(), nullable=False)))"
QUOTED = """('modify_comment', 'raw', 'slips', 'id', {'existing': "it's ("}, 'old :) )', None)"""
OK = Answer(code=0, out="", error="")
DETECTED = "FAILED: New upgrade operations detected: "


@pytest.fixture
def target(tmp_path):
    return handmade.make_target(tmp_path / "work")


def _asked(problem, **options):
    """Run a reading command that ends with PROBLEM."""

    @reading()
    def ask(c, env=None, json=False):
        """Ask."""
        raise problem

    with pytest.raises(Problem) as raised:
        ask.body(None, **options)
    return raised.value


def test_an_answer_that_is_a_problem_is_a_document_with_json(capsys):
    problem = DifferencesFound("two things differ", facts={"differences": ["a", "b"]})
    assert _asked(problem, json=True) is problem
    assert json.loads(capsys.readouterr().out) == {"differences": ["a", "b"]}


@pytest.mark.parametrize(
    ("problem", "options"),
    [
        (DifferencesFound("two things differ", facts={"differences": []}), {}),
        (Problem("nothing could be asked"), {"json": True}),
    ],
)
def test_without_json_or_an_answer_nothing_is_on_stdout(capsys, problem, options):
    assert _asked(problem, **options) is problem
    assert capsys.readouterr().out == ""


def test_the_sql_of_an_upgrade_may_be_asked_of_several_hosts(monkeypatch):
    asked = []
    monkeypatch.setattr(runner, "read_all", lambda each: asked.extend(each) or [OK] * len(each))
    words = ["/x/bin/fab", "-H", "stg,prod", "al-plan"]
    assert side_by_side.run(words, ("stg", "prod"), namespace, ["al-plan"]) == 0
    assert [each[-3:] for each in asked] == [["-H", "stg", "al-plan"], ["-H", "prod", "al-plan"]]


@pytest.mark.parametrize("command", ["logs", "al-cur-legacy", "al-up", "attach"])
def test_what_takes_the_terminal_or_changes_something_is_for_one_host(command):
    with pytest.raises(UsageProblem) as raised:
        side_by_side.run(["/x/bin/fab"], ("stg", "prod"), namespace, [command])
    assert raised.value.next_command == f"fab -H stg {command}"


def test_health_below_the_head_says_so_as_data(target):
    with pytest.raises(Problem) as raised:
        services.healthy(target, handmade.running(target, BASELINE))
    assert raised.value.code == ExitCode.FAILED
    assert raised.value.facts == {"healthy": False, "current": BASELINE, "head": HEAD}


@pytest.mark.parametrize(
    "said",
    [
        f"{DETECTED}[{COLUMN}, {INDEX}, [{QUOTED}]]",
        f"{DETECTED}[{COLUMN}, {INDEX}, [{QUOTED}]]\nINFO  [{COLUMN}, {INDEX}, [{QUOTED}]]\n",
    ],
)
def test_each_difference_of_the_models_is_told_whole(target, monkeypatch, said):
    monkeypatch.setattr("dbops.runner.read", lambda *_, **__: Answer(code=255, out="", error=said))
    with pytest.raises(DifferencesFound) as raised:
        authoring.check(target, handmade.running(target, HEAD))
    assert raised.value.facts == {"differences": [COLUMN, INDEX, QUOTED]}
    assert raised.value.why.splitlines() == [COLUMN, f"       {INDEX}", f"       {QUOTED}"]


def test_a_difference_that_was_cut_is_told_up_to_its_end():
    assert authoring.operations(COLUMN[:-4]) == [COLUMN[:-4]]
