"""Rollbacks of production: by downgrade, by the backup, refused, killed, and forwards again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from deploying import Vm, ended
from releases import VERSIONS, Fab, commit, held, version
from rig.machine import succeeded
from watching import HEAD, refused

from dbops.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.vm_rig import Rig

REVERSIBLE, ONE_WAY = "20260101_000000000", "20260102_000000000"
SURE = ("--force", "--confirm=vm_prod")
REVISION = '''\
"""Add the notes, {name}."""

from alembic import op

revision = "{name}"
down_revision = "{follows}"


def upgrade() -> None:
    op.execute("CREATE TABLE stg.note_{name} (a int)")


def downgrade() -> None:
    {downgrade}
'''
DROP = f'op.execute("DROP TABLE stg.note_{REVERSIBLE}")'
RAISE = 'raise NotImplementedError("the notes would be lost")'
CORE_API = "docker inspect --format '{{.State.Health.Status}}' vm_prod-core_api-1"
# Six dumps, newer than the one named and older than any that is taken from now on.
CROWD = """\
cd backups
for second in 1 2 3 4 5 6; do
    name=vm_prod_$(date --utc --date="-$((9 - second)) seconds" +%Y%m%dT%H%M%SZ)_x
    cp "$1" $name.dump && cp "${1%.dump}.json" $name.json
