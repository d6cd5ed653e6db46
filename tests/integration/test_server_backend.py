"""A server that is there already, reached over TCP with a password that nobody else ever sees."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from conftest import make_project
from watching import HEAD, refused, succeeded

from dbops.errors import ExitCode

MANAGED = ("--env", "managed")
SURE = ("--force", "--confirm", "managed")
SECTION = """\
  managed:
    backend: server
    database: {{name: sanbou_managed}}
    server: {{host: 127.0.0.1, port: {port}, passfile: pass}}
retired:"""
NEXT = "20260101_000000000"
REVISION = f'''\
"""Add a note."""

from alembic import op

revision = "{NEXT}"
down_revision = "{HEAD}"


def upgrade() -> None:
    op.execute("ALTER TABLE ref.tax_rate ADD COLUMN note text")


def downgrade() -> None:
    op.execute("ALTER TABLE ref.tax_rate DROP COLUMN note")
'''
SETTINGS = "server: {{host: 127.0.0.1, port: {}, passfile: pass}}"


@pytest.fixture(scope="module")
def there():
    """A project with a server that asks for a password; local_dev's own, seen from outside."""
    project = make_project()
    project.must("up", "--env", "local_dev")
    port = project.json("ps", "--env", "local_dev")["port"]
    project.edit("environments.yaml", "retired:", SECTION.format(port=port))
    passfile(project, secret(project))
    yield project
    project.remove()


@pytest.fixture
def managed(there):
    """The same, with the right passfile and a database at head."""
    passfile(there, secret(there))
    if there.inv("al-cur", *MANAGED).returncode:
        succeeded(there.inv("db-init-from-snapshot", *MANAGED, *SURE, "--finish"))
    return there


def secret(project):
    return (project.directory / ".dbops/local_dev/password").read_text(encoding="utf-8").strip()


def passfile(project, password, mode=0o600):
    file = project.directory / "pass"
    file.write_text(f"127.0.0.1:*:*:postgres:{password}\n", encoding="utf-8")
    file.chmod(mode)
    return file


def in_managed(project, *statements):
    return project.psql(*statements, database="sanbou_managed")


def test_from_nothing_to_head_only_when_it_is_meant(there):
    told = refused(there.inv("al-up", *MANAGED), ExitCode.REFUSED, "there is no database")
    assert told.endswith("next:  inv db-init-from-snapshot --env managed --force")
    said = succeeded(there.inv("db-init-from-snapshot", *MANAGED, *SURE, "--finish"))
    assert f"at {HEAD}" in said
    assert there.must("al-cur", *MANAGED) == f"{HEAD} (head)\n"
    assert "nothing to do" in succeeded(there.inv("al-up", *MANAGED))
    assert "healthy" in succeeded(there.inv("health", *MANAGED))
    assert in_managed(there, "SHOW dbops.environment") == "managed"
    facts = there.json("ps", *MANAGED)
    assert facts["service"].startswith("127.0.0.1:")
    assert (facts["status"], facts["database"]) == ("running", "sanbou_managed")


def test_an_upgrade_is_rehearsed_on_a_proven_backup_first_and_no_row_is_made_up(managed):
    versions = managed.directory / "migrations_v2" / "alembic" / "versions"
    file = versions / f"{NEXT}_note.py"
    file.write_text(REVISION, encoding="utf-8")
    try:
        plan = managed.inv("al-up", *MANAGED, "--plan")
        assert "back up sanbou_managed, and prove the dump" in plan.stderr
        said = succeeded(managed.inv("al-up", *MANAGED))
        assert "rehearsed on the backup: 1 revision in " in said
        assert managed.must("al-cur", *MANAGED) == f"{NEXT} (head)\n"
        refused(managed.inv("demo-data", *MANAGED), ExitCode.REFUSED, "managed is protected")
        succeeded(managed.inv("al-down", *MANAGED, *SURE))
    finally:
        file.unlink()


