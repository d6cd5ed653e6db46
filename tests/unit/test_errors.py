from __future__ import annotations

import pytest
from invoke.exceptions import Exit

from dbops import errors
from dbops.errors import ExitCode, Problem


def test_a_problem_is_told_in_four_lines():
    problem = Problem("it failed", where="here", why="because", next_command="inv up")
    assert problem.message == "error: it failed\nwhere: here\nwhy:   because\nnext:  inv up"


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
