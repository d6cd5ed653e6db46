"""What a rollback plans, from a journal made by hand and commits in local repositories."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import checkouts
import pytest
from checkouts import git
from handmade import BASELINE, HEAD, NEXT

from dbops import revisions
from dbops.environments.model import Health
from dbops.errors import ExitCode, Problem
from dbops.operations import authoring, rollback

THIRD = "20260201_000000000"
TEXT = '''"""Title of {name}."""

revision = {name!r}
down_revision = {follows!r}


def upgrade() -> None:
    op.execute("SELECT 1")


def downgrade() -> None:
    {downgrade}
'''
UNDO = 'op.execute("SELECT 2")'
NO_WAY_BACK = 'raise NotImplementedError("its rows are gone")'
BACKUP = "back up sanbou_dev, and prove the dump"
DOWN = f"downgrade to {HEAD} (1 revision)"
ROLES = "bootstrap the roles and their privileges"
UP = "start the services of vm_stg, healthy"
WELL = "wait until http://127.0.0.1:8000/health answers 200"
BEGAN = "2026-11-22T21:00:00Z"
ID = "20261122T210000000Z-{:012d}"
DUMP = b"PGDMP and so on"
SHA256 = hashlib.sha256(DUMP).hexdigest()


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    for name, value in {**checkouts.ALONE, "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(authoring, "sql_between", lambda _, *words: f"-- {' '.join(words)}\n")


@pytest.fixture
def checkout(tmp_path):
    return checkouts.Checkout(tmp_path)


def release(checkout, name=NEXT, follows=HEAD, downgrade=UNDO):
    """Push a revision and bring the host's checkout to it; return the commit."""
    text = TEXT.format(name=name, follows=follows, downgrade=downgrade)
    commit = checkout.push(f"Add {name}", **{f"migrations_v2/alembic/versions/{name}.py": text})
    git(checkout.there, "pull", "--quiet", "--ff-only")
    return commit


def run(number, begin, end=None, *, verb="deploy", code=0, **more):
    """Return the journal's lines of a run from BEGIN to END, each a commit and its revisions."""
    known = {"run": ID.format(number), "at": BEGAN}
    begun = {"event": "begin", "verb": verb, "who": "Rin", "commit": begin[0], "from": begin[1]}
    ended = {"to_commit": end[0], "to": end[1]} if end else {}
    names = ("backup", "backup_sha256")
    taken = {name: more.pop(name) for name in names if name in more}
    return (
        {**known, **begun, **more},
        {**known, "event": "end", "code": code, **ended, **taken},
    )


def deployed(checkout, commit, **more):
    """Return the journal of a deploy from the first commit to COMMIT and NEXT."""
    return run(1, (checkout.first, [HEAD]), (commit, [NEXT]), **more)


def with_backup(checkout, content=DUMP):
    """Return what the journal has of a backup, after CONTENT was written where it says it is."""
    dump = checkout.there / ".dbops" / "before.dump"
    dump.parent.mkdir(exist_ok=True)
    dump.write_bytes(content)
    return {"backup": str(dump), "backup_sha256": SHA256}


def planned(checkout, journal, *versions, to=None, target=None, host=None, **facts):
    found = checkout.state(*versions or (NEXT,), **facts)
    found = replace(found, host=checkout.host(journal=tuple(journal), **(host or {})))
    return rollback.plan(target or checkout.target(), found, run=to)


def titles(runbook):
    return [each.title for each in runbook.steps]


def told(code, *arguments, **options):
    with pytest.raises(Problem) as raised:
        planned(*arguments, **options)
    assert raised.value.code == code
    return raised.value.message


def back(checkout):
    return f"take the checkout back to {checkout.first[:12]}"


# By downgrade


def test_a_downgrade_comes_after_the_backup_and_before_the_checkout_goes_back(checkout):
    commit = release(checkout)
    runbook = planned(checkout, deployed(checkout, commit))
    assert titles(runbook) == [BACKUP, DOWN, ROLES, back(checkout), UP]
    assert runbook.destructive
    assert runbook.releases
    assert runbook.loses == (
        f"vm_stg goes back to {checkout.first[:12]} and {HEAD}; "
        f"what {NEXT} added is lost, with its rows"
    )


