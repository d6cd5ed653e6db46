from __future__ import annotations

from datetime import UTC, datetime

import handmade
import pytest

from dbops import guard
from dbops.environments.model import Compose, Freeze, Guard
from dbops.errors import ExitCode, Refused
from dbops.runbook import Runbook

DESTROY = Runbook(
    verb="db-reset-volume",
    environment="local_dev",
    destructive=True,
    loses="every row of local_dev is removed",
)
FULL_WIDTH = "local_dev".translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})


@pytest.fixture
def vault(tmp_path):
    return handmade.make_target(tmp_path, protected=True)


@pytest.fixture
def open_target(tmp_path):
    return handmade.make_target(tmp_path)


def _refused(act, *arguments, **options):
    with pytest.raises(Refused) as raised:
        act(*arguments, **options)
    assert raised.value.code == ExitCode.REFUSED
    return raised.value.message


def _check(target, runbook=DESTROY, *, force=True, confirm=None, ask=None):
    environment = target.environment
    guard.check_destructive(runbook, environment, force=force, confirm=confirm, ask=ask)


# Confirmation


def test_an_unprotected_environment_needs_neither_force_nor_its_name(open_target):
    _check(open_target, force=False)


def test_a_runbook_that_destroys_nothing_needs_neither_on_a_protected_one(vault):
    _check(vault, Runbook(verb="up", environment="local_dev"), force=False)


@pytest.mark.parametrize("confirm", [None, "local_dev"])
def test_without_force_a_protected_environment_is_refused_with_what_would_be_lost(vault, confirm):
    def ask(_):
        raise AssertionError("nobody is asked before --force is given")

    assert _refused(_check, vault, force=False, confirm=confirm, ask=ask) == (
        "error: local_dev is protected\n"
        "where: db-reset-volume\n"
        "why:   every row of local_dev is removed\n"
        "next:  inv db-reset-volume --env local_dev --force"
    )


def test_without_a_terminal_the_name_has_to_be_given(vault):
    assert _refused(_check, vault) == (
        "error: local_dev: nobody is here to confirm db-reset-volume\n"
        "where: standard input is no terminal\n"
        "why:   a protected environment is changed only with its name typed\n"
        "next:  inv db-reset-volume --env local_dev --force --confirm local_dev"
    )


@pytest.mark.parametrize("confirm", ["local_dev", " local_dev ", FULL_WIDTH])
def test_the_given_name_confirms_and_nobody_is_asked(vault, confirm):
    def ask(_):
        raise AssertionError("the name was given already")

    _check(vault, confirm=confirm, ask=ask)


@pytest.mark.parametrize("typed", ["", "yes", "y", "dev", "local_demo", "LOCAL_DEV", "local_dev x"])
@pytest.mark.parametrize("how", ["confirm", "ask"])
def test_a_wrong_name_is_refused_and_nothing_was_touched(vault, typed, how):
    answer = {"confirm": typed} if how == "confirm" else {"ask": lambda _: typed}
    assert _refused(_check, vault, **answer) == (
        f"error: local_dev: {typed!r} is not the environment's name\n"
        "where: db-reset-volume\n"
        "why:   nothing was touched\n"
        "next:  inv db-reset-volume --env local_dev --force"
    )


def test_the_question_says_what_is_lost_and_what_to_type(vault):
    asked = []
    _check(vault, ask=lambda question: asked.append(question) or "local_dev")
    assert asked == ["every row of local_dev is removed. Type local_dev to go on: "]


# Ambient variables


@pytest.mark.parametrize("name", guard.AMBIENT)
def test_a_variable_that_names_another_database_is_refused(open_target, name):
    told = _refused(guard.check_ambient, open_target.environment, {name: "elsewhere", "HOME": "/"})
    assert told == (
        "error: local_dev: this shell names another target\n"
        f"where: {name}\n"
        "why:   only environments.yaml chooses the database\n"
        f"next:  unset {name}"
    )


def test_all_variables_in_the_way_are_named_at_once(open_target):
    variables = {"PGHOST": "x", "DATABASE_URL": "y"}
    told = _refused(guard.check_ambient, open_target.environment, variables)
    assert told.endswith("next:  unset DATABASE_URL PGHOST")


