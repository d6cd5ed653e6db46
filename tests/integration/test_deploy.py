"""Deploys from a laptop, through a jump host, to two VMs: from nothing, forwards, and again."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from releases import Fab, commit, held, newest_run, revision, version
from rig.vm_rig import CANARY, SHORT
from watching import HEAD, refused, succeeded

from dbops.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Project
    from rig.vm_rig import Rig

FIRST, SECOND, THIRD, FOURTH = (f"2026010{n}_000000000" for n in range(1, 5))
NOTHING = "nothing to do"
# Whatever quotes it, these two words stay beside each other.
SECRET = "correct horse"
WATCH = """\
while [ ! -e /tmp/seen-enough ]; do
    cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '
    sleep 0.05
done
rm /tmp/seen-enough
"""


@pytest.fixture(scope="module")
def fab(rig: Rig) -> Fab:
    made = Fab(rig)
    made.enroll("stg", "prod")
    return made


def in_full(document: str) -> dict:
    return json.loads(document[document.index("{") :])


# From nothing


def test_a_plan_for_an_empty_host_changes_nothing_and_shows_what_it_would_run(rig: Rig, fab: Fab):
    before = held(rig, "vm_stg")
    done = fab("-H", "stg", "deploy", "--plan")
    succeeded(done)
    assert held(rig, "vm_stg") == before
    assert "load sql/schema_baseline.sql, the roles, stamp 0001_baseline" in done.stderr
    assert f"upgrade to {HEAD}" in done.stderr
    assert f"note: revision {HEAD}: " in done.stderr
    assert done.stdout.startswith("#!/bin/sh\n")


def test_the_first_deploy_runs_the_very_bytes_of_its_plan(rig: Rig, fab: Fab, head: Project):
    planned = fab("-H", "stg", "deploy", "--plan").stdout
    said = fab.deploy("stg")
    local_dev = head.json("al-cur", "--env", "local_dev")["current"]
    assert newest_run(rig, "vm_stg", "run.sh") == planned
    assert f"vm_stg: at commit {rig.first[:12]}, at {HEAD} (head)" in said
    assert [version(rig, "vm_stg")] == local_dev
    assert rig.psql("vm_stg", "SELECT count(*) > 100 FROM pg_class WHERE relkind = 'v'") == "t"


def test_the_first_deploy_to_production_ends_at_the_same_head(rig: Rig, fab: Fab):
    fab.deploy("prod")
    assert version(rig, "vm_prod") == version(rig, "vm_stg") == HEAD
    asked = "SELECT current_setting('dbops.environment')"
    assert [rig.psql(host, asked) for host in SHORT] == list(SHORT)


@pytest.mark.parametrize("host", ["stg", "prod"])
def test_a_second_deploy_changes_nothing_and_says_why(rig: Rig, fab: Fab, host: str):
    before = held(rig, f"vm_{host}")
    said = fab.deploy(host)
    assert held(rig, f"vm_{host}") == before
    assert f"nothing to do: the checkout is at {rig.first[:12]}, the database at {HEAD}" in said


def test_two_hosts_are_compared_with_each_other(fab: Fab):
    for host, other in (("stg", "vm_prod"), ("prod", "stg")):
        told = fab("-H", host, "drift", "--against", other, "--json")
        found = in_full(told.stdout)
        assert found["against"] in SHORT, told.stderr
        assert found["environment"] != found["against"]
        assert {each["kind"] for each in found["differences"]} <= {"role", "membership", "setting"}


# Forwards


@pytest.fixture(scope="module")
def pushed(rig: Rig, fab: Fab) -> Iterator[str]:
    """A commit with a new revision, on main at the jump host."""
    yield rig.commit(revision(FIRST, "note"), "Give tax rates a note")
    rig.rewind()


def test_the_plan_of_a_new_commit_shows_it_and_its_revision_and_sql_and_changes_nothing(
    rig: Rig, fab: Fab, pushed: str
):
    before = held(rig, "vm_stg")
    plan = in_full(fab.must("-H", "stg", "deploy", "--plan", "--json"))
    assert held(rig, "vm_stg") == before
    assert f"commit {pushed[:7]} Rin Kato: Give tax rates a note" in plan["notes"]
    assert f"revision {FIRST}: Add the column note." in plan["notes"]
    assert any("ALTER TABLE ref.tax_rate ADD COLUMN note text;" in each for each in plan["notes"])
    assert [each["title"] for each in plan["steps"]][1:3] == [
        "back up sanbou_stg, and prove the dump",
        f"fast-forward the checkout to {pushed[:12]}",
    ]


def test_a_plan_made_before_a_commit_is_refused_after_it(rig: Rig, fab: Fab, pushed: str):
    plan = in_full(fab.must("-H", "prod", "deploy", "--plan", "--json"))["plan"]
    later = rig.commit({"docs/later.md": "later\n"}, "Write it down")
    before = held(rig, "vm_prod")
    sure = ("--plan-id", plan, "--confirm", "vm_prod")
    lines = refused(fab("-H", "prod", "deploy", *sure), ExitCode.REFUSED, plan)
    assert "the plan is no longer" in lines
    assert held(rig, "vm_prod") == before
    assert later != pushed


def test_a_new_revision_reaches_both_hosts_and_the_second_by_the_id_of_its_plan(
    rig: Rig, fab: Fab, pushed: str
):
    newest = rig.laptop_machine.git("rev-parse", "HEAD")
    fab.deploy("stg")
    plan = in_full(fab.must("-H", "prod", "deploy", "--plan", "--json"))
    fab.deploy("prod", "--plan-id", plan["plan"])
    assert newest_run(rig, "vm_prod", "run.sh") == plan["script"]
    for host in SHORT:
        assert (version(rig, host), commit(rig, host)) == (FIRST, newest)
        assert rig.psql(host, "SELECT count(note) FROM ref.tax_rate") == "0"


def test_the_journal_tells_commit_revision_backup_and_its_hash(rig: Rig, fab: Fab, pushed: str):
    entry = json.loads(fab("-H", "prod", "runs", "--json").stdout)[0]
    assert (entry["verb"], entry["result"], entry["from"]) == ("deploy", "ok", [HEAD])
    assert (entry["commit"], entry["to"]) == (rig.first, [FIRST])
    assert entry["to_commit"] == commit(rig, "vm_prod")
    summed = rig.on("vm_prod", f"sha256sum {entry['backup']}").stdout.split()[0]
    assert summed == entry["backup_sha256"]
    read_back = f"docker exec -i vm_prod-db-1 pg_restore --list <{entry['backup']}"
    assert " TABLE DATA " in succeeded(rig.on("vm_prod", read_back))


def test_without_pulling_a_newer_commit_is_left_where_it_is(rig: Rig, fab: Fab, pushed: str):
    before = commit(rig, "vm_stg")
    rig.commit({"docs/more.md": "more\n"}, "Write more down")
    said = fab.deploy("stg", "--no-pull")
    assert NOTHING in said
    assert commit(rig, "vm_stg") == before


def test_a_deploy_ends_at_the_revision_it_is_told_and_the_next_goes_on(
    rig: Rig, fab: Fab, pushed: str
):
    files = {**revision(SECOND, "source", FIRST), **revision(THIRD, "country", SECOND)}
    newest = rig.commit(files, "Give tax rates a source and a country")
    said = fab.deploy("stg", "--to", SECOND)
    assert f"at commit {newest[:12]}, at {SECOND}; " in said
    assert said.endswith("next: fab -H stg deploy\n")
    assert (version(rig, "vm_stg"), commit(rig, "vm_stg")) == (SECOND, newest)
    assert f"at {THIRD} (head)" in fab.deploy("stg")
    assert NOTHING in fab.deploy("stg")


def test_a_deploy_never_goes_backwards(rig: Rig, fab: Fab, pushed: str):
    lines = refused(fab("-H", "stg", "deploy", "--to", FIRST), ExitCode.REFUSED, f"past {FIRST}")
    assert lines.endswith("next:  fab -H stg rollback")
    assert version(rig, "vm_stg") == THIRD


def test_what_was_pulled_by_hand_is_built_by_the_next_deploy(rig: Rig, fab: Fab, pushed: str):
    left = commit(rig, "vm_stg")
    newest = rig.commit({"app/by_hand.py": "newer = True\n"}, "Change what is built")
    succeeded(rig.on("vm_stg", "git pull --quiet --ff-only"))
    said = fab.deploy("stg")
    assert "the checkout was moved by hand since deploy 2" in said
    assert f"left it at {left[:12]}\n" in said
    assert commit(rig, "vm_stg") == newest
    succeeded(rig.on("vm_stg", "docker exec vm_stg-core_api-1 cat app/by_hand.py"))
    assert NOTHING in fab.deploy("stg")


# The password


def test_the_password_is_in_no_process_list_output_log_journal_or_run(
    rig: Rig, fab: Fab, pushed: str
):
    assert SECRET in CANARY
    rig.commit(revision(FOURTH, "canary", THIRD), "Give tax rates a canary")
    with ThreadPoolExecutor() as pool:
        there = pool.submit(rig.on, "vm_prod", WATCH, user="root")
        here = Laptop(rig)
        pool.submit(here.watch)
        try:
            fab.deploy("prod")
        finally:
            here.enough.set()
            rig.on("vm_prod", "touch /tmp/seen-enough", user="root")
    seen = there.result().stdout
    assert all(each in seen for each in ("/run.sh", "alembic", "pg_restore", " fetch "))
    assert "deploy --confirm=vm_prod" in here.seen
    assert version(rig, "vm_prod") == FOURTH
    kept = [rig.on(host, "cat -- $(find .dbops -type f)").stdout for host in SHORT]
    everything = [seen, here.seen, *kept, *fab.said]
    assert all(each for each in everything)
    assert not any(SECRET in each for each in everything)


class Laptop:
    """The command lines of the processes that have the laptop's home; `seen` is all of them."""

    def __init__(self, rig: Rig) -> None:
        self.home = f"HOME={rig.laptop_machine.home}\0".encode()
        self.enough = threading.Event()
        self.seen = ""

    def watch(self) -> None:
        while not self.enough.wait(0.05):
            self.seen += "".join(self._of(each) for each in Path("/proc").glob("[0-9]*"))

    def _of(self, process: Path) -> str:
        try:
            if self.home not in (process / "environ").read_bytes():
                return ""
            return (process / "cmdline").read_text(errors="replace").replace("\0", " ")
        except OSError:  # it has ended
            return ""