def test_the_notes_tell_what_is_taken_back_and_what_is_lost(checkout):
    commit = release(checkout)
    assert planned(checkout, deployed(checkout, commit)).notes == (
        f"back to what was before deploy {ID.format(1)} by Rin, which began at {BEGAN}",
        f"what {NEXT} added is lost, with its rows",
        f"without commit {commit[:7]} Rin Kato: Add {NEXT}",
        f"without revision {NEXT}: Title of {NEXT}.",
        f"the SQL that takes them back:\n-- {NEXT} {HEAD} downgrade",
    )


def test_the_downgrade_runs_in_a_container_of_its_own_and_the_database_is_asked(checkout):
    commit = release(checkout)
    step = planned(checkout, deployed(checkout, commit)).steps[1]
    assert " run --rm --no-deps -T " in step.command
    assert step.command.endswith(f"core_api alembic --config /srv/{ini(checkout)} downgrade {HEAD}")
    assert f'[ "$found" = {HEAD} ]' in step.verify


def ini(checkout):
    return checkout.environment.migrations.ini


def test_the_checkout_goes_back_on_its_branch_and_never_over_edited_files(checkout):
    commit = release(checkout)
    step = planned(checkout, deployed(checkout, commit)).steps[3]
    assert step.command.endswith(f"reset --quiet --keep {checkout.first}")
    assert f'[ "$found" = {checkout.first} ]' in step.verify


def test_several_revisions_go_back_together_newest_first(checkout):
    release(checkout)
    commit = release(checkout, THIRD, NEXT)
    runbook = planned(checkout, deployed(checkout, commit), THIRD)
    assert titles(runbook)[1] == f"downgrade to {HEAD} (2 revisions)"
    assert f"what {THIRD}, {NEXT} added is lost, with its rows" in runbook.notes


def test_the_application_is_waited_for_where_the_old_files_end_at_the_old_revision(checkout):
    middle = release(checkout)
    commit = release(checkout, THIRD, NEXT)
    health = Health(url="http://127.0.0.1:8000/health")
    made = checkout.target()
    target = replace(made, environment=replace(made.environment, health=health))
    whole = planned(checkout, deployed(checkout, commit), THIRD, target=target)
    partial = run(2, (middle, [HEAD]), (commit, [THIRD]))
    assert titles(whole)[-1] == WELL
    assert titles(planned(checkout, partial, THIRD, target=target))[-1] == UP


def test_code_alone_goes_back_without_losing_a_row(checkout):
    commit = checkout.push("Only code", **{"README.md": "new\n"})
    git(checkout.there, "pull", "--quiet", "--ff-only")
    runbook = planned(checkout, run(1, (checkout.first, [HEAD]), (commit, [HEAD])), HEAD)
    assert titles(runbook) == [BACKUP, back(checkout), UP]
    assert "no row is lost" in runbook.notes


# Which revisions can be downgraded


@pytest.mark.parametrize(
    ("upgrade", "downgrade", "reversible"),
    [
        ("op.execute('a')", "op.execute('b')", True),
        ("op.execute('a')", "pass", False),
        ("op.execute('a')", "...", False),
        ("op.execute('a')", "return", False),
        ("op.execute('a')", "'''It is gone.'''", False),
        ("op.execute('a')", "raise NotImplementedError", False),
        ("op.execute('a')", "op.execute('b'); raise RuntimeError('half')", False),
        ("pass", "pass", True),
        ("pass", "raise RuntimeError", False),
    ],
)
def test_a_revision_is_reversible_when_its_downgrade_does_something(
    tmp_path, upgrade, downgrade, reversible
):
    text = f"def upgrade():\n    {upgrade}\n\n\ndef downgrade():\n    {downgrade}\n"
    (tmp_path / "a.py").write_text(f"revision = 'a'\ndown_revision = None\n{text}")
    assert revisions.read(tmp_path)["a"].reversible is reversible


def test_a_revision_without_a_downgrade_is_not_reversible(tmp_path):
    text = "revision = 'a'\ndown_revision = None\n\n\ndef upgrade():\n    pass\n"
    (tmp_path / "a.py").write_text(text)
    assert not revisions.read(tmp_path)["a"].reversible


# By the backup