done
"""


@pytest.fixture(scope="module")
def fab(rig: Rig) -> Fab:
    """Production at its first commit and head; nothing was ever deployed but that."""
    made = Fab(rig)
    made.enroll("prod")
    made.deploy("prod")
    return made


def rollback(fab: Fab, *words: str):
    return fab("-H", "prod", "rollback", *words)


def rolled_back(fab: Fab, *words: str) -> str:
    done = rollback(fab, *SURE, *words)
    succeeded(done)
    return done.stdout + done.stderr


def push(rig: Rig, name: str, follows: str, downgrade: str) -> str:
    text = REVISION.format(name=name, follows=follows, downgrade=downgrade)
    return rig.commit({f"{VERSIONS}/{name}_add_notes.py": text}, f"Add the notes, {name}")


def newest(fab: Fab) -> dict:
    document = succeeded(fab("-H", "prod", "runs", "--json"))
    return json.loads(document)[0]


def check_at(rig: Rig, revision: str, sha: str) -> None:
    assert (version(rig, "vm_prod"), commit(rig, "vm_prod")) == (revision, sha)
    status = "git status --porcelain && git symbolic-ref --short HEAD"
    assert succeeded(rig.on("vm_prod", status)) == "main"
    assert rig.on("vm_prod", CORE_API).stdout == "healthy\n"


def test_before_the_first_deploy_there_is_nothing_to_go_back_to(rig: Rig, fab: Fab):
    was = held(rig, "vm_prod")
    what = "vm_prod: there is nothing to go back to before deploy "
    said = refused(rollback(fab, *SURE), ExitCode.REFUSED, what)
    assert said.endswith("next:  fab -H prod runs")
    assert held(rig, "vm_prod") == was


@pytest.fixture(scope="module")
def second(rig: Rig, fab: Fab) -> str:
    """Deploy a revision that can be downgraded; return its commit."""
    sha = push(rig, REVERSIBLE, HEAD, DROP)
    fab.deploy("prod")
    return sha


@pytest.fixture
def edited(rig: Rig) -> Iterator[None]:
    rig.on("vm_prod", "echo >>README.md")
    yield
    rig.on("vm_prod", "git checkout --quiet README.md")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--confirm=vm_prod",), f"what {REVERSIBLE} added is lost, with its rows"),
        (("--force",), "a protected environment is changed only with its name typed"),
        (("--force", "--confirm=prod"), "nothing was touched"),
        ((*SURE, "--plan-id=000000000000"), "has changed since"),
    ],
)
def test_production_goes_back_only_when_that_is_meant(
    rig: Rig, fab: Fab, second: str, words: tuple[str, ...], why: str
):
    was = held(rig, "vm_prod")
    refused(rollback(fab, *words), ExitCode.REFUSED, why)
    assert held(rig, "vm_prod") == was
    assert commit(rig, "vm_prod") == second


def test_an_unknown_run_is_refused(rig: Rig, fab: Fab, second: str):
    was = held(rig, "vm_prod")
    refused(rollback(fab, *SURE, "--to=1999"), ExitCode.USAGE, "no runs begin with '1999'")
    assert held(rig, "vm_prod") == was


@pytest.mark.usefixtures("edited", "second")
def test_an_edited_checkout_is_refused(rig: Rig, fab: Fab):
    was = held(rig, "vm_prod")
    said = refused(rollback(fab, *SURE), ExitCode.REFUSED, "the checkout on the host was edited")
    assert "where: README.md\n" in said
    assert held(rig, "vm_prod") == was


def test_the_plan_changes_nothing_and_tells_what_would_be_lost(rig: Rig, fab: Fab, second: str):
    was = held(rig, "vm_prod")
    done = rollback(fab, "--plan")
    succeeded(done)
    assert f"note: without commit {second[:7]} " in done.stderr
    assert f"note: what {REVERSIBLE} added is lost, with its rows" in done.stderr
    assert f"DROP TABLE stg.note_{REVERSIBLE}" in done.stderr
    assert held(rig, "vm_prod") == was


@pytest.mark.usefixtures("second")
def test_a_downgrade_takes_back_what_can_be_also_while_the_application_is_down(rig: Rig, fab: Fab):
    rig.on("vm_prod", "docker stop --time 1 vm_prod-core_api-1")
    said = rolled_back(fab)
    check_at(rig, HEAD, rig.first)
    assert rig.psql("vm_prod", f"SELECT to_regclass('stg.note_{REVERSIBLE}') IS NULL") == "t"
    assert "the next deploy goes forward to origin/main again" in said
    assert "next: fab -H prod lock --message " in said


def test_the_journal_tells_from_where_to_where_and_the_backup_taken_before(rig: Rig, fab: Fab):
    run = newest(fab)
    assert (run["verb"], run["result"]) == ("rollback", "ok")
    assert (run["from"], run["to"], run["to_commit"]) == ([REVERSIBLE], [HEAD], rig.first)
    assert (
        succeeded(rig.on("vm_prod", f"sha256sum <{run['backup']}")).split()[0]
        == (run["backup_sha256"])
    )


def test_a_second_rollback_goes_no_further_and_says_why(rig: Rig, fab: Fab):
    was = held(rig, "vm_prod")
    said = rolled_back(fab)
    assert f"nothing to do: it is at {rig.first[:12]} and {HEAD}, as before deploy " in said
    assert held(rig, "vm_prod") == was


def test_the_next_deploy_goes_forward_again(rig: Rig, fab: Fab, second: str):
    fab.deploy("prod")
    check_at(rig, REVERSIBLE, second)


@pytest.fixture(scope="module")
def third(rig: Rig, fab: Fab) -> str:
    """Deploy a revision without a way back; return the dump that was taken before it."""
    push(rig, ONE_WAY, REVERSIBLE, RAISE)
    fab.deploy("prod")
    rig.psql("vm_prod", f"INSERT INTO stg.note_{REVERSIBLE} VALUES (1)")
    return newest(fab)["backup"]


@pytest.mark.parametrize(
    ("damage", "why"),
    [("rm {0}", "it is missing"), ("echo >>{0}", "its sha256 is another one")],
)
def test_without_the_very_backup_a_restore_is_refused(
    rig: Rig, fab: Fab, third: str, damage: str, why: str
):
    succeeded(rig.on("vm_prod", f"cp {third} /tmp/whole && {damage.format(third)}"))
    was = held(rig, "vm_prod")
    done = rollback(fab, *SURE)
    assert held(rig, "vm_prod") == was
    succeeded(rig.on("vm_prod", f"mv /tmp/whole {third}"))
    said = refused(done, ExitCode.REFUSED, "the backup to go back to cannot be used")
    assert f"where: {third}\nwhy:   {why}, " in said


def test_what_cannot_be_downgraded_is_restored_though_a_newer_backup_pushes_the_dump_out(
    rig: Rig, fab: Fab, second: str, third: str
):
    crowd = rig.on("vm_prod", f"set -- {third}\n{CROWD}")
    succeeded(crowd)
    said = rolled_back(fab)
    check_at(rig, REVERSIBLE, second)
    assert f"note: every row written since {newest_deploy(fab)} is lost" in said
    assert rig.on("vm_prod", f"test -e {third}").returncode == 1
    assert rig.on("vm_prod", "ls .dbops/vm_prod").stdout.split() == [
        "journal.jsonl",
        "lock",
        "runs",
    ]


def newest_deploy(fab: Fab) -> str:
    runs = json.loads(succeeded(fab("-H", "prod", "runs", "--json")))
    return next(each["at"] for each in runs if each["verb"] == "deploy")


def test_rows_written_since_are_in_the_database_that_was_kept_aside(rig: Rig):
    aside = "SELECT datname FROM pg_database WHERE datname LIKE 'sanbou_prod_before_%'"
    kept = rig.psql("vm_prod", aside)
    rig.psql("vm_prod", f"ALTER DATABASE {kept} ALLOW_CONNECTIONS true")  # the swap closed it
    counted = f"SELECT count(*) FROM stg.note_{REVERSIBLE}"
    assert rig.psql("vm_prod", counted) == "0"
    assert rig.psql("vm_prod", counted, database=kept) == "1"
    assert rig.psql("vm_prod", "SHOW dbops.environment") == "vm_prod"


def test_after_a_restore_the_next_deploy_goes_forward_again(rig: Rig, fab: Fab):
    fab.deploy("prod")
    assert version(rig, "vm_prod") == ONE_WAY


def test_a_rollback_killed_while_services_start_is_finished_by_the_next(
    rig: Rig, fab: Fab, second: str
):
    vm = Vm(rig, "vm_prod", "prod")
    process = vm.begin("rollback", *SURE)
    vm.wait_for_step("start the services")
    assert rig.kill_runner("vm_prod")
    assert ended(process)[0] != ExitCode.OK
    vm.wait_for_end()
    said = rolled_back(fab)
    assert "start the services of vm_prod, healthy" in said
    check_at(rig, REVERSIBLE, second)
    assert "nothing to do" in rolled_back(fab)


def test_an_older_run_can_be_gone_back_to(rig: Rig, fab: Fab):
    runs = json.loads(succeeded(fab("-H", "prod", "runs", "--json")))
    older = [each["run"] for each in runs if each["verb"] == "deploy"][-2]
    rolled_back(fab, f"--to={older}")
    check_at(rig, HEAD, rig.first)


def test_a_release_that_does_not_start_is_taken_back(rig: Rig, fab: Fab):
    fab.deploy("prod")
    before = commit(rig, "vm_prod")
    broken = rig.commit({"app/core_api/__main__.py": "raise SystemExit(1)\n"}, "Break it")
    assert fab("-H", "prod", "deploy", "--confirm=vm_prod").returncode == ExitCode.FAILED
    assert commit(rig, "vm_prod") == broken
    rolled_back(fab)
    check_at(rig, ONE_WAY, before)
