"""What is asked of a host's checkout, and what moves it: run in repositories of this machine."""

from __future__ import annotations

import json
import os
import subprocess

import checkouts
import pytest
from checkouts import git

from dbops import guard, hosts, journal, locking, upstream
from dbops.commands import host as commands
from dbops.errors import ExitCode, Problem, Refused, Unreachable
from dbops.operations import history


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    for name, value in {**checkouts.ALONE, "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def checkout(tmp_path):
    return checkouts.Checkout(tmp_path)


def ask(checkout, *, pull=True):
    return upstream.ask(checkout.target(), checkout.host(), pull=pull)


def run(step, directory):
    script = f"set -e\n{step.command}\n{step.verify}"
    return subprocess.run(
        ["sh", "-c", script, "sh", str(directory)], capture_output=True, text=True, check=False
    )


# What a host says


def test_a_clean_checkout_says_its_commit_and_branch_and_nothing_more(checkout):
    found = hosts.probe(checkout.target())
    assert (found.commit, found.branch) == (checkout.first, "main")
    assert (found.marker, found.changed, found.hold, found.holder) == ("", (), "", "")
    assert (found.name, found.journal) == (os.uname().nodename, ())


def test_a_marker_a_hold_and_changes_are_told(checkout):
    home = checkout.target().home
    home.mkdir(parents=True)
    guard.marker(checkout.environment).write_text("vm_stg\n")
    (home / "hold.json").write_text('{"who": "rin"}')
    (checkout.there / "sql" / "bootstrap_roles.sql").write_text("SELECT 2;\n")
    (checkout.there / "more.py").touch()
    found = hosts.probe(checkout.target())
    assert (found.marker, json.loads(found.hold)) == ("vm_stg", {"who": "rin"})
    assert found.changed == ("sql/bootstrap_roles.sql", "more.py")


def test_looking_at_a_checkout_writes_nothing_into_its_repository(checkout):
    (checkout.there / "sql" / "bootstrap_roles.sql").touch()
    before = checkouts.repository(checkout.there)
    hosts.probe(checkout.target())
    assert checkouts.repository(checkout.there) == before


def test_who_holds_the_lock_is_told_only_while_it_is_held(checkout):
    home = checkout.target().home
    home.mkdir(parents=True)
    (home / "lock").write_text('{"who": "rin"}\n')
    assert hosts.probe(checkout.target()).holder == ""
    holder = subprocess.Popen(
        ["flock", str(home / "lock"), "sh", "-c", "echo held; cat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout.readline() == b"held\n"
    found = hosts.probe(checkout.target())
    holder.communicate()
    assert json.loads(found.holder) == {"who": "rin"}


def test_a_run_begun_on_the_host_itself_is_listed_as_running(checkout):
    home = checkout.target().home
    holder = {"verb": "al-up", "who": "rin", "since": "now"}
    journal.append(home / "journal.jsonl", {"event": "begin", "run": "r", **holder})
    (checkout.there / ".dbops" / "environment").write_text("vm_stg")  # no end of line
    with locking.hold(home / "lock", holder, wait_seconds=0, waiting=print) as lock:
        locking.name_holder(lock, {**holder, "run": "r"})
        target = checkout.target()
        assert hosts.probe(target).marker == "vm_stg"
        (found,) = history.listed(target)
    assert (found["run"], found["result"]) == ("r", "running")


def test_a_checkout_at_no_branch_says_none(checkout):
    git(checkout.there, "switch", "--quiet", "--detach")
    assert hosts.probe(checkout.target()).branch == ""


def test_a_directory_that_is_not_there_is_unreachable(checkout):
    checkout.there.rename(checkout.there.with_name("elsewhere"))
    with pytest.raises(Unreachable) as raised:
        hosts.probe(checkout.target())
    assert raised.value.code == ExitCode.UNREACHABLE
    assert raised.value.message == (
        "error: vm_stg: there is no checkout on the host\n"
        f"where: stg.example.com:{checkout.there}\n"
        "why:   environments.yaml names a directory that is not there, or is closed to us\n"
        f"next:  on the host: git clone REPOSITORY {checkout.there}"
    )


def test_a_directory_that_is_no_clone_is_a_problem_in_the_words_of_git(checkout):
    (checkout.there / ".git").rename(checkout.there.with_name("git"))
    with pytest.raises(Problem) as raised:
        hosts.probe(checkout.target())
    assert "git cannot read the checkout on the host" in raised.value.what
    assert "not a git repository" in raised.value.why


# What a deploy would bring


def test_without_a_new_commit_there_is_nothing_to_bring(checkout):
    found = ask(checkout)
    assert (found.commit, found.log, found.files) == (checkout.first, (), ())
    assert found.archive


def test_a_new_commit_is_told_with_its_log_and_files_newest_first(checkout):
    checkout.push("Say 'more'", **{"a.txt": "a"})
    newest = checkout.push("100% sure; $(id)", **{"b c.txt": "b"})
    found = ask(checkout)
    assert found.commit == newest
    assert [each.split(" ", 1)[1] for each in found.log] == [
        "Rin Kato: 100% sure; $(id)",
        "Rin Kato: Say 'more'",
    ]
    assert found.files == ("a.txt", "b c.txt")


def test_asking_for_a_new_commit_writes_nothing_into_the_repository(checkout):
    checkout.push("New", **{"a.txt": "a"})
    before = checkouts.repository(checkout.there)
    ask(checkout)
    assert checkouts.repository(checkout.there) == before


def test_the_files_are_those_of_the_new_commit(checkout):
    name = "migrations_v2/alembic/versions/20260101_000000000.py"
    text = 'revision = "20260101_000000000"\ndown_revision = "20251212_100000000"\n'
    checkout.push("New", **{name: text})
    target = checkout.target()
    assert (checkouts.replace(target, archive=ask(checkout).archive).files / name).is_file()
    assert not (checkout.there / name).exists()


def test_without_pulling_a_new_commit_is_not_looked_for(checkout):
    checkout.push("New", **{"a.txt": "a"})
    git(checkout.there, "remote", "remove", "origin")
    assert ask(checkout, pull=False).commit == checkout.first


def test_files_that_the_commit_does_not_have_are_left_out(checkout):
    git(checkout.desk, "rm", "--quiet", "sql/bootstrap_roles.sql")
    checkout.push("No roles")
    target = checkouts.replace(checkout.target(), archive=ask(checkout).archive)
    assert [each.name for each in (target.files / "sql").iterdir()] == ["schema_baseline.sql"]


def test_what_ssh_warns_of_is_no_failure(checkout, tmp_path):
    newest = checkout.push("New", **{"a.txt": "a"})
    ssh = tmp_path / "ssh"
    ssh.write_text('#!/bin/sh\necho "WARNING: it may store now" >&2\nshift\nexec sh -c "$*"\n')
    ssh.chmod(0o755)
    git(checkout.there, "config", "core.sshCommand", str(ssh))
    git(checkout.there, "config", "ssh.variant", "simple")
    git(checkout.there, "remote", "set-url", "origin", f"jump:{checkout.origin}")
    assert ask(checkout).commit == newest


@pytest.mark.parametrize("url", ["/nowhere", "https://127.0.0.1:9/x.git"])
def test_a_remote_that_does_not_answer_is_a_problem_in_the_words_of_git(checkout, url):
    git(checkout.there, "remote", "set-url", "origin", url)
    with pytest.raises(Problem) as raised:
        ask(checkout)
    assert raised.value.code == ExitCode.FAILED
    assert raised.value.what == "vm_stg: git cannot read main of origin from the host"
    assert url in raised.value.why
    assert "--no-pull" in raised.value.next_command


def test_a_branch_that_the_remote_does_not_have_is_a_problem(checkout):
    git(checkout.origin, "branch", "--quiet", "--move", "main", "trunk")
    with pytest.raises(Problem) as raised:
        ask(checkout)
    assert raised.value.what == "vm_stg: git cannot read main of origin from the host"


def test_a_checkout_with_commits_of_its_own_is_refused_as_ahead(checkout):
    git(checkout.there, "commit", "--quiet", "--allow-empty", "--message=own")
    with pytest.raises(Refused) as raised:
        ask(checkout)
    assert raised.value.what == (
        "vm_stg: the checkout on the host has commits that were never pushed"
    )


def test_a_checkout_that_went_another_way_is_refused_as_diverged(checkout):
    newest = checkout.push("New", **{"a.txt": "a"})
    git(checkout.there, "commit", "--quiet", "--allow-empty", "--message=own")
    own = git(checkout.there, "rev-parse", "HEAD")
    with pytest.raises(Refused) as raised:
        ask(checkout)
    assert raised.value.what == "vm_stg: the checkout on the host has diverged"
    assert raised.value.where == f"{own[:12]} there, {newest[:12]} at origin/main"


# What moves it


def test_the_checkout_goes_forwards_to_the_planned_commit_and_no_further(checkout):
    planned = checkout.push("Planned", **{"a.txt": "a"})
    checkout.push("Later", **{"b.txt": "b"})
    done = run(commands.fast_forward(checkout.environment, planned), checkout.there)
    assert done.returncode == 0, done.stderr
    assert git(checkout.there, "rev-parse", "HEAD") == planned
    assert git(checkout.there, "status", "--porcelain") == ""
    assert not (checkout.there / "b.txt").exists()


def test_a_checkout_that_cannot_go_forwards_stays_where_it_is(checkout):
    planned = checkout.push("Planned", **{"a.txt": "a"})
    git(checkout.there, "commit", "--quiet", "--allow-empty", "--message=own")
    own = git(checkout.there, "rev-parse", "HEAD")
    done = run(commands.fast_forward(checkout.environment, planned), checkout.there)
    assert done.returncode != 0
    assert git(checkout.there, "rev-parse", "HEAD") == own


@pytest.mark.parametrize(("marker", "moved"), [("vm_prod", False), ("vm_stg", True)])
def test_a_plan_does_not_outlive_the_marker_or_the_commit(checkout, marker, moved):
    file = guard.marker(checkout.environment)
    file.parent.mkdir(parents=True)
    file.write_text("vm_stg\n")
    target = checkout.target()
    state = checkout.empty()
    beside = target.place.backend(state.service)

    def pinned(marker, commit, *changed):
        step = commands.unchanged(
            beside,
            checkout.environment,
            marker=marker,
            commit=commit,
            changed=changed,
            found=None,
        )
        return run(step, checkout.there)

    assert pinned("vm_stg", checkout.first).returncode == 0
    (checkout.there / "edited since.yml").touch()
    (checkout.there / "too.yml").touch()
    both = hosts.probe(target).changed
    assert pinned("vm_stg", checkout.first, *both).returncode == 0
    assert "too.yml" in pinned("vm_stg", checkout.first).stdout
    for each in ("edited since.yml", "too.yml"):
        (checkout.there / each).unlink()
    commit = "0" * 40 if moved else checkout.first
    done = pinned(marker, commit)
    assert done.returncode == 1
    assert done.stdout == (
        f"expected {'0' * 40}, found {checkout.first}\n"
        if moved
        else "expected vm_prod, found vm_stg\n"
    )
