"""What stands against a deploy to production: each is refused, and nothing is other than before."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from releases import Fab, commit, held, revision, version
from watching import HEAD, refused, succeeded

from dbops.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.vm_rig import Rig

NEXT, LAST = "20260101_000000000", "20260102_000000000"
SURE = ("--confirm", "vm_prod")
COMMAND = "command: make backup ENV=vm_prod"
BRANCHES = "branches: [main]"
FROZEN = "{start: 2020-01-01T00:00:00+09:00, end: 2099-01-01T00:00:00+09:00, reason: year end}"
IDENTITY = "ALTER DATABASE sanbou_prod"
MARKER = ".dbops/environment"


@dataclass(frozen=True)
class Case:
    """What is done to the host, the laptop's environments.yaml or nothing, and what is then said.

    Attributes:
        there: a shell script on vm_prod, and `undo` the one that puts it right.
        sql: a statement in its database, and `back` the one that puts it right.
        yaml: text in environments.yaml, and what stands there instead.
        new: files of directory backups that the failing command leaves; that is its own doing.
    """

    what: str
    words: tuple[str, ...] = SURE
    code: ExitCode = ExitCode.REFUSED
    there: str = "true"
    undo: str = "true"
    sql: str = ""
    back: str = ""
    yaml: tuple[str, str] = ("", "")
    new: int = 0


def backup(command: str) -> tuple[str, str]:
    """Return the edit of environments.yaml that makes COMMAND take production's backup."""
    return COMMAND, "command: '" + command.replace("'", "''") + "'"


DUMP = "docker exec vm_prod-db-1 pg_dump -U postgres -Fc sanbou_prod"
STOPPED = {"code": ExitCode.FAILED}
CASES = {
    "nobody is there to confirm": Case("nobody is here to confirm deploy", words=()),
    "another name": Case("'vm_stg' is not the environment's name", ("--confirm", "vm_stg")),
    "its alias": Case("'prod' is not the environment's name", ("--confirm", "prod")),
    "an empty name": Case("--confirm needs a value", ("--confirm=",), ExitCode.USAGE),
    "an empty plan id": Case("--plan-id needs a value", (*SURE, "--plan-id="), ExitCode.USAGE),
    "an empty revision": Case("--to needs a value", (*SURE, "--to", ""), ExitCode.USAGE),
    "another plan": Case(
        "the plan is no longer 000000000000", (*SURE, "--plan-id", "000000000000")
    ),
    "an unknown revision": Case("20991231", (*SURE, "--to", "20991231"), ExitCode.USAGE),
    "a revision of the past": Case(
        "past 0001_baseline", (*SURE, "--to", "0001_baseline", "--no-pull")
    ),
    "no marker": Case(
        "the host vm-prod does not say who it is",
        there=f"mv {MARKER} {MARKER}.kept",
        undo=f"mv {MARKER}.kept {MARKER}",
    ),
    "another marker": Case(
        "the host vm-prod says that it is vm_stg",
        there=f"echo vm_stg >{MARKER}",
        undo=f"echo vm_prod >{MARKER}",
    ),
    "another database": Case(
        "the database says that it is vm_stg",
        sql=f"{IDENTITY} SET dbops.environment = 'vm_stg'",
        back=f"{IDENTITY} SET dbops.environment = 'vm_prod'",
    ),
    "a database without a name": Case(
        "the database does not say who it is",
        sql=f"{IDENTITY} RESET dbops.environment",
        back=f"{IDENTITY} SET dbops.environment = 'vm_prod'",
    ),
    "a freeze": Case(
        "vm_prod is frozen until 2099-01-01T00:00:00+09:00",
        yaml=(BRANCHES, f"{BRANCHES}\n      freezes: [{FROZEN}]"),
    ),
    "an edited file": Case(
        "the checkout on the host was edited",
        there="echo >>README.md",
        undo="git checkout --quiet README.md",
    ),
    "an unknown file": Case(
        "the checkout on the host was edited", there="echo >app/more.py", undo="rm app/more.py"
    ),
    "another branch": Case(
        "the checkout on the host is at hotfix",
        there="git switch --quiet --create hotfix",
        undo="git switch --quiet main && git branch --quiet --delete hotfix",
    ),
    "no branch": Case(
        "the checkout on the host is at no branch",
        there="git switch --quiet --detach",
        undo="git switch --quiet main",
    ),
    "a branch that may not be deployed": Case(
        "the checkout is at main", yaml=(BRANCHES, "branches: [release]")
    ),
    "a diverged checkout": Case(
        "the checkout on the host has diverged",
        there="git -c user.name=a -c user.email=a@b commit --quiet --allow-empty --message=own",
        undo="git reset --quiet --hard HEAD^",
    ),
    "a remote that does not answer": Case(
        "git cannot read main of origin from the host",
        code=ExitCode.FAILED,
        there="git config remote.origin.url /nowhere",
        undo="git config remote.origin.url deploy@jump:/srv/git/sanbou_app.git",
    ),
    "a backup command that fails": Case(
        "deploy stopped at: back up sanbou_prod", **STOPPED, yaml=backup("echo no space; exit 28")
    ),
    "a backup command that takes nothing": Case(
        "no new file is in backups", **STOPPED, yaml=backup("true")
    ),
    "a backup command that leaves an empty file": Case(
        "is empty", **STOPPED, yaml=backup("sleep 0.1; : >backups/empty.dump"), new=1
    ),
    "a backup command that leaves a cut file": Case(
        "cannot be read back",
        **STOPPED,
        yaml=backup(f"{DUMP} | head -c 100000 >backups/cut.dump"),
        new=1,
    ),
    "a backup command that leaves the schema alone": Case(
        "holds 0 tables", **STOPPED, yaml=backup(f"{DUMP} --schema-only >backups/bare.dump"), new=1
    ),
    "a backup command that leaves no dump": Case(
        "cannot be read back", **STOPPED, yaml=backup("date >backups/date.dump"), new=1
    ),
}


