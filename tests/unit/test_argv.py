"""What was typed, read again for the next thing to type."""

from __future__ import annotations

import sys

import pytest

from dbops import argv, environments, perform, runs
from dbops.errors import UsageProblem
from dbops.target import Target

CONSENTS = ("--force", "--confirm", "--plan-id")


@pytest.fixture
def found():
    return Target(environment=environments.find("local_dev", usage="{}"))


@pytest.mark.parametrize(
    ("typed", "again"),
    [
        ("inv backup --env local_dev --verify full", "inv backup --env local_dev --verify full"),
        ("inv restore --dump x --force --confirm local_dev", "inv restore --dump x"),
        ("inv al-up --plan-id 12ab --env local_dev", "inv al-up --env local_dev"),
        ("inv al-up --plan-id=12ab --confirm=x", "inv al-up"),
        ("fab -H prod deploy --to abc --confirm vm_prod", "fab -H prod deploy --to abc"),
        ("pytest tests", ""),
    ],
)
def test_a_line_is_typed_again_without_what_was_consented_to(typed, again):
    assert argv.retyped(typed.split(), without=CONSENTS) == again


@pytest.mark.parametrize(
    ("typed", "verb", "again"),
    [
        ("inv restore --env local_dev --dump x.dump", "restore", None),
        ("inv attach --env local_dev", "al-up", "inv al-up --env local_dev"),
        ("pytest", "al-up", "inv al-up --env local_dev"),
    ],
)
def test_a_run_that_failed_is_typed_again_as_it_was(monkeypatch, found, typed, verb, again):
    monkeypatch.setattr(sys, "argv", typed.split())
    assert runs.again(verb, found) == (again or typed)


@pytest.mark.parametrize(
    ("typed", "again"),
    [
        (
            "inv drift --against local_dmo --env local_dev",
            "inv drift --env local_dev --against local_demo",
        ),
        (
            "inv drift --env=dev --against=local_dmo --json",
            "inv drift --env=dev --json --against local_demo",
        ),
        ("pytest", "inv TASK --against local_demo"),
    ],
)
def test_a_wrong_name_is_corrected_at_the_option_it_was_typed_at(monkeypatch, typed, again):
    monkeypatch.setattr(sys, "argv", typed.split())
    with pytest.raises(UsageProblem) as raised:
        perform.look_against("local_dmo")
    assert raised.value.next_command == again