def test_without_a_downgrade_the_backup_of_that_run_is_restored_beside_and_swapped_in(checkout):
    commit = release(checkout, downgrade=NO_WAY_BACK)
    runbook = planned(checkout, deployed(checkout, commit, **with_backup(checkout)))
    assert titles(runbook) == [
        "keep before.dump, which a newer backup may push out",
        BACKUP,
        f"read rollback-{SHA256[:16]}.dump in full",
        "restore into sanbou_dev_restoring",
        "apply roles, privileges and the database's settings, gather statistics",
        f"see that sanbou_dev_restoring is at {HEAD}",
        "swap it in as sanbou_dev, keeping the old one",
        "let go of the dump that was restored",
        back(checkout),
        UP,
    ]
    assert SHA256 in runbook.steps[0].verify
    assert SHA256 in runbook.steps[2].command


def test_the_plan_of_a_restore_says_since_when_rows_are_lost_and_why(checkout):
    commit = release(checkout, downgrade=NO_WAY_BACK)
    runbook = planned(checkout, deployed(checkout, commit, **with_backup(checkout)))
    lost = f"every row written since {BEGAN} is lost; the present database is kept aside"
    assert runbook.loses.endswith(lost)
    assert lost in runbook.notes
    assert f"restores before.dump, because {NEXT} cannot be downgraded" in runbook.notes


def test_one_revision_without_a_downgrade_among_several_is_enough_for_a_restore(checkout):
    release(checkout, downgrade="pass")
    commit = release(checkout, THIRD, NEXT)
    runbook = planned(checkout, deployed(checkout, commit, **with_backup(checkout)), THIRD)
    assert f"restores before.dump, because {NEXT} cannot be downgraded" in runbook.notes


def test_below_a_merge_the_backup_is_restored(checkout):
    release(checkout)
    release(checkout, "20260115_000000000", HEAD)
    commit = release(checkout, THIRD, (NEXT, "20260115_000000000"))
    runbook = planned(checkout, deployed(checkout, commit, **with_backup(checkout)), THIRD)
    assert f"restores before.dump, because {THIRD} cannot be downgraded" in runbook.notes


def test_a_revision_that_has_no_file_is_left_by_the_backup(checkout):
    commit = release(checkout)
    journal = deployed(checkout, commit, **with_backup(checkout))
    assert f"restores before.dump, because {THIRD} has no file there" in (
        planned(checkout, journal, THIRD).notes
    )


def test_a_dump_that_was_kept_by_a_rollback_that_was_killed_is_used(checkout):
    commit = release(checkout, downgrade=NO_WAY_BACK)
    journal = deployed(checkout, commit, **with_backup(checkout))
    kept = checkout.target().home / f"rollback-{SHA256[:16]}.dump"
    kept.parent.mkdir()
    (checkout.there / ".dbops" / "before.dump").rename(kept)
    assert titles(planned(checkout, journal))[:2] == [
        BACKUP,
        f"read rollback-{SHA256[:16]}.dump in full",
    ]


@pytest.mark.parametrize(
    ("content", "why"), [(b"PGDMP but cut", "its sha256 is another one"), (None, "it is missing")]
)
def test_a_backup_that_is_not_as_it_was_is_refused(checkout, content, why):
    commit = release(checkout, downgrade=NO_WAY_BACK)
    taken = with_backup(checkout, content or b"")
    if content is None:
        (checkout.there / ".dbops" / "before.dump").unlink()
    assert told(ExitCode.REFUSED, checkout, deployed(checkout, commit, **taken)) == (
        "error: vm_stg: the backup to go back to cannot be used\n"
        f"where: {taken['backup']}\n"
        f"why:   {why}, and the database cannot be downgraded to {HEAD}\n"
        "next:  fab -H stg backups --verify"
    )


def test_a_run_without_a_backup_is_refused_where_one_is_needed(checkout):
    commit = release(checkout, downgrade=NO_WAY_BACK)
    assert f"where: deploy {ID.format(1)} by Rin\nwhy:   the run took none, and " in (
        told(ExitCode.REFUSED, checkout, deployed(checkout, commit))
    )


# Again