@pytest.mark.parametrize(
    "variables", [{}, {"PGHOST": ""}, {"PGPASSFILE": "x"}, {"DOCKER_HOST": "x"}]
)
def test_other_variables_are_let_through(open_target, variables):
    guard.check_ambient(open_target.environment, variables)


@pytest.mark.parametrize("name", guard.AMBIENT_DOCKER)
def test_a_compose_project_is_not_chosen_by_a_variable_either(tmp_path, name):
    compose = Compose(project="x", files=("compose.yml",), volume="x_data")
    environment = handmade.make_environment(tmp_path, backend="compose", compose=compose)
    assert f"\nwhere: {name}\n" in _refused(guard.check_ambient, environment, {name: "x"})


# Identity


@pytest.mark.parametrize("said", ["local_dev", ""])
def test_a_database_that_agrees_or_says_nothing_is_let_through(open_target, said):
    state = handmade.running(open_target, environment=said)
    guard.check_identity(open_target.environment, state)


def test_without_a_running_server_there_is_nobody_to_disagree(open_target):
    guard.check_identity(open_target.environment, handmade.absent(open_target))


@pytest.mark.parametrize("said", ["vm_prod", "LOCAL_DEV", "local_dev "])
def test_a_database_that_says_it_is_another_is_refused(open_target, said):
    state = handmade.running(open_target, environment=said)
    assert _refused(guard.check_identity, open_target.environment, state) == (
        f"error: local_dev: the database says that it is {said}\n"
        "where: database sanbou_dev, setting dbops.environment\n"
        "why:   environments.yaml and the database disagree about who this is\n"
        f"next:  correct environments.yaml; nothing is changed on {said}"
    )


FREEZE = {"start": "2026-12-28T00:00:00+09:00", "end": "2027-01-05T00:00:00+09:00"}
RELEASE = Runbook(verb="al-up", environment="local_dev", releases=True)


def _guarded(tmp_path, **settings):
    return handmade.make_environment(tmp_path, guard=Guard(protected=True, **settings))


@pytest.mark.parametrize("runbook", [RELEASE, DESTROY])
def test_a_freeze_refuses_releases_and_destruction_with_its_reason(tmp_path, runbook):
    frozen = _guarded(tmp_path, freezes=(Freeze(**FREEZE, reason="year end"),))
    during = datetime(2026, 12, 31, tzinfo=UTC)
    told = _refused(guard.check_freeze, frozen, runbook, during)
    assert told.splitlines() == [
        "error: local_dev is frozen until 2027-01-05T00:00:00+09:00",
        "where: environments.local_dev.guard.freezes",
        "why:   year end",
        f"next:  wait, then inv {runbook.verb} --env local_dev",
    ]


@pytest.mark.parametrize(
    "day", [datetime(2026, 12, 27, tzinfo=UTC), datetime(2027, 1, 5, tzinfo=UTC)]
)
def test_before_and_after_a_freeze_all_is_let_through(tmp_path, day):
    frozen = _guarded(tmp_path, freezes=(Freeze(**FREEZE, reason="year end"),))
    guard.check_freeze(frozen, RELEASE, day)


def test_what_neither_releases_nor_destroys_is_let_through_during_a_freeze(tmp_path):
    frozen = _guarded(tmp_path, freezes=(Freeze(**FREEZE, reason="year end"),))
    harmless = Runbook(verb="backup", environment="local_dev")
    guard.check_freeze(frozen, harmless, datetime(2026, 12, 31, tzinfo=UTC))


@pytest.mark.parametrize(
    ("branch", "changed", "what"),
    [
        ("feature", (), "the checkout is at feature"),
        ("", (), "the checkout is at no branch"),
        ("main", ("sql/a.sql",), "the checkout was edited"),
    ],
)
def test_only_an_allowed_branch_without_edits_is_released(tmp_path, branch, changed, what):
    environment = _guarded(tmp_path, branches=("main",))
    told = _refused(guard.check_checkout, environment, RELEASE, branch=branch, changed=changed)
    assert told.splitlines()[0] == f"error: local_dev: {what}"


def test_an_allowed_branch_and_an_environment_without_branches_are_let_through(tmp_path):
    environment = _guarded(tmp_path, branches=("main",))
    guard.check_checkout(environment, RELEASE, branch="main", changed=())
    guard.check_checkout(_guarded(tmp_path), RELEASE, branch="", changed=("a",))
