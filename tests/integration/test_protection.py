"""A protected environment is changed only on purpose, by somebody who says which one he means."""

from __future__ import annotations

import pytest
from terminal import rest, terminal
from watching import BASELINE, HEAD, everything, files, journal, refused, runs, succeeded

from dbops.errors import ExitCode

VAULT = ("--env", "vault")
INIT = ("db-init-from-snapshot", "--finish")
# Each destructive verb, and the one that would have something to do on a database at head.
DESTRUCTIVE = [
    ("db-reset-volume",),
    ("db-init-from-snapshot",),
    ("al-down",),
    ("al-stamp", "--rev", BASELINE),
]


@pytest.fixture(scope="module")
def vault(head):
    """A project whose protected environment was built on purpose and holds a row."""
    done = head.inv(INIT[0], *VAULT, *INIT[1:], "--force", "--confirm", "vault")
    assert succeeded(done).startswith("vault: ")
    head.psql("INSERT INTO ref.tax_rate VALUES ('2019-10-01', 0.1)", env="vault")
    return head


@pytest.fixture
def untouched(vault):
    """The same; afterwards nothing of it may differ but the line in the journal."""
    before = state(vault)
    yield vault
    assert state(vault) == before


def state(project):
    tree, database = everything(project, "vault")
    tree = {name: each for name, each in tree.items() if "journal" not in name}
    return {name: each for name, each in tree.items() if not name.endswith("lock")}, database


@pytest.mark.parametrize("words", DESTRUCTIVE, ids=lambda words: words[0])
def test_without_force_it_is_refused(untouched, words):
    told = refused(untouched.inv(*words, *VAULT), ExitCode.REFUSED, "vault is protected")
    assert told.endswith(f"next:  inv {' '.join(words)} --env vault --force")
    assert journal(untouched, "vault")[-1]["event"] == "refused"


@pytest.mark.parametrize("words", DESTRUCTIVE, ids=lambda words: words[0])
def test_forced_where_nobody_can_type_it_is_refused(untouched, words):
    done = untouched.inv(*words, *VAULT, "--force")
    told = refused(done, ExitCode.REFUSED, f"vault: nobody is here to confirm {words[0]}")
    assert told.endswith(f"inv {' '.join(words)} --env vault --force --confirm vault")


@pytest.mark.parametrize("name", ["vaul", "vault2", "VAULT", "local_dev", "yes", "y"])
def test_confirmed_with_another_name_it_is_refused(untouched, name):
    done = untouched.inv("db-reset-volume", *VAULT, "--force", "--confirm", name)
    refused(done, ExitCode.REFUSED, f"vault: {name!r} is not the environment's name")


def test_confirmed_with_nothing_it_is_refused(untouched):
    done = untouched.inv("db-reset-volume", *VAULT, "--force", "--confirm", "")
    refused(done, ExitCode.USAGE, "db-reset-volume: --confirm needs a value")


def test_the_name_without_force_is_refused(untouched):
    done = untouched.inv("db-reset-volume", *VAULT, "--confirm", "vault")
    refused(done, ExitCode.REFUSED, "vault is protected")


def test_a_plan_needs_no_confirmation_and_changes_nothing(untouched):
    for words in DESTRUCTIVE:
        assert untouched.must(*words, *VAULT, "--plan").startswith("#!/bin/sh")


@pytest.mark.parametrize("typed", ["vaults", "", "yes"])
def test_a_wrong_name_typed_on_a_terminal_is_refused(untouched, typed):
    code, shown = on_a_terminal(untouched, typed)
    assert code == ExitCode.REFUSED, shown
    assert f"vault: {typed!r} is not the environment's name" in shown
    assert "what revision " + HEAD + " added to vault is lost" in shown


def test_ctrl_c_at_the_question_is_130_and_changes_nothing(untouched):
    code, shown = on_a_terminal(untouched, None)
    assert code == ExitCode.INTERRUPTED, shown
    assert "Traceback" not in shown


def test_verbs_for_rows_nobody_needs_are_refused_even_when_forced(untouched):
    for words in (("demo-data",), ("al-rev-auto", "--message", "x")):
        told = refused(untouched.inv(*words, *VAULT), ExitCode.REFUSED, "vault is protected")
        assert "--env vault" not in told.rpartition("next:")[2]


def test_reading_and_going_forward_need_no_force(vault):
    for words in (("al-cur",), ("health",), ("al-up",), ("db-bootstrap-roles",), ("mv-refresh",)):
        succeeded(vault.inv(*words, *VAULT))


def test_the_right_name_typed_on_a_terminal_is_enough(vault):
    code, shown = on_a_terminal(vault, "vault")
    assert code == ExitCode.OK, shown
    assert "  1  downgrade from " in shown.partition(" added to vault is lost. ")[0]
    assert vault.json("al-cur", *VAULT)["current"] == [BASELINE]
    succeeded(vault.inv("al-up", *VAULT))


def test_the_name_in_full_width_letters_is_the_same_name(vault):
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in "vault")  # what an IME types
    succeeded(vault.inv("al-down", *VAULT, "--force", "--confirm", wide))
    assert vault.json("al-cur", *VAULT)["current"] == [BASELINE]
    succeeded(vault.inv("al-up", *VAULT))


def on_a_terminal(project, typed):
    """Run al-down on a terminal, type TYPED at the question, or Ctrl-C, and return what came."""
    variables = {**project.variables(), "TERM": "xterm", "NO_COLOR": "1"}
    command = project.command("al-down", *VAULT, "--force")
    with terminal(command, variables, project.directory) as child:
        child.expect_exact("Type vault to go on: ")
        asked = child.before.replace("\r\n", "\n")
        if typed is None:
            child.sendintr()
        else:
            child.sendline(typed)
        code, told = rest(child)
    return code, asked + told


def test_an_empty_protected_environment_is_not_built_by_al_up(project):
    project.must("al-heads", *VAULT)
    before = files(project)
    told = refused(
        project.inv("al-up", *VAULT), ExitCode.REFUSED, "there is no database to upgrade"
    )
    assert told.endswith("next:  inv db-init-from-snapshot --env vault --force")
    assert files(project) == before
    for words in (INIT, (*INIT, "--force")):
        assert project.inv(words[0], *VAULT, *words[1:]).returncode == ExitCode.REFUSED
    assert project.json("ps", *VAULT)["status"] == "absent"
    assert runs(project, "vault") == []
    project.must("up", *VAULT)
    refused(project.inv("al-up", *VAULT), ExitCode.REFUSED, "there is no database to upgrade")
    assert project.psql("SELECT count(*) FROM pg_class WHERE relkind = 'm'", env="vault") == "0"