def test_where_it_is_as_before_there_is_nothing_to_do(checkout):
    commit = release(checkout)
    git(checkout.there, "reset", "--quiet", "--hard", checkout.first)
    undone = run(2, (commit, [NEXT]), (checkout.first, [HEAD]), verb="rollback")
    runbook = planned(checkout, (*deployed(checkout, commit), *undone), HEAD)
    assert runbook.steps == ()
    assert runbook.reason == (
        f"it is at {checkout.first[:12]} and {HEAD}, as before deploy {ID.format(1)} by Rin"
    )


def test_after_a_rollback_that_did_not_end_well_the_services_are_built_again(checkout):
    commit = release(checkout)
    git(checkout.there, "reset", "--quiet", "--hard", checkout.first)
    lost = run(2, (commit, [NEXT]), verb="rollback", code=None)
    assert titles(planned(checkout, (*deployed(checkout, commit), *lost), HEAD)) == [BACKUP, UP]


def test_a_database_that_went_back_already_stays_and_only_the_checkout_follows(checkout):
    commit = release(checkout, downgrade=NO_WAY_BACK)
    runbook = planned(checkout, deployed(checkout, commit), HEAD)
    assert titles(runbook) == [BACKUP, back(checkout), UP]


# Which run


def test_the_newest_deploy_that_changed_something_is_taken_back(checkout):
    commit = release(checkout)
    idle = run(2, (commit, [NEXT]), (commit, [NEXT]))
    other = run(3, (commit, [NEXT]), (commit, [NEXT]), verb="mv-refresh")
    assert before(planned(checkout, (*deployed(checkout, commit), *idle, *other))) == ID.format(1)


def before(runbook):
    return runbook.notes[0].split()[6]


def test_a_deploy_that_failed_half_way_is_taken_back_and_not_the_one_before_it(checkout):
    middle = release(checkout)
    commit = release(checkout, THIRD, NEXT)
    failed = run(2, (middle, [NEXT]), (commit, [NEXT]), code=1)
    runbook = planned(checkout, (*deployed(checkout, middle), *failed))
    assert (before(runbook), titles(runbook)[1:-1]) == (
        ID.format(2),
        [f"take the checkout back to {middle[:12]}"],
    )


@pytest.mark.parametrize("code", [1, 130, None])
def test_a_deploy_that_was_tried_again_is_taken_back_with_its_first_try(checkout, code):
    commit = release(checkout)
    first = run(2, (checkout.first, [HEAD]), (commit, [HEAD]), code=code)
    again = run(3, (commit, [HEAD]), (commit, [NEXT]))
    earlier = run(1, (checkout.first, [HEAD]), (checkout.first, [HEAD]))
    runbook = planned(checkout, (*earlier, *first, *again))
    assert (before(runbook), back(checkout) in titles(runbook)) == (ID.format(2), True)
    between = run(4, (commit, [NEXT]), (commit, [HEAD]), verb="al-down")
    last = run(5, (commit, [HEAD]), (commit, [NEXT]))
    assert before(planned(checkout, (*first, *again, *between, *last))) == ID.format(5)


def test_a_database_that_was_moved_by_hand_between_two_tries_was_live_with_its_checkout(checkout):
    middle = release(checkout)
    commit = release(checkout, THIRD, NEXT)
    first = run(1, (checkout.first, [HEAD]), (checkout.first, [HEAD]), code=1)
    again = run(2, (middle, [NEXT]), (commit, [THIRD]))
    runbook = planned(checkout, (*first, *again), THIRD)
    assert before(runbook) == ID.format(2)
    assert f"take the checkout back to {middle[:12]}" in titles(runbook)


def code(checkout, name):
    """Push a commit without a revision and bring the host's checkout to it; return it."""
    commit = checkout.push(f"Add {name}", **{name: "new\n"})
    git(checkout.there, "pull", "--quiet", "--ff-only")
    return commit


def test_what_was_pulled_by_hand_was_not_live_until_a_run_built_it(checkout):
    live, pulled = code(checkout, "a.py"), code(checkout, "b.py")
    first = run(1, (checkout.first, [HEAD]), (live, [HEAD]))
    last = run(3, (pulled, [HEAD]), (pulled, [HEAD]))
    assert f"take the checkout back to {live[:12]}" in titles(
        planned(checkout, (*first, *last), HEAD)
    )
    built = run(2, (pulled, [HEAD]), (pulled, [HEAD]), verb="restart")
    runbook = planned(checkout, (*first, *built, *last), HEAD)
    assert (before(runbook), back(checkout) in titles(runbook)) == (ID.format(1), True)


