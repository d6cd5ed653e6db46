"""What a deploy plans, from states made by hand and commits in repositories of this machine."""

from __future__ import annotations

import checkouts
import pytest
from checkouts import git
from handmade import BASELINE, HEAD, LEGACY, NEXT, write_revision

from dbops.environments.model import Health
from dbops.errors import ExitCode, Problem
from dbops.operations import authoring, deploy, lint
from dbops.state import State

BACKUP = "back up sanbou_dev, and prove the dump"
WELL = "wait until http://127.0.0.1:8000/health answers 200"
UP = "start the services of vm_stg, healthy"
BARE = {"objects": 0, "schemas": ("public",), "relations": ()}
LOAD = f"load sql/schema_baseline.sql, the roles, stamp {BASELINE}, in one transaction"


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    for name, value in {**checkouts.ALONE, "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(authoring, "sql_between", lambda _, start, end: f"-- {start} to {end}\n")
    judged = "al-lint: {0.id} passes"
    monkeypatch.setattr(lint, "release", lambda _, pending: tuple(map(judged.format, pending)))


@pytest.fixture
def checkout(tmp_path):
    return checkouts.Checkout(tmp_path)


def planned(checkout, state, *, revision=None, pull=True):
    return deploy.plan(checkout.target(), state, revision=revision, pull=pull)


def titles(runbook):
    return [each.title for each in runbook.steps]


def told(code, checkout, state, **options):
    with pytest.raises(Problem) as raised:
        planned(checkout, state, **options)
    assert raised.value.code == code
    return raised.value.message


def with_health(checkout):
    target = checkout.target()
    health = Health(url="http://127.0.0.1:8000/health")
    environment = checkouts.replace(target.environment, health=health)
    return checkouts.replace(target, environment=environment)


def push_next(checkout):
    write_revision(checkout.desk, NEXT, HEAD)
    return checkout.push("Add a column")


def test_at_the_newest_commit_and_head_there_is_nothing_to_do(checkout):
    runbook = planned(checkout, checkout.state(HEAD))
    assert runbook.steps == ()
    assert runbook.reason == (f"the checkout is at {checkout.first[:12]}, the database at {HEAD}")


def test_an_empty_host_gets_services_snapshot_and_head_without_a_backup(checkout):
    runbook = planned(checkout, checkout.empty())
    assert titles(runbook) == [
        UP,
        "let the database say that it is vm_stg",
        LOAD,
        f"upgrade to {HEAD}",
    ]
    assert runbook.releases
    assert runbook.confirmed
    assert not runbook.destructive


def test_a_new_revision_is_deployed_behind_a_backup_and_nothing_comes_before_that(checkout):
    commit = push_next(checkout)
    runbook = planned(checkout, checkout.state(HEAD))
    assert titles(runbook)[:2] == [BACKUP, f"fast-forward the checkout to {commit[:12]}"]
    assert titles(runbook)[-1] == f"upgrade to {NEXT}"
    assert runbook.loses == f"vm_stg gets {commit[:12]}"


def test_a_declared_schema_that_was_not_there_gets_its_privileges_after_the_upgrade(checkout):
    push_next(checkout)
    state = checkout.state(HEAD, schemas=("public", "raw"))
    assert titles(planned(checkout, state))[-2:] == [
        f"upgrade to {NEXT}",
        "give the roles their privileges in mart, once there",
    ]


def test_the_notes_tell_commits_revisions_and_their_sql(checkout):
    commit = push_next(checkout)
    notes = planned(checkout, checkout.state(HEAD)).notes
    assert notes[:4] == (
        f"commit {commit[:7]} Rin Kato: Add a column",
        f"revision {NEXT}: Title of {NEXT}.",
        f"the SQL of the pending revisions:\n-- {HEAD} to {NEXT}",
        f"al-lint: {NEXT} passes",
    )


def test_what_builds_a_database_is_not_judged_for_there_are_no_rows_yet(checkout):
    assert not [each for each in planned(checkout, checkout.empty()).notes if "al-lint" in each]


def test_new_application_files_alone_are_deployed_behind_a_backup_too(checkout):
    commit = checkout.push("More", **{"more.py": "more = 1\n"})
    runbook = planned(checkout, checkout.state(HEAD))
    assert titles(runbook)[:2] == [BACKUP, f"fast-forward the checkout to {commit[:12]}"]
    assert not any(each.startswith("upgrade") for each in titles(runbook))


def test_a_commit_without_files_only_moves_the_checkout(checkout):
    commit = checkout.push("Nothing")
    runbook = planned(checkout, checkout.state(HEAD))
    assert titles(runbook) == [f"fast-forward the checkout to {commit[:12]}"]


def test_without_pulling_the_revisions_of_the_present_commit_are_applied(checkout):
    push_next(checkout)
    runbook = planned(checkout, checkout.state(BASELINE), pull=False)
    assert titles(runbook)[0] == BACKUP
    assert titles(runbook)[-1] == f"upgrade to {HEAD}"
    assert not any("fast-forward" in each for each in titles(runbook))


def test_a_deploy_ends_at_the_revision_it_is_told(checkout):
    push_next(checkout)
    runbook = planned(checkout, checkout.state(BASELINE), revision=HEAD)
    assert titles(runbook)[-1] == f"upgrade to {HEAD}"


def test_a_deploy_that_ends_before_the_head_does_not_wait_for_the_application(checkout):
    push_next(checkout)
    target = with_health(checkout)
    state = checkout.state(BASELINE)
    before, after = (
        titles(deploy.plan(target, state, revision=each, pull=True))[-1] for each in (HEAD, NEXT)
    )
    assert before == f"upgrade to {HEAD}"
    assert after == WELL


def test_a_deploy_never_goes_back(checkout):
    push_next(checkout)
    assert told(ExitCode.REFUSED, checkout, checkout.state(NEXT), revision=HEAD) == (
        f"error: vm_stg is at {NEXT}, past {HEAD}\n"
        "where: sanbou_dev\n"
        "why:   a deploy only goes forwards\n"
        "next:  fab -H stg rollback"
    )


def test_stopped_services_are_refused_for_the_plan_would_not_be_all_that_runs(checkout):
    push_next(checkout)
    message = told(ExitCode.UNREACHABLE, checkout, checkout.state(HEAD, status="stopped"))
    assert message.startswith("error: vm_stg: PostgreSQL is not running\n")
    assert message.endswith("\nnext:  fab -H stg up")


def test_a_closed_database_is_refused_with_the_command_that_opens_it(checkout):
    state = checkout.state(is_open=False, objects=0)
    assert told(ExitCode.FAILED, checkout, state).endswith("\nnext:  fab -H stg up")


def test_a_server_without_the_database_gets_it_in_the_same_plan(checkout):
    runbook = planned(checkout, checkout.state(exists=False, **BARE))
    assert titles(runbook) == ["create the database sanbou_dev", LOAD, f"upgrade to {HEAD}"]


def test_a_baseline_without_its_relations_is_refused_as_al_up_does(checkout):
    push_next(checkout)
    state = checkout.state(BASELINE)
    for there, why in (((), "the snapshot was never applied"), (("raw.slips",), "dropped them")):
        bare = checkouts.replace(state.database, relations=there)
        with pytest.raises(Problem, match="relations of it are missing") as raised:
            planned(checkout, checkouts.replace(state, database=bare))
        assert raised.value.code == ExitCode.REFUSED
        assert why in raised.value.message


@pytest.mark.parametrize("told", [{"to": [HEAD]}, {"from": [HEAD]}, {"to": [""], "from": [HEAD]}])
@pytest.mark.parametrize("exists", [False, True])
def test_a_protected_database_that_was_there_is_not_built_anew(checkout, exists, told):
    ended = {"event": "end", "at": "2026-11-22T00:00:00Z", "run": "1", "code": 0, **told}
    state = checkouts.replace(
        checkout.state(exists=exists, **BARE), host=checkout.host(journal=(ended,))
    )
    with pytest.raises(Problem) as raised:
        deploy.plan(checkout.target(protected=True), state, revision=None, pull=True)
    assert raised.value.code == ExitCode.REFUSED
    assert raised.value.message == (
        "error: vm_stg: the database is gone or empty, and there was one\n"
        "where: sanbou_dev\n"
        f"why:   the journal has it at {HEAD} on 2026-11-22T00:00:00Z; "
        "a deploy builds only what never was\n"
        "next:  fab -H stg up, then fab -H stg restore --dump FILE --force; "
        "fab -H stg backups lists the files"
    )
    assert titles(deploy.plan(checkout.target(), state, revision=None, pull=True))[-2:] == [
        LOAD, f"upgrade to {HEAD}",
    ]  # fmt: skip


def test_the_application_is_asked_for_its_health_last(checkout):
    push_next(checkout)
    runbook = deploy.plan(with_health(checkout), checkout.state(HEAD), revision=None, pull=True)
    assert titles(runbook)[-1] == WELL


def test_the_same_world_gives_the_same_plan_and_a_new_commit_another(checkout):
    push_next(checkout)
    one, two = (planned(checkout, checkout.state(HEAD)).id for _ in range(2))
    checkout.push("More", **{"more.py": "more = 1\n"})
    assert one == two != planned(checkout, checkout.state(HEAD)).id


def ended(checkout, *, code=0, commit=None):
    entry = {"at": "2026-11-22T00:00:00Z", "run": "1"}
    begun = {**entry, "event": "begin", "verb": "deploy"}
    end = {**entry, "event": "end", "code": code, "to_commit": commit or checkout.first}
    facts = checkout.host(journal=(begun, end))
    return checkouts.replace(checkout.state(HEAD), host=facts)


def test_services_of_the_last_deploy_are_left_alone(checkout):
    assert planned(checkout, ended(checkout)).steps == ()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (
            {"commit": "c" * 40},
            f"the checkout was moved by hand since deploy 1 left it at {'c' * 12}",
        ),
        ({"code": 1}, "deploy 1 did not come to a good end"),
    ],
)
@pytest.mark.parametrize("pull", [True, False])
def test_services_older_than_the_checkout_are_brought_up_behind_a_backup(
    checkout, options, why, pull
):
    runbook = planned(checkout, ended(checkout, **options), pull=pull)
    assert titles(runbook) == [BACKUP, UP]
    assert runbook.notes[0] == f"the services may be older than the checkout: {why}"