def test_a_backup_is_restored_and_only_when_it_is_meant(managed):
    in_managed(managed, "INSERT INTO ref.tax_rate VALUES ('2019-10-01', 0.100)")
    dump = managed.json("backup", *MANAGED)["dump"]
    in_managed(managed, "TRUNCATE ref.tax_rate")
    words = ("restore", *MANAGED, "--dump", dump)
    refused(managed.inv(*words), ExitCode.REFUSED, "managed is protected")
    refused(managed.inv(*words, "--force"), ExitCode.REFUSED, "nobody is here to confirm")
    assert in_managed(managed, "SELECT count(*) FROM ref.tax_rate") == "0"
    succeeded(managed.inv(*words, *SURE))
    assert in_managed(managed, "SELECT count(*) FROM ref.tax_rate") == "1"
    succeeded(managed.inv("restore-forget", *MANAGED, *SURE))


def test_the_server_is_not_ours_to_stop(managed):
    for verb in ("down", "restart"):
        refused(managed.inv(verb, *MANAGED), ExitCode.REFUSED, "not this tool's to manage")
    assert managed.json("ps", "--env", "local_dev")["status"] == "running"
    assert "accepts connections" in succeeded(managed.inv("up", *MANAGED))


def test_removing_the_volume_drops_the_database_alone(managed):
    refused(managed.inv("db-reset-volume", *MANAGED), ExitCode.REFUSED, "managed is protected")
    succeeded(managed.inv("db-reset-volume", *MANAGED, *SURE))
    told = refused(managed.inv("al-cur", *MANAGED), ExitCode.UNREACHABLE, "no database")
    assert told.endswith("next:  inv up --env managed")
    assert managed.json("ps", "--env", "local_dev")["status"] == "running"


def test_a_wrong_password_is_told_and_nothing_hangs(managed):
    passfile(managed, "wrong")
    for verb in ("al-cur", "al-up", "backup"):
        told = refused(managed.inv(verb, *MANAGED), ExitCode.UNREACHABLE, "does not answer")
        assert 'password authentication failed for user "postgres"' in told


@pytest.mark.parametrize("verb", ["al-cur", "backup"])
def test_a_passfile_that_libpq_would_ignore_is_refused(managed, verb):
    file = passfile(managed, secret(managed), mode=0o644)
    told = refused(managed.inv(verb, *MANAGED), ExitCode.USAGE, "others may read it")
    assert told.endswith(f"next:  chmod 600 {file}")
    file.unlink()
    refused(managed.inv(verb, *MANAGED), ExitCode.USAGE, "it does not exist")


def test_a_server_that_is_down_is_told(managed):
    managed.must("down", "--env", "local_dev")
    try:
        for verb in ("al-cur", "up", "backup"):
            told = refused(managed.inv(verb, *MANAGED), ExitCode.UNREACHABLE, "not accept")
            assert "nothing answers at this address" in told
    finally:
        managed.must("up", "--env", "local_dev")
    assert succeeded(managed.inv("health", *MANAGED))


def test_a_variable_of_the_shell_chooses_no_server(managed):
    for name in ("PGHOST", "PGSERVICE", "DATABASE_URL", "PGDATABASE"):
        done = managed.inv("al-up", *MANAGED, **{name: "elsewhere"})
        told = refused(done, ExitCode.REFUSED, "names another target")
        assert f"next:  unset {name}" in told


def test_the_password_is_in_no_output_argument_or_file(managed):
    password, seen, stop = secret(managed), set(), threading.Event()
    watcher = threading.Thread(target=_watch, args=(password.encode(), seen, stop))
    watcher.start()
    try:
        said = succeeded(managed.inv("db-init-from-snapshot", *MANAGED, *SURE, "--finish"))
        dump = managed.json("backup", *MANAGED)["dump"]
        said += succeeded(managed.inv("restore", *MANAGED, *SURE, "--dump", dump))
        said += managed.must("restore", *MANAGED, "--dump", dump, "--plan")
        said += managed.must("config", *MANAGED) + managed.must("ps", *MANAGED)
    finally:
        stop.set()
        watcher.join()
    assert "watched" in seen
    assert seen == {"watched"}
    assert password not in said
    for folder in (managed.directory / ".dbops/managed", managed.directory / "backups"):
        for file in (each for each in folder.rglob("*") if each.is_file()):
            assert password.encode() not in file.read_bytes(), file
    assert password not in managed.must("logs", "--env", "local_dev", "--lines", "9999")


def _watch(password, seen, stop):
    """Look at the arguments of every process, again and again."""
    while not stop.is_set():
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = file.read_bytes()
            except OSError:  # it has just ended
                continue
            if password in words:
                seen.add(words)
            if b"sanbou_managed" in words:
                seen.add("watched")