def test_what_was_pulled_by_hand_goes_back_with_the_revision_that_came_with_it(checkout):
    live, pulled = code(checkout, "a.py"), release(checkout)
    first = run(1, (checkout.first, [HEAD]), (live, [HEAD]))
    last = run(2, (pulled, [HEAD]), (pulled, [NEXT]))
    runbook = planned(checkout, (*first, *last))
    assert titles(runbook)[1] == DOWN
    assert f"take the checkout back to {live[:12]}" in titles(runbook)


def test_what_was_started_on_the_host_itself_is_the_checkout_that_the_next_deploy_found(checkout):
    middle = code(checkout, "a.py")
    commit = code(checkout, "b.py")
    first = run(1, (checkout.first, [HEAD]), (checkout.first, [HEAD]))
    began, ended = run(2, (middle, [HEAD]), (middle, [HEAD]), verb="restart")
    del began["commit"], ended["to_commit"]
    last = run(3, (middle, [HEAD]), (commit, [HEAD]))
    runbook = planned(checkout, (*first, began, ended, *last), HEAD)
    assert f"take the checkout back to {middle[:12]}" in titles(runbook)


@pytest.mark.parametrize("verb", ["up", "restart"])
def test_services_that_were_started_again_between_two_tries_make_no_release_of_the_first(
    checkout, verb
):
    commit = release(checkout)
    first = run(2, (checkout.first, [HEAD]), (commit, [HEAD]), code=1)
    started = run(3, (commit, []), (commit, [HEAD]), verb=verb)
    again = run(4, (commit, [HEAD]), (commit, [NEXT]))
    runbook = planned(checkout, (*first, *started, *again))
    assert (before(runbook), back(checkout) in titles(runbook)) == (ID.format(2), True)


def test_what_was_pulled_and_restarted_between_two_tries_was_live(checkout):
    middle = code(checkout, "a.py")
    commit = code(checkout, "b.py")
    first = run(1, (checkout.first, [HEAD]), (checkout.first, [HEAD]), code=1)
    started = run(2, (middle, [HEAD]), (middle, [HEAD]), verb="restart")
    again = run(3, (middle, [HEAD]), (commit, [HEAD]))
    runbook = planned(checkout, (*first, *started, *again), HEAD)
    assert before(runbook) == ID.format(3)
    assert f"take the checkout back to {middle[:12]}" in titles(runbook)


def test_of_several_tries_the_newest_backup_of_the_old_revision_is_restored(checkout):
    commit = release(checkout, downgrade=NO_WAY_BACK)
    taken = with_backup(checkout)
    first = run(1, (checkout.first, [HEAD]), (commit, [HEAD]), code=1, backup="/gone")
    again = run(2, (commit, [HEAD]), (commit, [NEXT]), at="2026-11-22T22:00:00Z", **taken)
    runbook = planned(checkout, (*first, *again))
    assert before(runbook) == ID.format(1)
    assert any(each.startswith("restores before.dump, because ") for each in runbook.notes)
    assert "every row written since 2026-11-22T22:00:00Z is lost" in runbook.loses


@pytest.mark.parametrize(("moved", "number"), [(True, 2), (False, 1)])
def test_a_deploy_that_left_no_end_is_judged_by_what_is_there_now(checkout, moved, number):
    middle = release(checkout)
    if moved:
        release(checkout, THIRD, NEXT)
    lost = run(2, (middle, [NEXT]), code=None)
    assert before(planned(checkout, (*deployed(checkout, middle), *lost))) == ID.format(number)


def test_the_state_before_an_older_run_is_brought_back_when_that_is_named(checkout):
    middle = release(checkout)
    commit = release(checkout, THIRD, NEXT)
    journal = (*deployed(checkout, middle), *run(2, (middle, [NEXT]), (commit, [THIRD])))
    runbook = planned(checkout, journal, THIRD, to=ID.format(1))
    assert titles(runbook)[1:4] == [f"downgrade to {HEAD} (2 revisions)", ROLES, back(checkout)]