def test_an_edited_checkout_is_refused_by_the_names_of_its_files(checkout):
    facts = checkout.host(changed=("a.py", "b.py"))
    state = checkouts.replace(checkout.state(HEAD), host=facts)
    assert told(ExitCode.REFUSED, checkout, state) == (
        "error: vm_stg: the checkout on the host was edited\n"
        "where: a.py, b.py\n"
        "why:   what would run there is not what is committed\n"
        f"next:  on the host: git -C {checkout.there} status, then move away what it lists"
    )


@pytest.mark.parametrize(("branch", "named"), [("hotfix", "hotfix"), ("", "no branch")])
def test_another_branch_is_refused(checkout, branch, named):
    state = checkouts.replace(checkout.state(HEAD), host=checkout.host(branch=branch))
    assert told(ExitCode.REFUSED, checkout, state) == (
        f"error: vm_stg: the checkout on the host is at {named}\n"
        f"where: {checkout.there}\n"
        "why:   git.branch says that main is deployed\n"
        f"next:  on the host: git -C {checkout.there} switch main"
    )


def test_a_database_that_is_being_migrated_is_left_alone(checkout):
    push_next(checkout)
    message = told(ExitCode.LOCKED, checkout, checkout.state(HEAD, migrating="alembic, pid 7"))
    assert "somebody is migrating the database" in message
    assert "why:   alembic, pid 7" in message


@pytest.mark.parametrize("versions", [(), (LEGACY,), ("20991231_000000000",)])
def test_a_database_at_no_revision_of_the_commit_is_refused(checkout, versions):
    message = told(ExitCode.FAILED, checkout, checkout.state(*versions))
    assert "fab -H stg al-" in message.rpartition("\nnext:  ")[2]


def test_a_diverged_checkout_is_refused_before_anything_is_planned(checkout):
    push_next(checkout)
    git(checkout.there, "commit", "--quiet", "--allow-empty", "--message=own")
    assert "has diverged" in told(ExitCode.REFUSED, checkout, checkout.state(HEAD))


def test_an_environment_that_is_not_reached_over_ssh_has_no_deploy(checkout):
    state = checkout.state(HEAD)
    here = State(service=state.service, database=state.database)
    assert "next:  fab -H ALIAS deploy" in told(ExitCode.USAGE, checkout, here)
