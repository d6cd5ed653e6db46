"""A protected compose environment survives every destructive command that is not meant for it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from rig.engine import docker
from terminal import rest, terminal
from watching import BASELINE, HEAD, files, refused, succeeded

from dbops.errors import ExitCode

PROD = ("--env", "vm_prod")
SURE = ("--force", "--confirm", "vm_prod")
NO_STATE = r"\.dbops/(cache/|vm_prod/(journal|lock))"
DESTRUCTIVE = {
    "db-apply-snapshot": "db-apply-snapshot-v2-env",
    "db-init-from-snapshot": "db-init-from-snapshot-v2-env",
    "db-init-from-snapshot --finish": None,
    "db-reset-volume": "db-reset-volume-v2-env",
    "restore --dump {dump}": "restore-from-dump DUMP={dump}",
    "restore --sql {sql}": "restore-from-sql SQL={sql}",
    "restore-forget": None,
    "al-down": "al-down-env",
    f"al-stamp --rev {BASELINE}": f"al-stamp-v2-env REV={BASELINE}",
    "al-adopt": None,
}
# The snapshot is loaded and the head is reached: these have nothing left to do, forced or not.
NOTHING_TO_DO = {"db-apply-snapshot", "al-adopt"}


@pytest.fixture(scope="module")
def prod(compose_project):
    """A project whose vm_prod is at head, holds a row, a backup, and what a restore kept aside."""
    project = compose_project
    project.must("db-init-from-snapshot", *PROD, "--finish", *SURE)
    project.ask("vm_prod", "INSERT INTO ref.tax_rate VALUES ('2019-10-01', 0.100)")
    dump = project.json("backup", *PROD)["dump"]
    project.must("restore", *PROD, "--dump", dump, *SURE)
    plain = project.in_database("vm_prod", "pg_dump", "--username=postgres", "sanbou_prod")
    (project.directory / "whole.sql").write_text(plain.stdout, encoding="utf-8")
    return project


def spelled(project, command):
    """Return COMMAND with the files it names."""
    dump = max((project.directory / "backups").glob("vm_prod_*.dump"))
    return command.format(dump=dump, sql=project.directory / "whole.sql")


def checksum(project):
    """Return the database as a hash, the volumes, the containers and every file."""
    dump = ["pg_dump", "--username=postgres", "--restrict-key=same", "sanbou_prod"]
    text = project.in_database("vm_prod", *dump)
    assert text.returncode == 0, text.stderr
    listed = "SELECT oid, datname, datallowconn, datacl FROM pg_database ORDER BY oid"
    volumes = docker("volume", "ls", f"--filter=name={project.key}", "--format=json").stdout
    return {
        "rows": hashlib.sha256(text.stdout.encode()).hexdigest(),
        "databases": project.ask("vm_prod", listed),
        "volumes": sorted(json.loads(line)["Name"] for line in volumes.splitlines()),
        "containers": docker("ps", "--no-trunc", f"--filter=name={project.key}", "-q").stdout,
        "files": files(project, leave_out=NO_STATE),
    }


@pytest.fixture
def untouched(prod):
    before = checksum(prod)
    yield prod
    assert checksum(prod) == before


@pytest.mark.parametrize("command", DESTRUCTIVE)
def test_typed_without_meaning_it(untouched, command):
    words = (*spelled(untouched, command).split(), *PROD)
    for more in ((), ("--force",), ("--force", "--confirm", "vm_stg"), ("--confirm", "vm_prod")):
        done = untouched.inv(*words, *more)
        if command in NOTHING_TO_DO:
            assert "nothing to do" in succeeded(done)
        else:
            refused(done, ExitCode.REFUSED, "vm_prod")
    assert untouched.inv(*words, "--force", "--yes").returncode == ExitCode.USAGE


@pytest.mark.parametrize("command", [key for key, value in DESTRUCTIVE.items() if value])
def test_made_without_meaning_it(untouched, command):
    target = spelled(untouched, DESTRUCTIVE[command]).split()
    for more in ([], ["FORCE=1"], ["FORCE=1", "CONFIRM=vm_stg"]):
        done = untouched.make(*target, "ENV=vm_prod", *more)
        said = "nothing to do" if command in NOTHING_TO_DO else "Error 3"
        assert said in done.stderr, done.stderr


def test_a_shell_that_exports_force_permits_nothing(untouched):
    shell = {"FORCE": "1", "CONFIRM": "vm_prod"}
    done = untouched.make("db-reset-volume", "ENV=vm_prod", **shell)
    assert "vm_prod is protected" in done.stderr


def test_rows_for_show_are_never_loaded(untouched):
    refused(untouched.inv("demo-data", *PROD), ExitCode.REFUSED, "vm_prod is protected")


@pytest.mark.parametrize("typed", ["vm_stg", "", "yes"])
def test_a_wrong_name_on_a_terminal(untouched, typed):
    code, shown = on_a_terminal(untouched, ("db-reset-volume",), typed)
    assert code == ExitCode.REFUSED, shown
    assert f"vm_prod: {typed!r} is not the environment's name" in shown


def on_a_terminal(project, words, typed):
    variables = {**project.variables(), "TERM": "dumb", "NO_COLOR": "1"}
    command = project.command(*words, *PROD, "--force")
    with terminal(command, variables, project.directory) as child:
        child.expect_exact("Type vm_prod to go on: ")
        child.sendline(typed)
        return rest(child)


def test_a_stopped_one_is_as_protected(prod):
    before = checksum(prod)
    prod.must("down", *PROD)
    for command in ("db-reset-volume", "db-init-from-snapshot --finish"):
        told = refused(prod.inv(*command.split(), *PROD), ExitCode.REFUSED, "is protected")
        assert "every row of vm_prod is removed" in told
    prod.must("up", *PROD)
    after = checksum(prod)
    assert {**after, "containers": "", "files": ""} == {**before, "containers": "", "files": ""}


def test_a_closed_one_is_restored_once_it_is_meant_and_its_name_typed_in_full_width(prod):
    before = checksum(prod)["rows"]
    prod.ask("vm_prod", "TRUNCATE ref.tax_rate")
    close = "ALTER DATABASE sanbou_prod WITH ALLOW_CONNECTIONS false"
    prod.ask("vm_prod", close, database="postgres")
    words = tuple(spelled(prod, "restore --dump {dump}").split())
    refused(prod.inv(*words, *PROD), ExitCode.REFUSED, "vm_prod is protected")
    assert prod.ask("vm_prod", CLOSED, database="postgres") == "f"
    code, shown = on_a_terminal(prod, words, "ｖｍ＿ｐｒｏｄ")  # noqa: RUF001  as an IME types it
    assert code == ExitCode.OK, shown
    assert checksum(prod)["rows"] == before
    assert prod.json("al-cur", *PROD)["current"] == [HEAD]


CLOSED = "SELECT datallowconn FROM pg_database WHERE datname = 'sanbou_prod'"


def test_a_database_that_says_it_is_another_is_never_touched(prod):
    prod.ask("vm_prod", "ALTER DATABASE sanbou_prod SET dbops.environment = 'vm_stg'")
    try:
        for command in (*DESTRUCTIVE, "al-up", "backup", "mv-refresh", "db-bootstrap-roles"):
            words = spelled(prod, command).split()
            done = prod.inv(*words, *PROD, *(SURE if command in DESTRUCTIVE else ()))
            refused(done, ExitCode.REFUSED, "the database says that it is vm_stg")
    finally:
        prod.ask("vm_prod", "ALTER DATABASE sanbou_prod SET dbops.environment = 'vm_prod'")


def test_an_environment_with_a_host_acts_on_that_host_alone(prod):
    stg = "  vm_stg:\n    aliases: [stg]\n"
    host = f"{stg}    host: {{address: stg.example.com, directory: /srv/sanbou_app}}\n"
    prod.edit("environments.yaml", stg, host)
    marker = Path(prod.directory / ".dbops" / "environment")
    try:
        for verb in ("up", "ps", "al-up", "db-reset-volume", "backup", "logs"):
            done = prod.inv(verb, "--env", "vm_stg")
            told = refused(done, ExitCode.REFUSED, "vm_stg lives on stg.example.com")
            assert told.endswith(
                f"next:  fab -H stg {verb}; on that host itself, once, inv enroll --env vm_stg"
            )
        assert not marker.exists()
        succeeded(prod.inv("enroll", "--env", "vm_stg"))
        assert prod.json("ps", "--env", "vm_stg")["status"] == "absent"
        assert "nothing to do" in succeeded(prod.inv("enroll", "--env", "vm_stg"))
        marker.write_text("vm_prod\n", encoding="utf-8")
        refused(prod.inv("ps", "--env", "vm_stg"), ExitCode.REFUSED, "vm_stg lives on")
        refused(prod.inv("enroll", "--env", "vm_stg"), ExitCode.REFUSED, "says that it is vm_prod")
    finally:
        marker.unlink(missing_ok=True)
        prod.edit("environments.yaml", host, stg)