def test_a_deploy_in_two_runs_is_taken_back_as_one(checkout):
    commit = release(checkout)
    started = run(1, (checkout.first, []), (commit, [HEAD]), continues=True)
    rest = run(2, (commit, [HEAD]), (commit, [NEXT]), follows=ID.format(1))
    runbook = planned(checkout, (*started, *rest))
    assert titles(runbook)[1:4] == [DOWN, ROLES, back(checkout)]


def test_a_deploy_that_only_started_the_database_changed_no_revision(checkout):
    commit = checkout.push("Only code", **{"README.md": "new\n"})
    git(checkout.there, "pull", "--quiet", "--ff-only")
    started = run(1, (checkout.first, []), (commit, [HEAD]), continues=True)
    assert titles(planned(checkout, started, HEAD)) == [BACKUP, back(checkout), UP]


# Refused


@pytest.mark.parametrize(("to", "count"), [("nope", "no"), ("2026", "2"), ("", "no")])
def test_a_run_has_to_be_named_so_that_it_is_one(checkout, to, count):
    commit = release(checkout)
    journal = (*deployed(checkout, commit), *run(2, (commit, [NEXT]), (commit, [NEXT])))
    said = told(ExitCode.USAGE, checkout, journal, to=to)
    assert said.startswith(f"error: vm_stg: {count} runs begin with {to!r}\n")
    assert said.endswith("next:  fab -H stg runs")


def test_without_a_deploy_in_the_journal_there_is_nothing_to_take_back(checkout):
    assert told(ExitCode.REFUSED, checkout, (), HEAD).startswith(
        "error: vm_stg: there is no deploy to take back\n"
    )


@pytest.mark.parametrize("revisions_before", [[], [""], [BASELINE, HEAD]])
def test_before_the_first_deploy_there_is_nothing_to_go_back_to(checkout, revisions_before):
    first = run(1, (checkout.first, revisions_before), (checkout.first, [HEAD]))
    said = told(ExitCode.REFUSED, checkout, first, HEAD)
    assert "it built the database, or found it at no revision" in said


def test_a_run_on_the_host_itself_says_nothing_of_the_checkout(checkout):
    begin, end = run(1, (checkout.first, [HEAD]), verb="al-up")
    del begin["commit"]
    said = told(ExitCode.REFUSED, checkout, (begin, end), to=ID.format(1))
    assert "the journal does not say what the checkout was at" in said


def test_an_edited_checkout_is_refused(checkout):
    commit = release(checkout)
    edited = {"changed": ("README.md",)}
    said = told(ExitCode.REFUSED, checkout, deployed(checkout, commit), host=edited)
    assert said.startswith("error: vm_stg: the checkout on the host was edited\n")


def test_a_checkout_that_never_was_past_the_old_commit_is_refused(checkout):
    commit = release(checkout)
    journal = run(1, ("f" * 40, [HEAD]), (commit, [NEXT]))
    said = told(ExitCode.REFUSED, checkout, journal)
    assert said.startswith("error: vm_stg: the checkout on the host does not hold ffffffffffff\n")


def test_a_database_before_the_old_revision_is_refused(checkout):
    commit = release(checkout)
    said = told(ExitCode.REFUSED, checkout, deployed(checkout, commit), BASELINE)
    assert said.startswith(f"error: vm_stg is at {BASELINE}, which does not follow {HEAD}\n")


def test_while_somebody_migrates_it_is_refused_as_locked(checkout):
    commit = release(checkout)
    journal = deployed(checkout, commit)
    said = told(ExitCode.LOCKED, checkout, journal, NEXT, migrating="pid 7, since 21:00")
    assert said.endswith("next:  wait for it, then fab -H stg rollback")


def test_a_database_that_does_not_run_is_started_first(checkout):
    commit = release(checkout)
    said = told(ExitCode.UNREACHABLE, checkout, deployed(checkout, commit), status="stopped")
    assert said.endswith("next:  fab -H stg up")


def test_without_a_host_it_says_how_to_name_one(checkout):
    with pytest.raises(Problem) as raised:
        rollback.plan(checkout.target(), replace(checkout.state(HEAD), host=None), run=None)
    assert raised.value.code == ExitCode.USAGE
    assert raised.value.message.endswith("next:  fab -H ALIAS rollback")
