"""What squawk, the linter for PostgreSQL's DDL, says about a revision's SQL.

It says nothing else about SQL that it cannot parse. A statement it cannot is taken out and named,
and the rest is judged without it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dbops import sql_text
from dbops.errors import Problem
from dbops.linting.finding import Found

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

UNPARSED = "syntax-error"


def check(text: str, ask: Callable[[str], str]) -> Iterator[Found]:
    """Return what squawk finds in TEXT; the lines are those of TEXT.

    Args:
        text: one revision's SQL. Its own ignoring comments count, those of squawk do not.
        ask: runs squawk on SQL and returns what it said, in JSON.
    """
    left = text.replace("squawk-ignore", "squawk_ignore")
    said = found(ask(left))
    while unparsed := next((each for each in said if each.rule == UNPARSED), None):
        what = f"squawk cannot read this statement ({unparsed.message}), so it was not judged"
        yield Found(rule=UNPARSED, message=what, line=unparsed.line)
        shorter = without(left, unparsed.line)
        if shorter == left:
            return
        left, said = shorter, found(ask(shorter))
    yield from said


def found(answer: str) -> list[Found]:
    """Return what an ANSWER says; squawk counts lines from 0.

    Raises:
        Problem: it is not the JSON that the pinned version writes (exit 1).
    """
    try:
        return [_found(each) for each in json.loads(answer)]
    except (ValueError, KeyError, TypeError) as error:
        raise Problem(
            "squawk's answer cannot be read",
            where="requirements-lint.txt",
            why=f"another version than the one that is pinned there: {type(error).__name__}",
            next_command="install requirements-lint.txt again",
        ) from error


def _found(said: dict[str, Any]) -> Found:
    message = f"{said['message'].rstrip('.')}; {said['help']}" if said["help"] else said["message"]
    return Found(
        rule=said["rule_name"],
        message=" ".join(message.split()).rstrip("."),
        line=said["line"] + 1,
        severity="error" if said["level"] == "Error" else "warning",
    )


def without(text: str, line: int) -> str:
    """Return TEXT with the statement on LINE left empty; all other lines stay where they are."""
    try:
        pieces = [each for each in sql_text.split(text) if line in each.lines]
    except sql_text.UnterminatedError:
        return text
    for each in pieces:
        text = text[: each.start] + "".join(_blank(each.text)) + text[each.end :]
    return text


def _blank(text: str) -> Iterator[str]:
    return (letter if letter == "\n" else " " for letter in text)
