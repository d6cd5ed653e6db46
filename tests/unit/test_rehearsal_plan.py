"""What of an upgrade is rehearsed, where in a plan, and how two catalogues are compared."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace

import checkouts
import handmade
import pytest
from handmade import BASELINE, HEAD, NEXT, write_revision

from dbops import journal, output
from dbops.commands import rehearsal as commands
from dbops.environments.model import Drift, Guard
from dbops.errors import ExitCode, UsageProblem
from dbops.operations import authoring, deploy, lint, migrations, rehearsal

BACKUP = "back up sanbou_dev, and prove the dump"
ROOM = "see that there is room to restore sanbou_dev once more"
REHEARSE = f"rehearse the upgrade to {HEAD} on the backup"
ROLES = "bootstrap the roles and their privileges"
UPGRADE = f"upgrade to {HEAD}"
FIGURES = {
    "mode": "full",
    "to": HEAD,
    "restored_seconds": 6,
    "drift": 0,
    "seconds": 4.75,
    "revisions": [{"revision": HEAD, "seconds": 4.2}],
    "locks": [{"relation": "raw.slips", "mode": "AccessExclusiveLock", "seconds": 4.1}],
    "rewrites": [{"relation": "raw.slips", "bytes": 8192}],
}


@pytest.fixture
def vault(tmp_path, monkeypatch):
    monkeypatch.setattr(lint, "release", lambda *_: ())
    return handmade.make_target(tmp_path / "vault", protected=True)


def titles(runbook):
    return [each.title for each in runbook.steps]


def guarded(target, **settings):
    return replace(target, environment=replace(target.environment, guard=Guard(**settings)))


@pytest.mark.parametrize(
    ("settings", "asked", "chosen"),
    [
        ({"protected": False}, None, "off"),
        ({"protected": False}, "schema", "schema"),
        ({"protected": True}, None, "full"),
        ({"protected": True, "rehearsal": "schema"}, None, "schema"),
        ({"protected": True, "rehearsal": "off"}, None, "off"),
        ({"protected": True, "rehearsal": "off"}, "full", "full"),
        ({"protected": True}, "off", "off"),
    ],
)
def test_the_option_counts_before_the_environment_and_that_only_where_it_is_protected(
    vault, settings, asked, chosen
):
    assert rehearsal.mode(guarded(vault, **settings), asked) == chosen


def test_another_word_than_the_three_is_refused(vault):
    with pytest.raises(UsageProblem) as raised:
        rehearsal.mode(vault, "most")
    assert raised.value.code == ExitCode.USAGE
    assert raised.value.message == (
        "error: 'most' is no way to rehearse\n"
        "where: --rehearse\n"
        "why:   it is one of full, schema, off\n"
        "next:  type the command again with one of them"
    )


def test_a_protected_upgrade_is_rehearsed_behind_the_backup_and_before_anything_changes(vault):
    runbook = migrations.upgrade(vault, handmade.running(vault, BASELINE))
    steps = titles(runbook)
    assert steps[:3] == [BACKUP, ROOM, REHEARSE]
    assert steps[-1] == UPGRADE
    assert set(steps[3:-1]) <= {ROLES}


def test_the_schema_alone_needs_no_room_for_rows(vault):
    runbook = migrations.upgrade(vault, handmade.running(vault, BASELINE), rehearse="schema")
    assert titles(runbook)[:2] == [BACKUP, f"{REHEARSE}'s schema"]
    assert "pg_restore --exit-on-error" in runbook.steps[1].command
    assert "--schema-only" in runbook.steps[1].command
    assert runbook.steps[1].total == 0


def test_what_is_not_rehearsed_is_said_with_the_reason(vault):
    state = handmade.running(vault, BASELINE)
    typed = migrations.upgrade(vault, state, rehearse="off")
    written = migrations.upgrade(guarded(vault, protected=True, rehearsal="off"), state)
    assert typed.notes[0] == "the upgrade is not rehearsed: --rehearse off"
    assert written.notes[0] == "the upgrade is not rehearsed: guard.rehearsal of local_dev is off"
    assert titles(typed) == titles(written)
    assert not any("rehearse" in each for each in titles(typed))


def test_at_the_head_nothing_is_rehearsed(vault):
    runbook = migrations.upgrade(vault, handmade.running(vault, HEAD), rehearse="full")
    assert not any("rehearse" in each for each in titles(runbook))


def test_the_title_says_how_many_revisions(vault):
    write_revision(vault.environment.project_directory, NEXT, HEAD)
    runbook = migrations.upgrade(vault, handmade.running(vault, BASELINE))
    assert f"rehearse the upgrade to {NEXT} (2 revisions) on the backup" in titles(runbook)


def test_what_the_last_rehearsal_of_the_same_upgrade_showed_is_in_the_plan(vault):
    entry = {"at": "2026-01-01T00:00:00Z", "event": "end", "rehearsal": FIGURES}
    journal.append(vault.home / "journal.jsonl", entry)
    state = handmade.running(vault, BASELINE)
    other = {**entry, "rehearsal": {**FIGURES, "to": NEXT}}
    before = migrations.upgrade(vault, state).notes
    journal.append(vault.home / "journal.jsonl", other)
    assert migrations.upgrade(vault, state).notes == before
    assert before[0] == (
        "at 2026-01-01T00:00:00Z: rehearsed on the backup: 1 revision in 4.75 s\n"
        "      restored in 6 s\n"
        f"      {HEAD} took 4.2 s\n"
        "      AccessExclusiveLock on raw.slips for 4.1 s\n"
        "      rewrites raw.slips, 8192 bytes"
    )


def test_drift_is_told_in_the_last_line():
    found = {**FIGURES, "mode": "schema", "drift": 2}
    first, *_, last = output.rehearsal(found)
    assert first == "rehearsed on the backup's schema: 1 revision in 4.75 s"
    assert last == "the live schema was not what the files say before: see drift"


# In a deploy


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    for name, value in {**checkouts.ALONE, "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(authoring, "sql_between", lambda *_: "")
    monkeypatch.setattr(lint, "release", lambda *_: ())
    made = checkouts.Checkout(tmp_path)
    write_revision(made.desk, NEXT, HEAD)
    made.push("Add a column")
    return made


def kinds(runbook):
    return [each.split()[0] for each in titles(runbook)]


def test_a_deploy_rehearses_with_the_new_files_before_the_running_services_are_touched(checkout):
    runbook = deploy.plan(
        checkout.target(protected=True), checkout.state(HEAD), revision=None, pull=True
    )
    expected = ["back", "fast-forward", "see", "rehearse", "start", "bootstrap", "upgrade"]
    assert kinds(runbook) == expected


def test_services_that_are_not_well_are_started_first_because_the_upgrade_runs_in_one(checkout):
    state = checkout.state(HEAD)
    sick = replace(state.service, services=(("core_api", "unhealthy"), ("db", "healthy")))
    runbook = deploy.plan(
        checkout.target(protected=True), replace(state, service=sick), revision=None, pull=True
    )
    expected = ["back", "fast-forward", "start", "see", "rehearse", "bootstrap", "upgrade"]
    assert kinds(runbook) == expected


def test_the_upgrade_of_a_rehearsal_never_names_the_live_database(checkout):
    runbook = deploy.plan(
        checkout.target(protected=True), checkout.state(HEAD), revision=None, pull=True
    )
    step = next(each for each in runbook.steps if each.title.startswith("rehearse"))
    upgrades = [line for line in step.command.splitlines() if " alembic " in line]
    rehearsed = [each.split("--env=POSTGRES_DB=")[1].split()[0] for each in upgrades]
    assert rehearsed == [
        "sanbou_dev_rehearsal_expected",
        "sanbou_dev_rehearsal_expected",
        "sanbou_dev_rehearsal",
    ]


# The comparison, run by sh


ONE, TWO = '["table", "raw.one", "1"]', '["table", "raw.two", "2"]'
BY_HAND = '["index", "raw.by_hand", "CREATE INDEX"]'


def compared(vault, directory, **catalogues):
    upgrade = commands.Upgrade(
        current=BASELINE,
        wanted=HEAD,
        count=1,
        tables=1,
        with_rows=True,
        snapshot=vault.snapshot,
        leave_out=(),
    )
    (directory / "rehearsal").mkdir()
    for name, rows in catalogues.items():
        text = "".join(f"{each}\n" for each in sorted(rows))
        (directory / "rehearsal" / name.replace("_", "-")).write_text(text, encoding="utf-8")
    known = "restored=6 figures='{\"seconds\": 1}'"
    script = f"set -e\n{known}\n{commands._compared(vault.environment, upgrade)}"
    return subprocess.run(
        ["sh", "-c", script, "sh", str(directory)], capture_output=True, text=True, check=False
    )


def test_what_the_upgrade_makes_in_both_is_no_difference(vault, tmp_path):
    done = compared(
        vault,
        tmp_path,
        rehearsed_before=[ONE],
        expected_before=[ONE],
        rehearsed_after=[ONE, TWO],
        expected_after=[ONE, TWO],
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert json.loads((tmp_path / "rehearsal.json").read_text()) == {
        "mode": "full",
        "to": HEAD,
        "restored_seconds": 6,
        "drift": 0,
        "seconds": 1,
    }


def test_what_differed_before_is_counted_and_no_difference_of_the_upgrade(vault, tmp_path):
    done = compared(
        vault,
        tmp_path,
        rehearsed_before=[ONE, BY_HAND],
        expected_before=[ONE],
        rehearsed_after=[ONE, TWO, BY_HAND],
        expected_after=[ONE, TWO],
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert json.loads((tmp_path / "rehearsal.json").read_text())["drift"] == 1


def test_what_the_upgrade_makes_in_one_only_is_told_with_its_side(vault, tmp_path):
    done = compared(
        vault,
        tmp_path,
        rehearsed_before=[ONE],
        expected_before=[ONE],
        rehearsed_after=[ONE, BY_HAND],
        expected_after=[ONE, TWO],
    )
    assert done.returncode == 1
    assert sorted(done.stdout.splitlines()) == [f"expected:  {TWO}", f"rehearsed: {BY_HAND}"]


def test_a_long_list_of_differences_is_cut(vault, tmp_path):
    many = [f'["table", "raw.t{number}", "{"x" * 1000}"]' for number in range(9)]
    done = compared(
        vault,
        tmp_path,
        rehearsed_before=[],
        expected_before=[],
        rehearsed_after=many,
        expected_after=[],
    )
    lines = done.stdout.splitlines()
    assert (done.returncode, len(lines)) == (1, 5)
    assert {len(each) for each in lines} == {len("rehearsed: ") + 300}


GRANTED = '["grant", "{0} to app", "SELECT", "table", "{0}"]'
COLUMN = '["column", "{0}.by_hand", "integer", "table", "{0}"]'
MADE = '["table", "raw.by_hand", "0", "schema", "raw"]'
KNOWN = '["table", "raw.one", "1", "schema", "raw"]'
RENAMED = '["table", "raw.other", "1", "schema", "raw"]'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([MADE], [MADE, GRANTED.format("raw.by_hand")]),
        ([COLUMN.format("raw.one")], [COLUMN.format("raw.other")]),
        ([GRANTED.format("raw.one")], [GRANTED.format("raw.other")]),
        ([BY_HAND], [BY_HAND.replace("INDEX", "INDEX on other")]),
    ],
)
def test_what_an_upgrade_makes_of_what_differed_before_is_drift_as_well(
    vault, tmp_path, before, after
):
    done = compared(
        vault,
        tmp_path,
        rehearsed_before=[KNOWN, *before],
        expected_before=[KNOWN],
        rehearsed_after=[RENAMED, *after],
        expected_after=[RENAMED],
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert json.loads((tmp_path / "rehearsal.json").read_text())["drift"] == 1


def test_drift_hides_no_difference_of_another_object(vault, tmp_path):
    other = GRANTED.format("raw.other")
    done = compared(
        vault,
        tmp_path,
        rehearsed_before=[KNOWN, MADE],
        expected_before=[KNOWN],
        rehearsed_after=[RENAMED, MADE, other],
        expected_after=[RENAMED],
    )
    assert (done.returncode, done.stdout) == (1, f"rehearsed: {other}\n")


@pytest.mark.parametrize(
    ("pattern", "ignored"),
    [
        ("raw.by_hand", True),
        ("table raw.by_*", True),
        ("raw.by_han[a-d]", True),
        ("raw.by_han[!a-c]", True),
        ("raw.by_han[!d]", False),
        ("raw?by_hand", True),
        ("raw.by", False),
        ("index *", False),
        ("raw.by.hand", False),
    ],
)
def test_what_drift_ignores_is_not_compared_with_all_that_belongs_to_it(
    vault, tmp_path, pattern, ignored
):
    environment = replace(vault.environment, drift=Drift(ignore=(pattern,)))
    done = compared(
        replace(vault, environment=environment),
        tmp_path,
        rehearsed_before=[],
        expected_before=[],
        rehearsed_after=[MADE, GRANTED.format("raw.by_hand"), COLUMN.format("raw.by_hand")],
        expected_after=[],
    )
    assert (done.returncode, done.stdout.count("by_hand")) == ((0, 0) if ignored else (1, 6))


@pytest.mark.parametrize("name", [r'raw."a ""b"', r"raw.\"c\\d\"", "raw.größe", "raw.$x+(y){2}|^"])
def test_any_name_can_be_ignored(vault, tmp_path, name):
    environment = replace(vault.environment, drift=Drift(ignore=(name,)))
    done = compared(
        replace(vault, environment=environment),
        tmp_path,
        rehearsed_before=[],
        expected_before=[],
        rehearsed_after=[json.dumps(["table", name, "0"], ensure_ascii=False)],
        expected_after=[],
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