@pytest.fixture(scope="module")
def fab(rig: Rig) -> Fab:
    """fab, and a production that was deployed, has backups, and is behind by a revision."""
    made = Fab(rig)
    made.enroll("prod")
    made.deploy("prod")
    made.must("-H", "prod", "backup")
    rig.commit(revision(NEXT, "note"), "Give tax rates a note")
    return made


@contextmanager
def arranged(rig: Rig, case: Case) -> Iterator[None]:
    before, after = case.yaml
    succeeded(rig.on("vm_prod", case.there))
    if case.sql:
        rig.psql("vm_prod", case.sql)
    if before:
        rig.laptop_machine.edit(before, after)
    try:
        yield
    finally:
        if before:
            rig.laptop_machine.edit(after, before)
        if case.back:
            rig.psql("vm_prod", case.back)
        succeeded(rig.on("vm_prod", case.undo))


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_refused_and_nothing_is_other_than_before(rig: Rig, fab: Fab, case: Case):
    with arranged(rig, case):
        before = held(rig, "vm_prod")
        done = fab("-H", "prod", "deploy", *case.words)
        after = held(rig, "vm_prod")
    left = set(after.pop("backups").splitlines()) - set(before.pop("backups").splitlines())
    rig.on("vm_prod", f"rm -f -- {' '.join(each.split()[-1] for each in left)}")
    refused(done, case.code, case.what)
    assert after == before
    assert len(left) == case.new


def test_a_locked_environment_names_who_locked_it_and_why(rig: Rig, fab: Fab):
    fab.must("-H", "prod", "lock", "--message", "the year-end closing runs")
    before = held(rig, "vm_prod")
    lines = refused(fab("-H", "prod", "deploy", *SURE), ExitCode.LOCKED, "vm_prod is locked by ")
    after = held(rig, "vm_prod")
    fab.must("-H", "prod", "unlock")
    assert "why:   the year-end closing runs\nnext:  fab -H prod unlock" in lines
    assert after == before


def test_a_checkout_with_a_commit_of_its_own_on_top_is_refused(rig: Rig, fab: Fab):
    own = "git -c user.name=a -c user.email=a@b commit --quiet --allow-empty --message=own"
    succeeded(rig.on("vm_prod", f"git pull --quiet --ff-only && {own}"))
    before = held(rig, "vm_prod")
    told = fab("-H", "prod", "deploy", *SURE)
    after = held(rig, "vm_prod")
    succeeded(rig.on("vm_prod", f"git reset --quiet --hard {rig.first}"))
    refused(told, ExitCode.REFUSED, "has commits that were never pushed")
    assert after == before


def test_a_revision_that_al_lint_blocks_is_refused_until_it_is_corrected(rig: Rig, fab: Fab):
    statement = "DELETE FROM ref.tax_rate WHERE note IS NOT NULL"
    ((path, text),) = revision(LAST, "origin", NEXT).items()
    added = "ALTER TABLE ref.tax_rate ADD COLUMN origin text"
    rig.commit({path: text.replace(added, "DELETE FROM ref.tax_rate")}, "Forget tax rates")
    before = held(rig, "vm_prod")
    lines = refused(fab("-H", "prod", "deploy", *SURE), ExitCode.REFUSED, f"al-lint blocks {LAST}")
    assert held(rig, "vm_prod") == before
    assert "why:   delete-without-where: " in lines
    rig.commit({path: text.replace(added, statement)}, "Forget noted tax rates alone")
    told = fab("-H", "prod", "deploy", *SURE, "--plan")
    assert "note: al-lint: 2 revisions judged for vm_prod" in succeeded(told)


def test_a_refusal_that_a_person_can_lift_is_in_the_journal(fab: Fab):
    entries = json.loads(fab("-H", "prod", "journal", "--json").stdout)
    told = [each["why"] for each in entries if each["event"] == "refused"]
    assert "vm_prod: nobody is here to confirm deploy" in told
    assert "vm_prod: 'vm_stg' is not the environment's name" in told
    assert "vm_prod is frozen until 2099-01-01T00:00:00+09:00" in told


def test_production_is_still_where_it_was_and_a_confirmed_deploy_goes_through(rig: Rig, fab: Fab):
    assert (version(rig, "vm_prod"), commit(rig, "vm_prod")) == (HEAD, rig.first)
    assert f"at {LAST} (head)" in fab.deploy("prod")
    assert version(rig, "vm_prod") == LAST


def test_a_lost_production_database_is_not_built_anew_and_comes_back_from_its_backup(
    rig: Rig, fab: Fab
):
    rig.psql("vm_prod", "CREATE TABLE stg.only_here AS SELECT 7 AS row")
    succeeded(fab("-H", "prod", "backup"))
    dumps = json.loads(fab("-H", "prod", "backups", "--json").stdout)
    rig.compose("vm_prod", "down", "--volumes")
    told = refused(fab("-H", "prod", "deploy", *SURE), ExitCode.REFUSED, "and there was one")
    assert "next:  fab -H prod up, then fab -H prod restore --dump FILE --force;" in told
    succeeded(fab("-H", "prod", "up"))
    told = refused(fab("-H", "prod", "deploy", *SURE), ExitCode.REFUSED, "and there was one")
    succeeded(fab("-H", "prod", "restore", "--dump", dumps[0]["dump"], "--force", *SURE))
    assert rig.psql("vm_prod", "SELECT row FROM stg.only_here") == "7"
    assert version(rig, "vm_prod") == LAST
    assert "nothing to do" in succeeded(fab("-H", "prod", "deploy", *SURE))
