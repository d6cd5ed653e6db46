from __future__ import annotations

import ast
from pathlib import Path

import pytest
from invoke.exceptions import Exit

from dbops import errors
from dbops.errors import ExitCode, Problem

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*(ROOT / "dbops").rglob("*.py"), ROOT / "tasks.py", ROOT / "fabfile.py"])
KINDS = {each.__name__ for each in (Problem, *Problem.__subclasses__())}


def test_a_problem_is_told_in_four_lines():
    problem = Problem("it failed", where="here", why="because", next_command="inv up")
    assert problem.message == "error: it failed\nwhere: here\nwhy:   because\nnext:  inv up"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_problem_of_the_sources_says_where_why_and_what_is_next(path):
    lines = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(lines)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in KINDS:
            given = {each.arg for each in node.keywords}
            told = f"{path.relative_to(ROOT)}:{node.lineno}"
            assert given >= {"where", "why", "next_command"}, told


def test_a_file_of_another_account_is_told_in_four_lines():
    told = errors.of_file(PermissionError(13, "Permission denied", "/srv/app/.dbops/lock"))
    assert told.message == (
        "error: a file cannot be read or written\n"
        "where: /srv/app/.dbops/lock\n"
        "why:   Permission denied\n"
        "next:  ls -ld /srv/app/.dbops/lock; it has to be of the account that types this"
    )
    with pytest.raises(ConnectionError):
        errors.of_file(ConnectionError("no file"))


def test_what_is_not_known_is_left_out():
    assert Problem("it failed", next_command="inv up").message == "error: it failed\nnext:  inv up"


def test_invoke_prints_a_problem_and_ends_with_its_code():
    problem = Problem("it failed", code=ExitCode.LOCKED)
    assert isinstance(problem, Exit)
    assert (problem.code, type(problem.code)) == (75, int)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Problem", 1),
        ("DifferencesFound", 2),
        ("Refused", 3),
        ("UsageProblem", 4),
        ("Unreachable", 69),
        ("Locked", 75),
        ("Interrupted", 130),
    ],
)
def test_every_kind_of_problem_has_its_exit_code(name, code):
    assert getattr(errors, name)("x").code == code


def test_no_two_kinds_of_problem_share_an_exit_code():
    kinds = [Problem, *Problem.__subclasses__()]
    assert len({each.exit_code for each in kinds}) == len(kinds)
